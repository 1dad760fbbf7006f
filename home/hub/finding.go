// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"keyhold/home/cameras"
	"keyhold/home/find"
	"keyhold/home/ingest"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// tryTime is how long a camera may take to say what it is and to show a picture.
	tryTime = 25 * time.Second
	// greet is how many cameras are asked at a time what they are.
	greet = 8
	// checkTime is how long cameras that the household has may take to answer.
	checkTime = 1500 * time.Millisecond
)

// question takes up a question about cameras that may be found. What does not hold is dropped, as a command is.
func (h *Hub) question(ctx context.Context, from id.Device, plain []byte) error {
	var failed error
	f, err := finding.Read(plain, from, h.household.Roster(), h.Now().UnixMilli(), func(nonce []byte) bool {
		fresh, err := h.useNonce(ctx, nonce, h.Now().UnixMilli()+2*request.Window)
		failed = err
		return !fresh
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		h.Log.Warn("a question was dropped", "rule", string(rule.Of(err)), "error", err)
		return nil
	}
	h.heard(f.Device)
	if len(h.looking) == cap(h.looking) {
		h.Log.Warn("a question was dropped: too many cameras are being looked at", "device", string(f.Device))
		return nil
	}
	return h.beside(h.looking, func() {
		answer := blank()
		word := h.finding(h.work, f, &answer)
		if word != "" {
			answer = blank()
		}
		if err := h.tell(h.work, f, &answer, word); err != nil && h.work.Err() == nil {
			h.Log.Error("an answer about cameras was not sent", "error", err)
		}
	})
}

func blank() finding.Found {
	return finding.Found{Cameras: []finding.One{}, Picture: []byte{}, Swapped: []id.Camera{}}
}

// finding answers a question, and gives the word that refuses it.
func (h *Hub) finding(ctx context.Context, f *finding.Find, a *finding.Found) string {
	var err error
	switch {
	case !h.may(f.Device, roster.Cameras, id.HouseholdCamera):
		err = refusal(request.RefusedDenied)
	case f.Kind == finding.Look:
		a.Cameras, err = h.lookAround(ctx, f.Address)
	case f.Kind == finding.Try:
		err = h.try(ctx, f, a)
	case f.Kind == finding.Add:
		a.Camera, err = h.addFound(ctx, f)
	case f.Kind == finding.Check:
		a.Swapped, err = h.swapped(ctx)
	}
	level := slog.LevelInfo
	if f.Kind == finding.Check {
		level = slog.LevelDebug // open apps ask all the time
	}
	if err == nil {
		h.Log.Log(ctx, level, "a question about cameras was answered", "kind", f.Kind, "device", string(f.Device))
		return ""
	}
	word := wordOfCamera(err)
	h.Log.Log(ctx, level, "a question about cameras was refused", "kind", f.Kind, "device", string(f.Device), "word", word)
	return word
}

// wordOfCamera is the word for what a camera answers, or does not.
func wordOfCamera(err error) string {
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return string(refused)
	case errors.Is(err, find.ErrPassword):
		return request.RefusedPassword
	case rule.Of(err) == rule.Elsewhere:
		return finding.Elsewhere
	default:
		return request.RefusedUnreachable
	}
}

// tell signs, seals and sends an answer.
func (h *Hub) tell(ctx context.Context, f *finding.Find, a *finding.Found, word string) error {
	a.At, a.Error, a.Household, a.Nonce, a.To = h.Now().UnixMilli(), word, h.household.ID(), f.Nonce, f.Device
	e, err := dsse.Signed(finding.ThingFound, a, id.Hub, h.keys.Sign)
	if err != nil {
		return err
	}
	reader, ok := h.household.Reader(f.Device)
	if !ok {
		return nil // it was removed meanwhile
	}
	info := box.Context{"household": string(h.household.ID()), "purpose": finding.Purpose}
	sealed, err := box.Seal(reader, info, box.Context{"from": string(id.Hub), "to": string(f.Device)}, e.Encode())
	if err != nil {
		return err
	}
	return h.sendMail(ctx, f.Device, sealed)
}

// lookAround looks for cameras, and asks each what it is.
func (h *Hub) lookAround(ctx context.Context, address string) ([]finding.One, error) {
	cfg := find.Config{Ask: h.Find}
	if address != "" {
		to, err := netip.ParseAddr(address)
		if err != nil || !find.AtHome(to) {
			return nil, refusal(request.RefusedInvalid)
		}
		cfg.Ask = []netip.AddrPort{netip.AddrPortFrom(to, find.Port)}
	}
	devices, err := find.Look(ctx, cfg)
	if err != nil {
		return nil, err
	}
	known, err := h.knownDevices(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]finding.One, len(devices))
	var group errgroup.Group
	group.SetLimit(greet)
	for i, d := range devices {
		group.Go(func() error {
			one := finding.One{Address: d.Host.String(), Maker: d.Maker, Model: d.Model, Password: true, Camera: known.camera(d, devices)}
			details, err := find.Open(d, "", "").Details(ctx)
			if err == nil {
				one.Maker, one.Model, one.Password = details.Maker, details.Model, false
			}
			one.Found, err = h.found.put(d)
			out[i] = one
			return err
		})
	}
	return out, group.Wait()
}

// try asks one that was found for its stream and a picture, with a user and a password.
func (h *Hub) try(ctx context.Context, f *finding.Find, a *finding.Found) error {
	one, ok := h.found.get(f.Found)
	if !ok {
		return refusal(request.RefusedNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	client := find.Open(one.device, f.User, f.Password)
	if err := client.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) {
		return err
	}
	details, err := client.Details(ctx)
	if err != nil {
		return err
	}
	streams, err := client.Streams(ctx)
	if err != nil {
		return err
	}
	best, second := find.Pick(streams)
	if best.Codec != "H264" && best.Codec != "H265" {
		return refusal(request.RefusedCodec)
	}
	u, err := url.Parse(best.URL)
	if err != nil {
		return refusal(request.RefusedInvalid)
	}
	known, err := h.knownDevices(ctx)
	if err != nil {
		return err
	}
	a.Camera = known.at(u)
	if off, err := h.privateAt(ctx, best.URL); err != nil || off {
		return cmp.Or(err, error(refusal(request.RefusedPrivate)))
	}
	probed := make(chan met, 1)
	go func() { probed <- h.meetFound(ctx, f, u, second) }() // waited for below
	if best.Snapshot != "" && !h.coveredAt(known, u) {
		// Without one it is shown without a picture.
		if picture, err := client.Snapshot(ctx, best.Snapshot, finding.MaxPicture); err == nil {
			a.Picture = picture
		}
	}
	is := <-probed
	if is.word != "" {
		return refusal(is.word)
	}
	a.Choice = is.choice
	a.Width, a.Height = best.Width, best.Height
	h.found.tried(f.Found, is.address, is.small, details.Serial)
	return nil
}

// met is where the streams of a camera are that has shown its pictures, or the word for why it has not; and what there is
// to choose from before it is recorded.
type met struct {
	address, small, word string
	choice               *finding.Choice
}

// meetFound looks at the streams of a camera that was found. One that shows nothing by its second is one without.
func (h *Hub) meetFound(ctx context.Context, f *finding.Find, u *url.URL, second *find.Stream) (out met) {
	as := func(u *url.URL) string {
		if f.User != "" {
			u.User = url.UserPassword(f.User, f.Password)
		}
		return u.String()
	}
	var group errgroup.Group
	var first shown
	group.Go(func() error {
		first = h.probe(ctx, as(u))
		return nil
	})
	if second != nil {
		if u, err := url.Parse(second.URL); err == nil {
			group.Go(func() error {
				if small := h.probe(ctx, as(u), ingest.H264); small.word == "" {
					out.small = small.address
				}
				return nil
			})
		}
	}
	_ = group.Wait() // nobody fails
	out.address, out.word = first.address, first.word
	if first.word == "" && first.codec == ingest.H265 {
		out.choice = &finding.Choice{Cost: h.trial(ctx, out.address), Small: out.small != ""}
	}
	return out
}

// addFound makes one that was tried a camera of the household.
func (h *Hub) addFound(ctx context.Context, f *finding.Find) (id.Camera, error) {
	one, ok := h.found.get(f.Found)
	switch {
	case !ok:
		return "", refusal(request.RefusedNotFound)
	case one.url == "":
		return "", refusal(finding.Untried)
	}
	u, err := url.Parse(one.url)
	if err != nil {
		return "", refusal(request.RefusedInvalid)
	}
	known, err := h.knownDevices(ctx)
	if err != nil {
		return "", err
	}
	if known.at(u) != "" {
		return "", refusal(request.RefusedExists)
	}
	camera, err := h.addCamera(ctx, f.Device, newCamera{name: f.Name, url: one.url, small: one.small, recorded: f.Recorded, which: cameras.Identity{
		Endpoint: one.device.Endpoint, Host: one.device.Host.String(), Serial: one.serial,
	}})
	if err == nil {
		h.found.forget(f.Found)
		h.foundBell(ctx, camera, one)
	}
	return camera, err
}

// swapped finds the cameras at whose addresses another device answers than the one that was added.
func (h *Hub) swapped(ctx context.Context) ([]id.Camera, error) {
	known, err := h.knownDevices(ctx)
	if err != nil || len(known.identities) == 0 {
		return []id.Camera{}, err
	}
	ask := slices.Clone(h.Find)
	if len(ask) == 0 {
		for _, i := range known.identities {
			if host, err := netip.ParseAddr(i.Host); err == nil {
				ask = append(ask, netip.AddrPortFrom(host, find.Port))
			}
		}
	}
	slices.SortFunc(ask, netip.AddrPort.Compare)
	devices, err := find.Look(ctx, find.Config{Ask: slices.Compact(ask), Wait: checkTime})
	if err != nil {
		return nil, err
	}
	out := []id.Camera{}
	for camera, i := range known.identities {
		if other(i, devices) {
			out = append(out, camera)
		}
	}
	slices.Sort(out)
	return out, nil
}

// other says whether somebody answers at a device's address, and it is not that device. Silence says nothing.
func other(i cameras.Identity, devices []find.Device) bool {
	answers := false
	for _, d := range devices {
		if d.Host.String() == i.Host {
			if d.Endpoint == i.Endpoint || rule.Off(rule.WrongCamera) {
				return false
			}
			answers = true
		}
	}
	return answers
}

// knownDevices are the household's cameras, by what is known of where and what they are.
type knownDevices struct {
	list       []cameras.Camera
	identities map[id.Camera]cameras.Identity
}

func (h *Hub) knownDevices(ctx context.Context) (*knownDevices, error) {
	list, err := h.cameras.List(ctx)
	if err != nil {
		return nil, err
	}
	identities, err := h.cameras.Identities(ctx)
	return &knownDevices{list, identities}, err
}

// camera finds the household's camera that a device is: by its own name, or, where it is the only one at its host, by that.
func (k *knownDevices) camera(d find.Device, all []find.Device) id.Camera {
	for camera, i := range k.identities {
		if i.Endpoint == d.Endpoint {
			return camera
		}
	}
	for _, o := range all {
		if o.Host == d.Host && o.Service != d.Service {
			return ""
		}
	}
	for _, c := range k.list {
		u, err := url.Parse(c.URL)
		if _, other := k.identities[c.ID]; err == nil && c.Removed == 0 && !other && u.Hostname() == d.Host.String() {
			return c.ID
		}
	}
	return ""
}

// at finds the household's camera whose stream is at an address.
func (k *knownDevices) at(address *url.URL) id.Camera {
	for _, c := range k.list {
		u, err := url.Parse(c.URL)
		if err == nil && c.Removed == 0 && c.URL != "" && place(u) == place(address) {
			return c.ID
		}
	}
	return ""
}

// place is where a stream is, whoever asks for it.
func place(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ingest.Port(u.Scheme))) + u.RequestURI()
}
