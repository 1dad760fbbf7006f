// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/statement/canon"
)

// FuzzProposal reads what a stranger may have sealed to the hub before it belongs to anybody. Whatever
// is read is written again to the same bytes, and no stranger's proposal passes.
func FuzzProposal(f *testing.F) {
	keys, err := household.OpenKeys(f.TempDir(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	code, err := Code(f.TempDir(), keys, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	p := &Pairing{Keys: keys, Now: time.Now}
	f.Add([]byte(`{"device_name":"d","genesis":"","hmac":"","person_name":"p","zone":"Europe/Berlin"}`))
	f.Add([]byte(`{"device_name":"d","genesis":"e30=","hmac":"AA==","person_name":"p","zone":""}`))
	f.Add([]byte(`{"zone":"../../etc/passwd"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m proposal
		if canon.UnmarshalMax(b, &m, api.MaxMail) != nil {
			return
		}
		again, err := canon.Marshal(&m)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is written again as %q (%v)", b, again, err)
		}
		if _, _, err := p.check(code, &m); err == nil {
			t.Fatal("a proposal that was made without the code passes")
		}
	})
}

// FuzzTakeover reads what a stranger may have sealed to a new hub in the name of a household: parts in its box, and the
// message that they make. A stranger is not answered, and nobody is asked about what they say.
func FuzzTakeover(f *testing.F) {
	keys, err := household.OpenKeys(f.TempDir(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	code, err := Code(f.TempDir(), keys, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	// No cloud and no database: a message that is believed would need them.
	p := &Pairing{Keys: keys, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	f.Add([]byte(`{"cameras":[],"devices":[],"hmac":"AA==","link":"","persons":[],"roster":[],"sheet":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","to":"sheet","zone":""}`))
	f.Add([]byte{0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if done, err := p.takeOver(t.Context(), code, "", b); done || err != nil {
			t.Fatalf("a message that was made without the code passes (%v)", err)
		}
		g := p.arriving("box")
		if g.Add(b) {
			t.Fatal("a part that was not sealed to the hub is taken")
		}
	})
}
