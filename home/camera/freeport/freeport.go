// SPDX-License-Identifier: Apache-2.0

// Package freeport finds an address for a program that a test starts and that has to be told where to listen.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Address is an address of the loopback on which nobody listens. Where it can, it takes a port that the system does not
// lend to connections that go out: one of those may be taken by somebody's connection before the program that is told it
// comes to listen.
func Address(ctx context.Context) (string, error) {
	for range 100 {
		port := 0
		if low := lentFrom(); low > lowestPort {
			port = lowestPort + rand.IntN(low-lowestPort)
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
		return l.Addr().String(), l.Close()
	}
	return "", errors.New("find a free port: a hundred were taken")
}

// lowestPort is above those by which a machine's services are known.
const lowestPort = 10_000

// lentFrom is the lowest port that the system lends to connections that go out, 0 if it does not say.
func lentFrom() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	low := 0
	_, _ = fmt.Sscan(string(text), &low) // it stays 0
	return low
}
