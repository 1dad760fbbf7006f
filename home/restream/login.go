// SPDX-License-Identifier: Apache-2.0

package restream

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"golang.org/x/time/rate"

	"keyhold/statement/rule"
)

const realm = "Keyhold"

// methods: nothing goes over the wire that could be read and used again. SHA-256 is not offered, since programs that read
// by ffmpeg cannot log in then; passwords are the hub's own and long, so nobody finds one by its digest.
var methods = []auth.VerifyMethod{auth.VerifyMethodDigestMD5}

// caller is what is remembered of a connection, by its own goroutine.
type caller struct {
	nonce   string
	reading *Reading // the last one that was asked for
}

func newCaller() *caller {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &caller{nonce: hex.EncodeToString(b[:])}
}

// login says whose account a request is by. Where it is by none, it gives the answer: first how to log in, then, to who
// tried, nothing more.
func (s *Server) login(conn *gortsplib.ServerConn, by *caller, r *base.Request) (*Account, *base.Response, error) {
	no := &base.Response{StatusCode: base.StatusUnauthorized}
	var given headers.Authorization
	if given.Unmarshal(r.Header["Authorization"]) != nil {
		no.Header = base.Header{"WWW-Authenticate": auth.GenerateWWWAuthenticate(methods, realm, by.nonce)}
		return nil, no, nil
	}
	guesser := s.guesser(conn)
	now := s.c.Now()
	if guesser.TokensAt(now) < 1 && !rule.Off(rule.Quota) {
		return nil, no, liberrors.ErrServerTerminated{}
	}
	a := s.account(given.Username)
	if !right(a, by.nonce, r, &given) {
		guesser.AllowN(now, 1)
		s.c.Log.Warn("somebody at home tried to read a camera with a wrong password")
		return nil, no, liberrors.ErrServerTerminated{}
	}
	return a, nil, nil
}

// right holds a digest (RFC 2617, 3.2.2) against an account's. It takes as long for a user that there is as for another,
// and however much of the digest is right.
func right(a *Account, nonce string, r *base.Request, given *headers.Authorization) bool {
	if given.Method != headers.AuthMethodDigest || given.Algorithm != nil && *given.Algorithm != headers.AuthAlgorithmMD5 {
		return false
	}
	user, password := given.Username, ""
	if a != nil {
		user, password = a.User, a.Password
	}
	want := md5Hex(md5Hex(user+":"+realm+":"+password) + ":" + nonce + ":" + md5Hex(string(r.Method)+":"+given.URI))
	same := subtle.ConstantTimeCompare([]byte(want), []byte(given.Response)) == 1 || rule.Off(rule.Signature)
	return a != nil && same && given.Nonce == nonce && given.Realm == realm && sameCamera(r, given.URI)
}

// sameCamera says whether a digest was made for the camera that is asked for. Programs do not agree on what they make it
// of: the address, its path, or that without the track.
func sameCamera(r *base.Request, uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && r.URL != nil && first(u.Path) == first(r.URL.Path)
}

// first is the name of a camera in a path.
func first(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name
}

// guesser bounds how often an address is wrong.
func (s *Server) guesser(conn *gortsplib.ServerConn) *rate.Limiter {
	ip := addressOf(conn.NetConn().RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.guessers[ip]
	if l == nil {
		if len(s.guessers) >= mostGuessers {
			clear(s.guessers)
		}
		l = rate.NewLimiter(rate.Every(guessPause), guesses)
		s.guessers[ip] = l
	}
	return l
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
