// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// spreadTime is how long a press may take to be told.
const spreadTime = 5 * time.Second

// spread tells of a press by the ways that the camera was given besides ONVIF.
func (c *Camera) spread(path string) error {
	ctx, cancel := context.WithTimeout(c.ctx, spreadTime)
	defer cancel()
	var failed []error
	if c.cfg.Webhook != "" {
		failed = append(failed, c.post(ctx))
	}
	if c.cfg.Broker != "" {
		failed = append(failed, c.publish(ctx, path))
	}
	return errors.Join(failed...)
}

func (c *Camera) post(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.Webhook, strings.NewReader(`{"event":"press"}`))
	if err != nil {
		return fmt.Errorf("camera: webhook: %w", err)
	}
	// As a doorbell does: it has no way to know the hub's own certificate.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return errors.New("camera: webhook: nobody answers") // the address is a secret
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("camera: webhook: status %d", resp.StatusCode)
	}
	return nil
}

// publish tells a broker: the topic is the one that was given, and at its end the feed's path if it ends in a slash.
func (c *Camera) publish(ctx context.Context, path string) error {
	u, err := url.Parse(c.cfg.Broker)
	if err != nil {
		return errors.New("camera: broker: no address")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return fmt.Errorf("camera: broker: %w", err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: conn})
	hello := &paho.Connect{ClientID: "keyhold-camera-" + rand.Text()[:8], KeepAlive: 10, CleanStart: true}
	if u.User != nil {
		hello.UsernameFlag, hello.Username = true, u.User.Username()
		if password, ok := u.User.Password(); ok {
			hello.PasswordFlag, hello.Password = true, []byte(password)
		}
	}
	if _, err := client.Connect(ctx, hello); err != nil {
		return errors.Join(fmt.Errorf("camera: broker: %w", err), ignoreClosed(conn.Close()))
	}
	topic := c.cfg.Topic
	if strings.HasSuffix(topic, "/") {
		topic += strings.Trim(path, "/")
	}
	_, err = client.Publish(ctx, &paho.Publish{Topic: topic, QoS: 1, Payload: []byte("pressed")})
	if err = errors.Join(err, client.Disconnect(&paho.Disconnect{})); err != nil {
		return fmt.Errorf("camera: broker: %w", err)
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
