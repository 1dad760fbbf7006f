// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/eclipse/paho.golang/packets"

	"keyhold/statement/lock"
)

// A broker that lets nobody hear how a lock is says no. One that goes away meanwhile has said nothing.
func TestABrokerThatGoesAwayHasNotSaidNo(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		code byte // of the answer to whoever wants to hear the lock; none if it goes away
		want error
	}{"says no": {0x87, ErrNo}, "goes away": {0, ErrAway}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			asked := make(chan error, 1)
			go func() { asked <- broker(l, one.code) }()
			d := &Driver{Here: []netip.AddrPort{netip.MustParseAddrPort(l.Addr().String())}, Near: near}
			way := lock.Way{URL: "mqtt://" + l.Addr().String(), Topic: "home/lock/set", Body: "UNLOCK", State: "home/lock", Expect: "UNLOCKED"}
			if err := d.Open(t.Context(), lock.MQTT, &way); !errors.Is(err, one.want) {
				t.Errorf("the lock: %v, want %v", err, one.want)
			}
			_ = l.Close()
			if err := <-asked; err != nil {
				t.Error(err)
			}
		})
	}
}

// broker takes one client, and answers its wish to hear something with a code, or not at all.
func broker(l net.Listener, code byte) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := packets.ReadPacket(conn); err != nil {
		return err
	}
	if _, err := packets.NewControlPacket(packets.CONNACK).WriteTo(conn); err != nil {
		return err
	}
	var wish *packets.Subscribe
	for wish == nil {
		p, err := packets.ReadPacket(conn) // or a ping, which this broker leaves without an answer
		if err != nil {
			return err
		}
		wish, _ = p.Content.(*packets.Subscribe)
	}
	if code == 0 {
		return nil
	}
	answer := packets.NewControlPacket(packets.SUBACK)
	answer.Content = &packets.Suback{PacketID: wish.PacketID, Properties: &packets.Properties{}, Reasons: []byte{code}}
	if _, err := answer.WriteTo(conn); err != nil {
		return err
	}
	_, _ = packets.ReadPacket(conn) // until it is gone
	return nil
}
