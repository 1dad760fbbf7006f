// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/net/ipv4"
)

// group is where clients ask for cameras (WS-Discovery).
var group = netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, 255, 250}), 3702)

const discoveryNamespace = "http://schemas.xmlsoap.org/ws/2005/04/discovery"

// probe is a client's question who is there.
type probe struct {
	MessageID string `xml:"Header>MessageID"`
	Probe     *struct {
		Types string
	} `xml:"Body>Probe"`
}

// discover answers probes until the camera is closed: to the address that it was given, or to everybody in the networks
// of this machine.
func (o *onvif) discover() error {
	address := o.c.cfg.Discovery
	if address == "" {
		address = netip.AddrPortFrom(netip.IPv4Unspecified(), group.Port()).String()
	}
	shared := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if o.c.cfg.Discovery != "" {
			return nil
		}
		var set error // other programs of this machine may be asked as well
		err := raw.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
		return errors.Join(err, set)
	}}
	conn, err := shared.ListenPacket(o.c.ctx, "udp4", address)
	if err != nil {
		return fmt.Errorf("camera: listen for probes: %w", err)
	}
	udp := conn.(*net.UDPConn)
	o.c.discovery = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	if o.c.cfg.Discovery == "" {
		if err := join(udp); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	o.c.wg.Go(func() {
		stop := context.AfterFunc(o.c.ctx, func() { _ = conn.Close() }) // listen sees the end
		defer stop()
		o.listen(udp)
	})
	return nil
}

// join takes part in the group in every network of this machine.
func join(conn *net.UDPConn) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("camera: networks: %w", err)
	}
	p, joined := ipv4.NewPacketConn(conn), 0
	var last error
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		if err := p.JoinGroup(&i, net.UDPAddrFromAddrPort(group)); err != nil {
			last = err
			continue
		}
		joined++
	}
	if joined == 0 {
		return fmt.Errorf("camera: no network to be found in: %w", last)
	}
	return nil
}

func (o *onvif) listen(conn *net.UDPConn) {
	buffer := make([]byte, maxQuestion)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if o.c.ctx.Err() != nil {
			return
		}
		if err != nil {
			continue // somebody who asked is gone
		}
		var p probe
		if err := xml.Unmarshal(buffer[:n], &p); err != nil || p.Probe == nil || p.MessageID == "" || !wanted(p.Probe.Types) {
			continue
		}
		if err := o.tell(from, p.MessageID); err != nil {
			o.c.cfg.Log.Debug("a probe could not be answered", "err", err)
		}
	}
}

// wanted says whether a probe asks for cameras.
func wanted(types string) bool {
	fields := strings.Fields(types)
	return len(fields) == 0 || slices.ContainsFunc(fields, func(t string) bool {
		_, name, _ := strings.Cut(t, ":")
		return name == "NetworkVideoTransmitter" || name == "Device"
	})
}

// tell answers with all devices, from the address at which they are: another would not be believed.
func (o *onvif) tell(to netip.AddrPort, message string) error {
	var d net.Dialer
	if !o.addr.Addr().IsUnspecified() {
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(o.addr.Addr(), 0))
	}
	conn, err := d.DialContext(o.c.ctx, "udp4", to.String())
	if err != nil {
		return fmt.Errorf("camera: answer a probe: %w", err)
	}
	defer conn.Close()
	host := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" `+
		`xmlns:d="%s" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>urn:uuid:%s</w:MessageID><w:RelatesTo>%s</w:RelatesTo>`+
		`<w:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</w:To><w:Action>%s/ProbeMatches</w:Action></e:Header><e:Body><d:ProbeMatches>`,
		discoveryNamespace, rand.Text(), escape(message), discoveryNamespace)
	for _, f := range o.c.cfg.Feeds {
		path := cleanPath(f.Path)
		fmt.Fprintf(&b, `<d:ProbeMatch><w:EndpointReference><w:Address>%s</w:Address></w:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>`+
			`<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/name/%s onvif://www.onvif.org/hardware/%s</d:Scopes>`+
			`<d:XAddrs>%s</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>`,
			o.c.feeds[path].endpoint(), url.PathEscape(maker), url.PathEscape(model), escape(o.service(path, host)))
	}
	b.WriteString(`</d:ProbeMatches></e:Body></e:Envelope>`)
	_, err = conn.Write([]byte(b.String()))
	return err
}
