// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	realm = "keyhold camera"
	// tokenTime is how far the time of a message may be from the camera's, and how long a challenge of its holds.
	tokenTime = 5 * time.Minute
)

// door asks for the camera's user and password, in the two ways that ONVIF has.
type door struct {
	user, pass string
	now        func() time.Time
	key        []byte // challenges are known again by it
}

func newDoor(user, pass string, now func() time.Time) *door {
	return &door{user: user, pass: pass, now: now, key: []byte(rand.Text())}
}

// token is WS-Security's, with a digest of the password.
type token struct {
	Username string
	Password string
	Nonce    string
	Created  string
}

// lets says whether a call comes with user and password.
func (d *door) lets(r *http.Request, t *token) bool {
	if d.user == "" {
		return true
	}
	if t != nil {
		return d.right(*t)
	}
	return d.digest(r)
}

func (d *door) right(t token) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(t.Nonce))
	if err != nil {
		return false
	}
	created, err := time.Parse(time.RFC3339, strings.TrimSpace(t.Created))
	if err != nil || created.Sub(d.now()).Abs() > tokenTime {
		return false
	}
	sum := sha1.Sum([]byte(string(nonce) + strings.TrimSpace(t.Created) + d.pass)) // by the standard
	return strings.TrimSpace(t.Username) == d.user && same(base64.StdEncoding.EncodeToString(sum[:]), strings.TrimSpace(t.Password))
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// ask challenges for a digest over HTTP.
func (d *door) ask(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Digest realm="`+realm+`", qop="auth", algorithm=MD5, nonce="`+d.nonce(d.now())+`"`)
}

func (d *door) nonce(at time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	h := hmac.New(sha256.New, d.key)
	_, _ = h.Write(b) // a hash takes everything
	return hex.EncodeToString(b) + hex.EncodeToString(h.Sum(nil)[:16])
}

// ours says whether a challenge is of this camera and not too old.
func (d *door) ours(nonce string) bool {
	b, err := hex.DecodeString(nonce[:min(len(nonce), 16)])
	if err != nil || len(b) != 8 {
		return false
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
	return same(nonce, d.nonce(at)) && d.now().Sub(at).Abs() <= tokenTime
}

var parameter = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^\s,"]*))`)

func (d *door) digest(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	if !ok {
		return false
	}
	f := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(rest, 16) {
		f[m[1]] = m[2] + m[3]
	}
	if f["username"] != d.user || f["realm"] != realm || f["uri"] != r.URL.RequestURI() || f["qop"] != "auth" || !d.ours(f["nonce"]) {
		return false
	}
	sum := func(parts ...string) string {
		s := md5.Sum([]byte(strings.Join(parts, ":"))) // by the standard
		return hex.EncodeToString(s[:])
	}
	want := sum(sum(d.user, realm, d.pass), f["nonce"], f["nc"], f["cnonce"], "auth", sum(r.Method, f["uri"]))
	return same(want, f["response"])
}
