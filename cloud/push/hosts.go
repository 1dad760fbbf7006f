// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"keyhold/statement/rule"
)

// services are the push services of today's browsers. A name that begins with a dot stands for all that end so.
var services = []string{
	".push.services.mozilla.com", // Firefox
	"fcm.googleapis.com",         // Chrome, Edge on Android, and others made from it
	"web.push.apple.com",         // Safari, and every browser on an iPhone
	".notify.windows.com",        // Edge on Windows
}

var (
	// errInside says that a name has led to an address that is not of the open internet.
	errInside = errors.New("push: the address is not one of the open internet")
	errHost   = errors.New("push: not on the list")
)

// hosts are where may be sent to.
type hosts struct {
	names []string
	// literal are addresses that the operator wrote down as such: scheme, IP address and port.
	literal []string
	dialer  net.Dialer
}

// parseHosts reads what an operator adds: a name, with a dot before it for all below it, or an address like
// http://127.0.0.1:8080. A name never leads into a network of the operator's own; such an address is meant as it stands.
func parseHosts(more []string) (*hosts, error) {
	h := &hosts{names: slices.Clone(services), dialer: net.Dialer{Timeout: attempt, KeepAlive: time.Minute}}
	for _, one := range more {
		if name := strings.ToLower(one); nameOK(strings.TrimPrefix(name, ".")) {
			h.names = append(h.names, name)
			continue
		}
		u, err := url.Parse(one)
		if err != nil || u.Path != "" || u.RawQuery != "" || u.User != nil || !literal(u) {
			return nil, fmt.Errorf("push: %q is no push service: give a name, such as push.example, or an address, such as http://127.0.0.1:8080", one)
		}
		h.literal = append(h.literal, originOf(u))
	}
	return h, nil
}

// nameOK says whether a text is a host name with a dot in it, and no IP address.
func nameOK(name string) bool {
	if len(name) > 253 || !strings.Contains(name, ".") {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// literal says whether an address is an IP address with a port; without TLS only this machine's own.
func literal(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && u.Port() != "" && (u.Scheme == "https" || u.Scheme == "http" && ip.IsLoopback())
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// target is the address of an endpoint, if it is on the list.
func (h *hosts) target(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Opaque != "" || u.User != nil || u.Fragment != "" || u.Hostname() == "" {
		return nil, errHost
	}
	if rule.Off(rule.PushHost) {
		return u, nil
	}
	if slices.Contains(h.literal, originOf(u)) {
		return u, nil
	}
	if u.Scheme != "https" || (u.Port() != "" && u.Port() != "443") || !h.named(strings.ToLower(u.Hostname())) {
		return nil, errHost
	}
	return u, nil
}

func (h *hosts) named(host string) bool {
	return slices.ContainsFunc(h.names, func(name string) bool {
		if strings.HasPrefix(name, ".") {
			return strings.HasSuffix(host, name) && nameOK(host)
		}
		return host == name
	})
}

// dial connects. A name is looked up here, and each address of it looked at just before it is connected to, so that no
// second answer of a name server can take the place of the one that was looked at.
func (h *hosts) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := h.dialer
	if host, _, err := net.SplitHostPort(address); err == nil && !h.written(host, address) {
		d.Control = func(_, found string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(found)
			if err != nil || !open(to.Addr()) && !rule.Off(rule.PushInside) {
				return errInside
			}
			return nil
		}
	}
	return d.DialContext(ctx, network, address)
}

// written says that an address was written down by the operator just so.
func (h *hosts) written(host, address string) bool {
	if _, err := netip.ParseAddr(host); err != nil {
		return false
	}
	return slices.Contains(h.literal, "http://"+address) || slices.Contains(h.literal, "https://"+address)
}

// closed are networks that are not of the open internet, besides those that net/netip knows by name, and those that stand
// for an IPv4 address, which could be one of these.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

// open says whether an address is one of the open internet.
func open(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(a) })
}
