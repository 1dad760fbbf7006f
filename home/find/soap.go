// SPDX-License-Identifier: Apache-2.0

package find

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"keyhold/home/digest"
	"keyhold/statement/rule"
)

const (
	// maxAnswer bounds an answer to a call, maxDepth how deep its elements lie in each other.
	maxAnswer = 256 << 10
	maxDepth  = 32
	// callTime is how long one call may take.
	callTime = 5 * time.Second
)

// Errors that mean something to a person.
var (
	ErrPassword = errors.New("find: the camera does not accept this user and password")
	ErrAway     = errors.New("find: the camera does not answer")
)

// decode reads a document without a type definition. There is no way to define an entity then, and none is fetched.
func decode(text []byte, into any) error {
	g := &guard{in: xml.NewDecoder(bytes.NewReader(text))}
	if err := xml.NewTokenDecoder(g).Decode(into); err != nil {
		if g.refused != nil {
			return g.refused
		}
		return rule.Errorf(rule.Syntax, "find: an answer that is no document: %v", err)
	}
	return nil
}

// guard lets elements and their texts through.
type guard struct {
	in      *xml.Decoder
	depth   int
	refused error
}

// Token implements xml.TokenReader.
func (g *guard) Token() (xml.Token, error) {
	for {
		t, err := g.in.Token()
		if err != nil {
			return nil, err
		}
		switch t.(type) {
		case xml.Directive:
			if !rule.Off(rule.Syntax) {
				g.refused = rule.Errorf(rule.Syntax, "find: an answer with a type definition")
				return nil, g.refused
			}
			continue
		case xml.StartElement:
			if g.depth++; g.depth > maxDepth {
				g.refused = rule.Errorf(rule.Depth, "find: an answer that is too deep")
				return nil, g.refused
			}
		case xml.EndElement:
			g.depth--
		case xml.Comment, xml.ProcInst:
			continue
		}
		return t, nil
	}
}

// transport reaches one host and no other, whatever it is asked for, and of that host what allowed lets pass; all of it if
// that is nil. An answer begins within wait.
func transport(host netip.Addr, wait time.Duration, allowed func(netip.AddrPort) error) *http.Transport {
	var d net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to, err := netip.ParseAddrPort(address)
			if (err != nil || to.Addr().Unmap() != host) && !rule.Off(rule.Elsewhere) {
				return nil, rule.Errorf(rule.Elsewhere, "find: a camera's answer points at another host")
			}
			if allowed != nil {
				if err := allowed(to); err != nil {
					return nil, err
				}
			}
			return d.DialContext(ctx, network, address)
		},
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10, ResponseHeaderTimeout: wait,
	}
}

var errRedirect = errors.New("find: the camera wants to send us elsewhere")

// Client asks one camera. It belongs to one goroutine.
type Client struct {
	device     Device
	user, pass string
	http       *http.Client
	// ahead is by how much the camera's clock is ahead of ours: its digests are made of its time.
	ahead time.Duration
	now   func() time.Time
	// digest is the camera's last challenge, nil before there is one.
	digest *digest.Challenge
}

// Open prepares to ask a device. With an empty user it is asked without a password.
func Open(d Device, user, pass string) *Client {
	h := &http.Client{
		Transport:     transport(d.Host, callTime, nil),
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Timeout:       callTime,
	}
	return &Client{device: d, user: user, pass: pass, http: h, now: time.Now}
}

// fault is what a camera says instead of an answer.
type fault struct {
	Code    string `xml:"Code>Value"`
	Subcode string `xml:"Code>Subcode>Value"`
	Inner   string `xml:"Code>Subcode>Subcode>Value"`
}

func (f fault) password() bool {
	for _, v := range []string{f.Code, f.Subcode, f.Inner} {
		_, name, ok := strings.Cut(strings.TrimSpace(v), ":")
		if ok && (name == "NotAuthorized" || name == "FailedAuthentication" || name == "FailedCheck" || name == "InvalidSecurity") {
			return true
		}
	}
	return false
}

// call asks one thing of a service. body is a document of ours; what of it came from outside is escaped.
func (c *Client) call(ctx context.Context, service, body string, into any) error {
	return c.callWith(ctx, service, "", body, into)
}

// callWith is call with something in the message's header.
func (c *Client) callWith(ctx context.Context, service, header, body string, into any) error {
	u, err := within(c.device.Host, service, "http")
	if err != nil {
		return err
	}
	answer, status, err := c.send(ctx, u, header, body)
	if err != nil {
		return err
	}
	var said struct {
		Fault *fault `xml:"Body>Fault"`
	}
	if err := decode(answer, &said); err != nil {
		if status != http.StatusOK {
			return fmt.Errorf("%w (status %d)", ErrRefused, status)
		}
		return err
	}
	switch {
	case said.Fault != nil && said.Fault.password():
		return ErrPassword
	case said.Fault != nil:
		return ErrRefused
	case status != http.StatusOK:
		return fmt.Errorf("%w (status %d)", ErrRefused, status)
	}
	return decode(answer, into)
}

// send tries the two ways in which cameras want a password: in the message, or over HTTP.
func (c *Client) send(ctx context.Context, u *url.URL, header, body string) ([]byte, int, error) {
	post := func() (*http.Request, error) {
		security := ""
		if c.user != "" && c.digest == nil {
			var err error
			if security, err = c.security(); err != nil {
				return nil, err
			}
		}
		text := `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>` + security + header +
			`</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(text))
		if err == nil {
			r.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
		}
		return r, err
	}
	return c.do(post, maxAnswer)
}

// do sends a request, and once more with a digest if the camera asks for one.
func (c *Client) do(request func() (*http.Request, error), most int64) ([]byte, int, error) {
	for try := 0; ; try++ {
		r, err := request()
		if err != nil {
			return nil, 0, fmt.Errorf("find: %w", err)
		}
		if c.digest != nil && c.user != "" {
			if err := c.digest.Authorize(r, c.user, c.pass); errors.Is(err, digest.ErrUser) {
				return nil, 0, ErrPassword
			} else if err != nil {
				return nil, 0, err
			}
		}
		answer, status, asked, err := c.once(r, most)
		switch {
		case err != nil:
			return nil, 0, err
		case status != http.StatusUnauthorized:
			return answer, status, nil
		}
		next := digest.Read(asked)
		if next == nil || c.user == "" || try > 0 {
			return nil, 0, ErrPassword
		}
		c.digest = next
	}
}

func (c *Client) once(r *http.Request, most int64) (answer []byte, status int, asked []string, err error) {
	resp, err := c.http.Do(r)
	if err != nil {
		if rule.Of(err) != "" {
			return nil, 0, nil, err
		}
		if errors.Is(err, errRedirect) {
			return nil, 0, nil, rule.Errorf(rule.Elsewhere, "find: the camera wants to send us elsewhere")
		}
		return nil, 0, nil, errors.Join(ErrAway, r.Context().Err())
	}
	defer resp.Body.Close()
	if rule.Off(rule.Length) {
		most = 1 << 30
	}
	answer, err = io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, 0, nil, errors.Join(ErrAway, r.Context().Err())
	}
	if int64(len(answer)) > most {
		return nil, 0, nil, rule.Errorf(rule.Length, "find: an answer of more than %d bytes", most)
	}
	return answer, resp.StatusCode, resp.Header.Values("WWW-Authenticate"), nil
}

// security is the header of WS-Security with a digest of the password, which holds for some minutes of the camera's time.
func (c *Client) security() (string, error) {
	var nonce [16]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return "", fmt.Errorf("find: random: %w", err)
	}
	created := c.now().Add(c.ahead).UTC().Format("2006-01-02T15:04:05.000Z")
	sum := sha1.Sum([]byte(string(nonce[:]) + created + c.pass)) // by the standard
	return `<w:Security s:mustUnderstand="1" xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" ` +
		`xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>` + escape(c.user) +
		`</w:Username><w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">` +
		base64.StdEncoding.EncodeToString(sum[:]) +
		`</w:Password><w:Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">` +
		base64.StdEncoding.EncodeToString(nonce[:]) + `</w:Nonce><u:Created>` + created + `</u:Created></w:UsernameToken></w:Security>`, nil
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}
