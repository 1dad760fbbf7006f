// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// A way is how a camera's stream is got at.
type way int

const (
	wayRTSP   way = iota // by ourselves
	wayOdd               // RTSP, by a child: for servers that we do not get on with
	wayRTMP              // by a child, as all that follow
	wayHTTP              // a stream, a list of short films, or pictures one after another
	wayFile              // a film of the hub's computer, as if it were seen now
	wayDevice            // a camera that is plugged in
)

var ways = map[string]way{
	"rtsp": wayRTSP, "rtsps": wayRTSP, "ffmpeg+rtsp": wayOdd, "rtmp": wayRTMP, "rtmps": wayRTMP,
	"http": wayHTTP, "https": wayHTTP, "file": wayFile, "v4l2": wayDevice,
}

var ports = map[string]string{"rtmp": "1935", "rtmps": "443", "http": "80", "https": "443"}

// CheckAddress says whether an address is one that a camera can have. It does not repeat it: it may hold a password.
func CheckAddress(text string) error {
	_, err := readAddress(text)
	return err
}

// An address is where a camera is.
type address struct {
	way
	url  *url.URL  // of a child's
	rtsp *base.URL // of our own
}

func readAddress(text string) (address, error) {
	scheme, _, ok := strings.Cut(text, "://")
	w, known := ways[strings.ToLower(scheme)]
	switch {
	case !ok:
		return address{}, errors.New("ingest: a camera's address is like rtsp://user:password@192.168.1.20:554/path")
	case !known:
		return address{}, errors.New("ingest: this kind of address is not known; a camera's begins with rtsp://, rtsps://, rtmp://, rtmps://, http:// or https://")
	case strings.ContainsAny(text, "\x00\r\n"):
		return address{}, errors.New("ingest: the camera's address holds what no address does")
	case w == wayRTSP:
		u, err := base.ParseURL(text)
		if err != nil || u.Host == "" {
			return address{}, errors.New("ingest: the camera's address is not a valid rtsp:// or rtsps:// URL")
		}
		return address{way: w, rtsp: u}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return address{}, errors.New("ingest: the camera's address cannot be read")
	}
	here := w == wayFile || w == wayDevice
	if here != (u.Host == "") || here && u.Path == "" || u.Opaque != "" {
		return address{}, errors.New("ingest: an address names a host, as http://192.168.1.20/path does, or a file of the hub's, as file:///path does")
	}
	return address{way: w, url: u}, nil
}

// Port is where a kind of address leads to that names no port.
func Port(scheme string) string { return cmp.Or(ports[strings.ToLower(scheme)], "554") }

// host is the camera's name or address, "" for what is on the hub's computer.
func (a address) host() string {
	if a.rtsp != nil {
		return a.rtsp.Hostname()
	}
	return a.url.Hostname()
}

func (a address) port() string { return cmp.Or(a.url.Port(), Port(a.url.Scheme)) }

// sealed says whether the camera is spoken to by TLS.
func (a address) sealed() bool {
	return strings.EqualFold(a.url.Scheme, "https") || strings.EqualFold(a.url.Scheme, "rtmps")
}

// secrets are what must not stand in a log.
func (a address) secrets() []string {
	if a.rtsp != nil {
		return []string{a.rtsp.String(), a.rtsp.Host, a.rtsp.Hostname()}
	}
	return []string{a.url.String(), a.url.Host, a.url.Hostname(), a.url.Path}
}
