// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"keyhold/home/gate"
	"keyhold/statement/rule"
)

const (
	smtps = "smtps"
	// mostSaid bounds what a mail server says while it takes one mail, in bytes, its certificates included.
	mostSaid = 64 << 10
)

// byMail hands one mail to the household's mail server (RFC 6409). It is spoken to by TLS, from the first byte (smtps) or
// after STARTTLS, but for one on the hub's own computer that wants no password.
func byMail(ctx context.Context, l *line, t text) error {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ErrWay
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", smtps: "465"}[u.Scheme]
	}
	raw, err := gate.Dialer(l.allowed(true)).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	local := false
	if a, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		local = isLocal(a.AddrPort())
	}
	return l.submit(ctx, raw, u, local, t)
}

func isLocal(a netip.AddrPort) bool { return a.Addr().Unmap().IsLoopback() }

// submit speaks to the server, and closes the connection. local: it is on this computer.
func (l *line) submit(ctx context.Context, raw net.Conn, u *url.URL, local bool, t text) error {
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })() // which ends whatever waits
	defer raw.Close()
	var conn net.Conn = &brief{Conn: raw, left: mostSaid}
	config := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if u.Scheme == smtps {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, u.Hostname())
	if err != nil {
		return said(err)
	}
	if err := c.Hello("localhost"); err != nil { // the hub's name is nobody's business
		return said(err)
	}
	if err := l.protect(c, config, u.Scheme == smtps, local); err != nil {
		return err
	}
	if l.User != "" {
		if ok, how := c.Extension("AUTH"); !ok || !slices.Contains(strings.Fields(how), "PLAIN") {
			return fmt.Errorf("%w (no AUTH PLAIN)", errRefused)
		}
		if err := c.Auth(smtp.PlainAuth("", l.User, l.Password, u.Hostname())); err != nil {
			return said(err)
		}
	}
	if err := c.Mail(l.From); err != nil {
		return said(err)
	}
	if err := c.Rcpt(l.To); err != nil {
		return said(err)
	}
	w, err := c.Data()
	if err != nil {
		return said(err)
	}
	if _, err := w.Write(l.letter(t)); err != nil {
		return said(err)
	}
	if err := w.Close(); err != nil {
		return said(err)
	}
	_ = c.Quit() // it has been taken, whatever comes now
	return nil
}

// protect begins TLS where there is none yet.
func (l *line) protect(c *smtp.Client, config *tls.Config, is, local bool) error {
	if is || local && l.User == "" {
		return nil
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(config); err != nil {
			return said(err)
		}
		return nil
	}
	if local || rule.Off(rule.Elsewhere) {
		return nil
	}
	return rule.Errorf(rule.Elsewhere, "tell: a mail server on another computer, and no TLS on the way there")
}

// said makes a refusal of what a server says for good (RFC 5321: 5yz).
func said(err error) error {
	var no *textproto.Error
	if errors.As(err, &no) && no.Code >= 500 {
		return fmt.Errorf("%w (status %d)", errRefused, no.Code)
	}
	return err
}

// letter is the mail: the line is its subject, and all that it says.
func (l *line) letter(t text) []byte {
	_, domain, _ := strings.Cut(l.From, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", l.From},
		{"To", l.To},
		{"Subject", mime.QEncoding.Encode("utf-8", t.line)},
		{"Date", l.d.c.Now().UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + rand.Text() + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(t.line + "\r\n")) // into memory
	_ = w.Close()
	return b.Bytes()
}

// brief is a connection by which so much may come, and no more.
type brief struct {
	net.Conn
	left int
}

func (c *brief) Read(p []byte) (int, error) {
	if rule.Off(rule.Length) {
		return c.Conn.Read(p)
	}
	if c.left <= 0 {
		return 0, rule.Errorf(rule.Length, "tell: the server says more than it may")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
