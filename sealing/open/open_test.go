// SPDX-License-Identifier: Apache-2.0

package open_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"

	"keyhold/sealing/keys"
	"keyhold/sealing/open"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const household = id.Household("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

func pair(t *testing.T) keys.Pair {
	t.Helper()
	s, err := keys.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Pair()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachReaderOpensWhatWasSealedToTheEpochAndNobodyElse(t *testing.T) {
	phone, laptop, stranger := pair(t), pair(t), pair(t)
	camera, _ := id.NewCamera(rand.Reader)
	phoneID, _ := id.NewDevice(rand.Reader)
	laptopID, _ := id.NewDevice(rand.Reader)
	epoch, err := to.NewEpoch(household, camera, id.Hash{1}, []to.Reader{{Device: phoneID, Key: phone.ReaderPublic()}, {Device: laptopID, Key: laptop.ReaderPublic()}})
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := epoch.Recipient.Seal(&sealed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("a picture")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i, p := range []keys.Pair{phone, laptop} {
		identity, err := open.Row(p.Reading, household, epoch.Rows[i])
		if err != nil {
			t.Fatal(err)
		}
		if identity.RecipientHash() != epoch.Recipient.Hash() {
			t.Fatal("another epoch's identity")
		}
		r, err := identity.Open(bytes.NewReader(sealed.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(r); err != nil || string(plain) != "a picture" {
			t.Fatalf("%q, %v", plain, err)
		}
	}
	for name, try := range map[string]func() error{
		"a stranger":      func() error { _, err := open.Row(stranger.Reading, household, epoch.Rows[0]); return err },
		"the other's row": func() error { _, err := open.Row(phone.Reading, household, epoch.Rows[1]); return err },
		"another household's": func() error {
			_, err := open.Row(phone.Reading, id.Household(id.HashOf().String()), epoch.Rows[0])
			return err
		},
	} {
		if err := try(); rule.Of(err) != rule.Envelope {
			t.Errorf("%s: %v", name, err)
		}
	}
}
