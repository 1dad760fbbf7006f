// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"keyhold/member/athome"
	"keyhold/statement/rule"
)

const (
	// homePrefix is where pages find the way to their hub at home: they post its key and its addresses, and are told the
	// path that it has here.
	homePrefix = "/home"
	// mostHubs bounds what one run of this program is asked for.
	mostHubs = 16
	maxHub   = 4096
)

// errHub says that a page asks for something else than a hub in this home.
var errHub = errors.New("a hub has a key, and addresses in the network that this computer is in")

// hubs are those that pages have asked for, in order. Over such a way nothing is said to anybody but who has the key (it is
// pinned in the handshake), and nothing leaves the networks that this computer is in: a page gets no way out by it.
type hubs struct {
	log *slog.Logger

	mu   sync.Mutex
	list []*hub // only grows; guarded by mu
}

type hub struct {
	key       ed25519.PublicKey
	addresses []string
	transport *http.Transport
	proxy     http.Handler
}

// asked is what a page posts.
type asked struct {
	Addresses []string `json:"addresses"`
	Hub       []byte   `json:"hub"`
}

// admit gives a hub its path here. One whose addresses are others by now keeps its path.
func (h *hubs) admit(w http.ResponseWriter, r *http.Request) {
	// As with clouds: browsers name the origin of whatever posts, and onlyOurs has looked at it.
	if r.Header.Get("Origin") == "" && !rule.Off(rule.Origin) {
		problem(w, http.StatusForbidden, "denied", "this server answers only its own pages")
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHub))
	if err != nil {
		problem(w, http.StatusBadRequest, "invalid", errHub.Error())
		return
	}
	one, err := readHub(text)
	if err != nil {
		problem(w, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	number := h.number(one)
	if number < 0 {
		problem(w, http.StatusTooManyRequests, "too_many", "start keyhold app again to reach further hubs")
		return
	}
	say(w, homePrefix+"/"+strconv.Itoa(number))
}

// readHub reads what a page posts. Of the addresses those are left that are near.
func readHub(text []byte) (*asked, error) {
	var a asked
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil || len(a.Hub) != ed25519.PublicKeySize {
		return nil, errHub
	}
	a.Addresses = slices.DeleteFunc(athome.Addresses(a.Addresses), func(text string) bool { return !near(text) })
	if len(a.Addresses) == 0 {
		return nil, errHub
	}
	return &a, nil
}

// near says whether an address is of this computer or of a network that it is in.
func near(address string) bool {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	ip := a.Addr().Unmap()
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || rule.Off(rule.Elsewhere) {
		return true
	}
	own, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.Contains(ip.AsSlice())
	})
}

func (h *hubs) number(a *asked) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	place := slices.IndexFunc(h.list, func(one *hub) bool { return one.key.Equal(ed25519.PublicKey(a.Hub)) })
	switch {
	case place >= 0 && slices.Equal(h.list[place].addresses, a.Addresses):
		return place
	case place >= 0:
		h.list[place].transport.CloseIdleConnections()
		h.list[place] = h.make(a)
		return place
	case len(h.list) == mostHubs:
		return -1
	}
	h.list = append(h.list, h.make(a))
	return len(h.list) - 1
}

func (h *hubs) make(a *asked) *hub {
	one := &hub{key: a.Hub, addresses: a.Addresses, transport: athome.Transport(a.Hub, a.Addresses)}
	one.proxy = passOn(&url.URL{Scheme: "https", Host: "hub"}, one.transport, "the hub cannot be reached at home", h.log)
	return one
}

// pass hands a request on to the hub of its number.
func (h *hubs) pass(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	h.mu.Lock()
	var one *hub
	if err == nil && number >= 0 && number < len(h.list) {
		one = h.list[number]
	}
	h.mu.Unlock()
	if one == nil {
		problem(w, http.StatusNotFound, "not_found", "no hub was asked for by this number")
		return
	}
	http.StripPrefix(homePrefix+"/"+r.PathValue("number"), one.proxy).ServeHTTP(w, r)
}

// close ends what is left of the ways.
func (h *hubs) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.list {
		one.transport.CloseIdleConnections()
	}
}
