// SPDX-License-Identifier: Apache-2.0

package pairing_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/pairing"
)

func FuzzParseCode(f *testing.F) {
	f.Add(pairing.Code{Fingerprint: make([]byte, 16), Secret: make([]byte, 16)}.String())
	f.Fuzz(func(t *testing.T, in string) {
		c, err := pairing.ParseCode(in)
		if err != nil {
			return
		}
		again, err := pairing.ParseCode(c.String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q does not read back", c)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add("https://cloud.example/join#e30")
	f.Fuzz(func(t *testing.T, in string) {
		origin, inv, err := pairing.ParseLink(in)
		if err != nil {
			return
		}
		link, err := inv.Link(origin)
		if err != nil {
			t.Fatal(err)
		}
		if _, again, err := pairing.ParseLink(link); err != nil || again.Household != inv.Household {
			t.Fatalf("%q does not read back: %v", link, err)
		}
	})
}

func FuzzOffer(f *testing.F) {
	f.Add([]byte(`{"cameras":[],"from":"Anna","history":true,"kind":"device","name":"","rights":[],"role":"","roster":["AA=="],"slow":false}`))
	f.Add([]byte(`{"cameras":[],"from":"Anna","history":false,"kind":"person","name":"Sam","rights":[{"actions":["live"],"cameras":[],"hours":[],"since":1,"until":2,"zone":""}],"role":"guest","roster":["AA=="],"slow":true}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var o pairing.Welcome
		if canon.Unmarshal(in, &o) != nil {
			return
		}
		again, err := canon.Marshal(o)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if o.Kind == pairing.ForPerson && !o.Role.Fits(o.Rights) {
			t.Fatalf("%s offers rights that no link can carry", in)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"hmac":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","link":"AA==","name":"Phone","person_name":"Sam"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var a pairing.Answer
		if canon.Unmarshal(in, &a) == nil && (len(a.HMAC) != 32 || len(a.Link) == 0) {
			t.Fatalf("%s passes", in)
		}
	})
}

func FuzzTakeover(f *testing.F) {
	f.Add([]byte(`{"cameras":[{"id":"cam_aaaaaaaaaaaaaaaaaaaaaaaaaa","name":"Garden","state":"on"}],"devices":[{"id":"pas_aaaaaaaaaaaaaaaaaaaaaaaaaa","name":"Passkey"}],"hmac":"AA==","link":"AA==","persons":[{"id":"per_aaaaaaaaaaaaaaaaaaaaaaaaaa","name":"Anna"}],"roster":["AA=="],"sheet":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","to":"sheet","zone":"Europe/Berlin"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var m pairing.Takeover
		if canon.Unmarshal(in, &m) != nil {
			return
		}
		again, err := canon.Marshal(m)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if !m.To.ValidReader() {
			t.Fatalf("%s is answered to nobody", in)
		}
	})
}

func FuzzTaken(f *testing.F) {
	f.Add([]byte(`{"error":"","link":"AA=="}`))
	f.Add([]byte(`{"error":"stale","link":""}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var a pairing.Taken
		if canon.Unmarshal(in, &a) != nil {
			return
		}
		again, err := canon.Marshal(a)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
	})
}

func TestSixWordsStandForTheLink(t *testing.T) {
	a, b := pairing.Words([]byte("one link")), pairing.Words([]byte("another"))
	if a == b || a != pairing.Words([]byte("one link")) {
		t.Errorf("%v, %v", a, b)
	}
	for _, w := range a {
		if w == "" {
			t.Errorf("%v", a)
		}
	}
}
