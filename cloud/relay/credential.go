// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // relays of others know this form alone
	"encoding/base64"
	"strconv"
	"time"

	"keyhold/statement/id"
)

// A Credential lets somebody use a relay for some minutes.
type Credential struct {
	Name, Password string
	Until          time.Time
}

// NewCredential makes one in the form that relays share which know the secret ("REST API for access to TURN services",
// draft-uberti-behave-turn-rest-00). The id in the name is made for this one alone: the log of one relay does not fit to
// that of another, nor to anything that the cloud knows.
func NewCredential(secret []byte, now time.Time) Credential {
	until := now.Add(Lifetime).Truncate(time.Second)
	var once [16]byte
	_, _ = rand.Read(once[:]) // never fails
	c := Credential{Name: strconv.FormatInt(until.Unix(), 10) + ":" + id.Base32(once[:]), Until: until}
	m := hmac.New(sha1.New, secret)
	m.Write([]byte(c.Name))
	c.Password = base64.StdEncoding.EncodeToString(m.Sum(nil))
	return c
}
