// SPDX-License-Identifier: Apache-2.0

package loudspeaker

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"keyhold/home/digest"
	"keyhold/home/gate"
	"keyhold/home/ingest"
	"keyhold/statement/rule"
)

const (
	// endless is how long what is said is said to be, as in the documents of all makers: nobody talks for so long.
	endless = "9999999"
	// mostHead and mostAnswer bound what a camera answers, in bytes.
	mostHead   = 16 << 10
	mostAnswer = 64 << 10
)

// poster begins a POST to a camera. It writes the request itself: a client of a library gathers what is said until it has
// enough for a packet, and this has to leave at once.
type poster struct {
	c  Config
	at *url.URL
}

// alaw says whether the camera wants A-law: those are known by their path.
func (p *poster) alaw() bool {
	return strings.HasSuffix(p.at.Path, "/audio.cgi") && strings.EqualFold(p.at.Query().Get("action"), "postAudio")
}

// open begins to post, with what the camera wants to be shown before it believes who comes. said waits for the camera's
// answer, and says why nobody can be heard any more.
func (p *poster) open(ctx context.Context) (conn net.Conn, said func() error, err error) {
	authorization := ""
	if p.at.User != nil {
		if authorization, err = p.authorization(ctx); err != nil {
			return nil, nil, err
		}
	}
	conn, err = p.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := p.request(endless)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	_, err = conn.Write(head(r))
	if !stop() || err != nil {
		_ = conn.Close()
		return nil, nil, ErrAway
	}
	return conn, func() error {
		resp, err := answer(conn, r)
		if err != nil {
			return ErrAway
		}
		if err := refusal(resp); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostAnswer)) // some say OK and go on hearing
		_ = resp.Body.Close()
		return ErrAway
	}, nil
}

// authorization asks the camera, by a POST of nothing, what it wants to be shown; "" for nothing.
func (p *poster) authorization(ctx context.Context) (string, error) {
	conn, err := p.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	r := p.request("0")
	if _, err := conn.Write(head(r)); err != nil {
		return "", ErrAway
	}
	resp, err := answer(conn, r)
	if err != nil {
		return "", ErrAway
	}
	defer resp.Body.Close()
	user := p.at.User.Username()
	pass, _ := p.at.User.Password()
	lines := resp.Header.Values("WWW-Authenticate")
	switch asked := digest.Read(lines); {
	case resp.StatusCode/100 == 3:
		return p.elsewhere(ctx, resp)
	case resp.StatusCode != http.StatusUnauthorized:
		return "", nil
	case asked != nil:
		if err := asked.Authorize(r, user, pass); err != nil {
			return "", ErrPassword
		}
		return r.Header.Get("Authorization"), nil
	case basic(lines):
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass)), nil
	}
	return "", ErrPassword
}

// elsewhere refuses to follow a camera: what it was given would go to whoever it names.
func (p *poster) elsewhere(ctx context.Context, resp *http.Response) (string, error) {
	if to, err := resp.Location(); rule.Off(rule.Elsewhere) && err == nil {
		to.User = p.at.User
		p.at = to
		return p.authorization(ctx)
	}
	return "", sentAway()
}

func sentAway() error {
	return rule.Errorf(rule.Elsewhere, "loudspeaker: the camera wants to send us elsewhere")
}

// basic says whether a camera takes the password as it is.
func basic(lines []string) bool {
	for _, line := range lines {
		if scheme, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.EqualFold(scheme, "Basic") {
			return true
		}
	}
	return false
}

// dial connects to the camera alone, whatever its name means at that moment.
func (p *poster) dial(ctx context.Context) (net.Conn, error) {
	sealed := p.at.Scheme == "https"
	d := gate.Dialer(func(to netip.AddrPort) error {
		if p.c.Door != nil && p.c.Door(to, p.at.Path) && !rule.Off(rule.Gesture) {
			return rule.Errorf(rule.Gesture, "loudspeaker: a door is opened there")
		}
		return p.c.allowed(to, sealed)
	})
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(p.at.Hostname(), cmp.Or(p.at.Port(), ingest.Port(p.at.Scheme))))
	if err != nil {
		return nil, away(err)
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(onTheWay)
	}
	if !sealed {
		return conn, nil
	}
	cfg := ingest.Vouch{Host: p.at.Hostname(), Certificate: p.c.Certificate, Meet: p.c.Meet, Now: p.c.Now}.TLS()
	cfg.ServerName = p.at.Hostname()
	t := tls.Client(conn, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		if errors.Is(err, ingest.ErrStranger) {
			return nil, ErrStranger
		}
		return nil, ErrAway
	}
	return t, nil
}

// under is the connection that TLS is spoken by.
func under(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c
}

func (p *poster) request(length string) *http.Request {
	kind := "audio/basic"
	if p.alaw() {
		kind = "Audio/G.711A"
	}
	at := *p.at
	at.User = nil
	return &http.Request{Method: http.MethodPost, URL: &at, Host: at.Host, Header: http.Header{
		"Content-Type": {kind}, "Content-Length": {length}, "Connection": {"keep-alive"}, "Cache-Control": {"no-cache"}, "User-Agent": {"keyhold"},
	}}
}

// head is how a request begins on the wire.
func head(r *http.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\n", r.URL.RequestURI(), r.URL.Host)
	_ = r.Header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// answer reads what a camera answers, up to its body; what it says before it decides is passed over.
func answer(conn net.Conn, r *http.Request) (*http.Response, error) {
	from := bufio.NewReader(io.LimitReader(conn, mostHead+mostAnswer))
	for {
		resp, err := http.ReadResponse(from, r)
		if err != nil || resp.StatusCode/100 != 1 {
			return resp, err
		}
	}
}

// refusal says what an answer means that is none of yes.
func refusal(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return sentAway()
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return ErrPassword
	case code == http.StatusServiceUnavailable, code == http.StatusConflict, code == http.StatusLocked, code == http.StatusTooManyRequests:
		return ingest.ErrSpeakerTaken
	}
	return ingest.ErrNoSpeaker
}
