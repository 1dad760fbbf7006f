// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"github.com/eclipse/paho.golang/paho"

	"keyhold/home/door"
	"keyhold/home/gate"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

const (
	// mostHead and mostAnswer bound what a server answers, in bytes.
	mostHead   = 16 << 10
	mostAnswer = 4 << 10
	// forgotten is after how many seconds a broker forgets what nobody has fetched.
	forgotten = 300
)

// ErrWay says that the hub could not go the way to a channel.
var ErrWay = errors.New("tell: a channel is a topic like https://ntfy.sh/a-name-that-nobody-guesses, a broker like mqtts://broker.example.org with a topic, or " +
	"a mail server like smtps://mail.example.org (smtp:// for STARTTLS) with the addresses of sender and receiver")

// topicPath is the path of a topic of ntfy: perhaps below a folder of the server's.
var topicPath = regexp.MustCompile(`^(/[-_.A-Za-z0-9]{1,64}){1,4}$`)

// Check reads a channel's address, and refuses a channel that no hub could tell anything.
func Check(c *request.Channel) (*url.URL, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrWay
	}
	ok := false
	switch c.Kind {
	case request.ChannelEmail:
		ok = (u.Scheme == "smtp" || u.Scheme == smtps) && strings.Trim(u.Path, "/") == "" && address(c.From) && address(c.To)
	case request.ChannelMQTT:
		_, err := door.CheckBroker(c.URL)
		ok = err == nil && door.CheckTopic(c.Topic)
	case request.ChannelNtfy:
		ok = (u.Scheme == "http" || u.Scheme == "https") && topicPath.MatchString(u.Path) && printable(c.Token)
	}
	if !ok {
		return nil, ErrWay
	}
	return u, nil
}

// address says whether something is one address for e-mail, without a name.
func address(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && printable(s) && !strings.ContainsAny(s, `<>" `)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

// byPost publishes at a topic of ntfy (https://docs.ntfy.sh/publish/). A server that points elsewhere is not followed:
// the token is for this one.
func byPost(ctx context.Context, l *line, t text) error {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ErrWay
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(t.line))
	if err != nil {
		return ErrWay
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("Title", t.title)
	req.Header.Set("Priority", "high")
	req.Header.Set("Tags", "bell")
	switch {
	case l.Token != "":
		req.Header.Set("Authorization", "Bearer "+l.Token)
	case l.User != "":
		req.SetBasicAuth(l.User, l.Password)
	}
	transport := &http.Transport{
		DialContext: gate.Dialer(l.allowed(u.Scheme == "https")).DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: mostHead, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		if rule.Off(rule.Elsewhere) {
			return nil
		}
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if rule.Off(rule.Length) {
		_, err = io.Copy(io.Discard, resp.Body)
	} else {
		_, _ = io.CopyN(io.Discard, resp.Body, mostAnswer) // nothing of it is needed but the status
	}
	_ = resp.Body.Close()
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode/100 == 5, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout:
		return fmt.Errorf("tell: status %d", resp.StatusCode) // perhaps later
	}
	return fmt.Errorf("%w (status %d)", errRefused, resp.StatusCode)
}

// byBroker publishes at a broker. It keeps nothing for whoever comes later than some minutes.
func byBroker(ctx context.Context, l *line, t text) error {
	u, err := door.CheckBroker(l.URL)
	if err != nil {
		return ErrWay
	}
	conn, err := door.DialBroker(ctx, u, l.allowed(u.Scheme == door.TLS))
	if err != nil {
		return err
	}
	var user *url.Userinfo
	if l.User != "" {
		user = url.UserPassword(l.User, l.Password)
	}
	c, err := door.Greet(ctx, conn, user, tryTime, paho.ClientConfig{})
	if errors.Is(err, door.ErrTakesNobody) {
		return errRefused
	}
	if err != nil {
		return err
	}
	defer func() { _ = c.Disconnect(&paho.Disconnect{}); <-c.Done() }()
	old := uint32(forgotten)
	answer, err := c.Publish(ctx, &paho.Publish{Topic: l.Topic, QoS: 1, Payload: []byte(t.line), Properties: &paho.PublishProperties{MessageExpiry: &old}})
	if answer != nil && answer.ReasonCode >= 0x80 {
		return errRefused
	}
	return err
}

// Server is an address without its path, which at ntfy is the whole secret of a topic.
func Server(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}
