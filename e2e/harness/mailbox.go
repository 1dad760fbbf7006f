// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Letter is a mail that a Mailbox has taken.
type Letter struct {
	From, To string
	Text     string // headers and all
	// As is who has shown a password, Private whether it came by TLS.
	As      string
	Private bool
}

// Mailbox is a mail server that is not ours. With a password it takes mail of its user alone.
type Mailbox struct {
	Address        string // host:port
	User, Password string
	server         *smtp.Server
	done           chan struct{}

	mu   sync.Mutex
	list []Letter // guarded by mu
}

// StartMailbox starts one. With a certificate it offers STARTTLS, else it speaks to anybody without TLS. It wants a
// password if there is one.
func StartMailbox(ctx context.Context, user, password string, config *tls.Config) (*Mailbox, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a mailbox: %w", err)
	}
	m := &Mailbox{Address: l.Addr().String(), User: user, Password: password, done: make(chan struct{})}
	m.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &delivery{m: m, c: c}, nil }))
	m.server.Domain, m.server.AllowInsecureAuth, m.server.TLSConfig = "mail.example.org", config == nil, config
	go func() {
		defer close(m.done)
		_ = m.server.Serve(l) // until Stop
	}()
	return m, nil
}

// Stop ends it.
func (m *Mailbox) Stop() {
	_ = m.server.Close()
	<-m.done
}

// Letters are those that it has taken.
func (m *Mailbox) Letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Letter(nil), m.list...)
}

// delivery is one connection to a Mailbox.
type delivery struct {
	m *Mailbox
	c *smtp.Conn
	Letter
}

func (d *delivery) AuthMechanisms() []string { return []string{sasl.Plain} }

func (d *delivery) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != d.m.User || password != d.m.Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no"}
		}
		d.As = user
		return nil
	}), nil
}

func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	if d.m.User != "" && d.As == "" {
		return errors.New("who are you?")
	}
	d.From = from
	return nil
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.To = to
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.Text = string(text)
	_, d.Private = d.c.TLSConnectionState()
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.m.list = append(d.m.list, d.Letter)
	return nil
}

func (d *delivery) Reset()        {}
func (d *delivery) Logout() error { return nil }
