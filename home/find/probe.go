// SPDX-License-Identifier: Apache-2.0

package find

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const probeText = `<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
	`xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl">` +
	`<e:Header><w:MessageID>MESSAGE</w:MessageID><w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>` +
	`<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>` +
	`<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>`

// newProbe makes a probe. Who has not seen its message's name cannot answer it.
func newProbe() (probe []byte, message string, err error) {
	id, err := randomUUID()
	message = "uuid:" + id
	return []byte(strings.Replace(probeText, "MESSAGE", message, 1)), message, err
}

// matches are the parts of an answer to a probe that matter.
type matches struct {
	RelatesTo string `xml:"Header>RelatesTo"`
	Matches   []struct {
		Endpoint string `xml:"EndpointReference>Address"`
		Types    string `xml:"Types"`
		Scopes   string `xml:"Scopes"`
		XAddrs   string `xml:"XAddrs"`
	} `xml:"Body>ProbeMatches>ProbeMatch"`
}

// readMatches reads an answer that came from a host. What is not at that host is left out.
func readMatches(answer []byte, message string, from netip.Addr) []Device {
	var m matches
	if err := decode(answer, &m); err != nil || strings.TrimSpace(m.RelatesTo) != message {
		return nil
	}
	var out []Device
	for _, one := range m.Matches {
		if len(out) == MaxDevices {
			break
		}
		if !strings.Contains(one.Types, "NetworkVideoTransmitter") && !strings.Contains(one.Scopes, "onvif://www.onvif.org/") {
			continue
		}
		d := Device{Host: from, Endpoint: strings.TrimSpace(one.Endpoint)}
		if d.Endpoint == "" || len(d.Endpoint) > 200 {
			continue
		}
		for _, address := range strings.Fields(one.XAddrs) {
			// TLS is not asked for: a camera's certificate is its own, and says nothing to somebody who sees it for the first time.
			if u, err := within(from, address, "http"); err == nil {
				d.Service = u.String()
				break
			}
		}
		if d.Service == "" {
			continue
		}
		d.Maker, d.Model = names(strings.Fields(one.Scopes))
		out = append(out, d)
	}
	return out
}

// names finds what a camera calls itself in its scopes.
func names(scopes []string) (maker, model string) {
	for _, s := range scopes {
		rest, ok := strings.CutPrefix(s, "onvif://www.onvif.org/")
		if !ok {
			continue
		}
		kind, value, _ := strings.Cut(rest, "/")
		if v, err := url.PathUnescape(value); err == nil {
			value = Words(v)
		}
		switch kind {
		case "name":
			maker = value
		case "hardware":
			model = value
		}
	}
	// Many name themselves by both.
	if model != "" {
		maker = strings.TrimSpace(strings.TrimSuffix(maker, model))
	}
	return maker, model
}

// maxWords bounds what is shown of a camera's own words, in characters.
const maxWords = 60

// Words makes a text of a stranger's one that can be shown: short, on one line, with nothing that is not seen.
func Words(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "")) {
		if n == maxWords {
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			n++
		}
	}
	return norm.NFC.String(strings.TrimSpace(b.String()))
}
