// SPDX-License-Identifier: Apache-2.0

package away

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A Space is a network of its own: a machine, or a router. Close gives it up.
type Space struct{ file *os.File }

// NewSpace makes one that has its own loopback and nothing else.
func NewSpace(ctx context.Context) (*Space, error) {
	s := &Space{}
	err := alone(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		var err error
		s.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, s.Run(ctx, "ip link set lo up")
}

// Close gives it up; it goes with the last that is in it.
func (s *Space) Close() error { return s.file.Close() }

// alone runs f on a thread that ends with it.
func alone(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: nothing else is to run where f has been
		done <- f()
	}()
	return <-done
}

// In runs f in the network. Programs that f starts itself, and sockets that it opens itself, belong there.
func (s *Space) In(f func() error) error {
	return alone(func() error {
		if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return f()
	})
}

// Path names the network for ip.
func (s *Space) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// Run runs commands in the network, one after the other.
func (s *Space) Run(ctx context.Context, commands ...string) error {
	return s.In(func() error { return run(ctx, commands...) })
}

func run(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		f := strings.Fields(c)
		if said, err := exec.CommandContext(ctx, f[0], f[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", c, err, said)
		}
	}
	return nil
}

// wall is what a router at home does: it shares one address, and lets nobody in who was not called.
const wall = `
table ip home {
	chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }
	chain through { type filter hook forward priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
	chain in { type filter hook input priority 0; policy drop; iifname { "lo", "lan" } accept; ct state established,related accept; }
}`

// A Line is a router with its line to everybody else, and the network behind it.
type Line struct {
	Router *Space
	Wire   *Wire
}

// NewLine makes a router whose address on the line is ours, its neighbour there theirs, and its own network lan, such as
// 192.168.7.1/24. The line's other end is where the test runs.
func NewLine(ctx context.Context, name, ours, theirs, lan string) (*Line, error) {
	router, err := NewSpace(ctx)
	if err != nil {
		return nil, err
	}
	l := &Line{Router: router}
	l.Wire, err = NewWire(router, name)
	if err != nil {
		return nil, errors.Join(err, router.Close())
	}
	err = errors.Join(
		router.Run(ctx, "ip addr add "+ours+" peer "+theirs+" dev wan", "ip link set wan up", "ip route add default via "+theirs),
		run(ctx, "ip addr add "+theirs+" peer "+ours+" dev "+name, "ip link set "+name+" up"),
		router.In(func() error {
			if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
				return fmt.Errorf("let a router route: %w", err)
			}
			nft := exec.CommandContext(ctx, "nft", "-f", "-")
			nft.Stdin = strings.NewReader(wall)
			if said, err := nft.CombinedOutput(); err != nil {
				return fmt.Errorf("nft: %w: %s", err, said)
			}
			return nil
		}),
		router.Run(ctx, "ip link add name lan type bridge", "ip addr add "+lan+" dev lan", "ip link set lan up"),
	)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Plug puts a machine behind the router, under a name of its own for the cable.
func (l *Line) Plug(ctx context.Context, s *Space, cable, address string) error {
	return errors.Join(
		l.Router.Run(ctx, "ip link add "+cable+" type veth peer name "+cable+" netns "+s.Path(), "ip link set "+cable+" master lan", "ip link set "+cable+" up"),
		s.Run(ctx, "ip addr add "+address+" dev "+cable),
	)
}

// Close ends the line.
func (l *Line) Close() error { return errors.Join(l.Wire.Close(), l.Router.Close()) }
