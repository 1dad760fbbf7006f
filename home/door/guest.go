// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// ErrTakesNobody says that a broker does not take this user and password, or nobody at all.
var ErrTakesNobody = errors.New("door: the broker takes nobody")

// Greet makes a client of a connection to a broker, for as long as one message takes. The caller disconnects it, and waits
// for its Done. Patience is how long it waits for each answer.
func Greet(ctx context.Context, conn net.Conn, user *url.Userinfo, patience time.Duration, c paho.ClientConfig) (*paho.Client, error) {
	c.ClientID, c.Conn, c.PacketTimeout = "keyhold-"+strings.ToLower(rand.Text()[:16]), conn, patience
	client := paho.NewClient(c)
	most, name := uint32(maxPacket), ""
	var password []byte
	if user != nil {
		name = user.Username()
		p, _ := user.Password()
		password = []byte(p)
	}
	ack, err := client.Connect(ctx, &paho.Connect{
		ClientID: c.ClientID, CleanStart: true, KeepAlive: keepAlive, Username: name, UsernameFlag: name != "", Password: password, PasswordFlag: len(password) > 0,
		Properties: &paho.ConnectProperties{MaximumPacketSize: &most},
	})
	if err != nil {
		_ = conn.Close()
		if ack != nil && ack.ReasonCode >= 0x80 {
			return nil, ErrTakesNobody
		}
		return nil, fmt.Errorf("door: greet a broker: %w", err)
	}
	return client, nil
}
