// SPDX-License-Identifier: Apache-2.0

// Package digest answers what a camera asks over HTTP before it believes who comes (RFC 7616). The answer holds no
// password; Basic, which would hand it over, is not answered here. What the camera says is bounded and never leaves the
// header that it stands in.
package digest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strings"
)

// ErrUser says that no camera has such a user: the name would not fit into the header.
var ErrUser = errors.New("digest: a user name that no camera has")

// A Challenge is what a camera wants a digest made of. It is of one goroutine at a time.
type Challenge struct {
	realm, nonce, opaque, algorithm string
	quality                         bool // qop=auth
	count                           int
}

// maxChallenge bounds one header line.
const maxChallenge = 2048

// Read finds the strongest digest that a camera asks for; nil if there is none.
func Read(lines []string) *Challenge {
	var best *Challenge
	for _, line := range lines {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if len(line) > maxChallenge || !strings.EqualFold(scheme, "Digest") {
			continue
		}
		fields := parameters(rest)
		c := &Challenge{realm: fields["realm"], nonce: fields["nonce"], opaque: fields["opaque"], algorithm: strings.ToUpper(fields["algorithm"])}
		if c.algorithm == "" {
			c.algorithm = "MD5"
		}
		if qop := fields["qop"]; qop != "" {
			c.quality = slices.ContainsFunc(strings.Split(qop, ","), func(s string) bool { return strings.TrimSpace(s) == "auth" })
			if !c.quality {
				continue
			}
		}
		if c.nonce == "" || (c.algorithm != "MD5" && c.algorithm != "SHA-256") {
			continue
		}
		if best == nil || c.algorithm == "SHA-256" {
			best = c
		}
	}
	return best
}

// parameters reads `name="value", name=value`. What has no such form ends it.
func parameters(s string) map[string]string {
	out := map[string]string{}
	for len(out) < 16 {
		s = strings.TrimLeft(s, " \t,")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		var value string
		if quoted, is := strings.CutPrefix(rest, `"`); is {
			if value, s, ok = strings.Cut(quoted, `"`); !ok {
				break
			}
		} else {
			value, s, _ = strings.Cut(rest, ",")
			value = strings.TrimSpace(value)
		}
		// What could not stand in a quoted text of ours is left out.
		if !strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' || r == '"' }) {
			out[strings.ToLower(strings.TrimSpace(name))] = value
		}
	}
	return out
}

// Authorize answers the challenge for one request.
func (c *Challenge) Authorize(r *http.Request, user, pass string) error {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return fmt.Errorf("digest: random: %w", err)
	}
	if strings.ContainsAny(user, "\"\\\r\n") {
		return ErrUser
	}
	newHash := md5.New
	if c.algorithm == "SHA-256" {
		newHash = sha256.New
	}
	sum := func(s string) string { return hashed(newHash(), s) }
	uri := r.URL.RequestURI()
	first := sum(user + ":" + c.realm + ":" + pass)
	second := sum(r.Method + ":" + uri)
	head := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s`, user, c.realm, c.nonce, uri, c.algorithm)
	if c.quality {
		c.count++
		count, own := fmt.Sprintf("%08x", c.count), hex.EncodeToString(random[:])
		head += fmt.Sprintf(`, qop=auth, nc=%s, cnonce="%s", response="%s"`, count, own, sum(first+":"+c.nonce+":"+count+":"+own+":auth:"+second))
	} else {
		head += fmt.Sprintf(`, response="%s"`, sum(first+":"+c.nonce+":"+second))
	}
	if c.opaque != "" {
		head += fmt.Sprintf(`, opaque="%s"`, c.opaque)
	}
	r.Header.Set("Authorization", head)
	return nil
}

func hashed(h hash.Hash, s string) string {
	_, _ = h.Write([]byte(s)) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}
