// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"keyhold/home/restream"
	"keyhold/home/smart"
	"keyhold/home/view"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// openRestream lets the integrations read that may. It listens only where there is one.
func (h *Hub) openRestream(ctx context.Context) error {
	list, err := h.cameras.Integrations(ctx)
	if err != nil {
		return err
	}
	if h.Stream == "" {
		h.Stream = ":7444"
	}
	h.ring.restream = restream.New(restream.Config{Address: h.Stream, Find: h.stream, Begin: h.beginReading, Now: h.Now, Log: h.Log})
	for _, i := range list {
		h.letRead(&i)
	}
	return nil
}

// letRead lets an integration read, if it may, and says where: each of its cameras, with user and password.
func (h *Hub) letRead(i *smart.Integration) []string {
	if i.Reads == nil {
		return nil
	}
	err := h.ring.restream.Add(restream.Account{
		Name: i.Name, User: i.Reads.User, Password: i.Reads.Password, Cameras: i.Cameras, Device: i.Reads.Device, Person: i.Reads.Person, Wish: i.Reads.Wish,
	})
	if err != nil {
		h.Log.Error("integrations cannot read cameras: start the hub with another --rtsp", "error", err)
		return nil
	}
	host, _, _ := net.SplitHostPort(h.Stream)
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if at := h.door.Addresses(); len(at) > 0 { // the network's before the computer's own
			host, _, _ = net.SplitHostPort(at[0])
		}
	}
	var out []string
	for _, c := range i.Cameras {
		u := url.URL{
			Scheme: "rtsp", User: url.UserPassword(i.Reads.User, i.Reads.Password), Host: net.JoinHostPort(host, strconv.Itoa(h.ring.restream.Port())), Path: "/" + string(c),
		}
		out = append(out, u.String())
	}
	return out
}

// newReads makes what an integration reads by, and what it is called on the record.
func newReads(wish id.Hash) (r *smart.Reads, err error) {
	r = &smart.Reads{User: "keyhold-" + letters(5), Password: letters(20), Wish: wish}
	if r.Device, err = id.NewDevice(rand.Reader); err == nil {
		r.Person, err = id.NewPerson(rand.Reader)
	}
	return r, err
}

// letters are those of so many random bytes.
func letters(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// beginReading decides about an integration as about anybody who wants to look, and writes it down.
func (h *Hub) beginReading(a *restream.Account, c id.Camera, r *restream.Reading) error {
	return h.views.Read(view.Reader{
		Camera: c, Device: a.Device, Person: a.Person, Wish: a.Wish,
		May: func() bool { return slices.Contains(a.Cameras, c) || rule.Off(rule.Camera) },
	}, r)
}
