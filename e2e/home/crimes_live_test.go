// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

// sdp is an offer that a hub would take up.
func (s *scene) sdp(cameras int) string {
	s.t.Helper()
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	must(s.t, err)
	defer func() { must(s.t, pc.Close()) }()
	for range cameras {
		_, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(s.t, err)
	}
	offer, err := pc.CreateOffer(nil)
	must(s.t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	must(s.t, pc.SetLocalDescription(offer))
	<-gathered
	return pc.LocalDescription().SDP
}

// signal is one by somebody, as it ought to be.
func (s *scene) signal(by *folk, kind string) *signal.Signal {
	s.t.Helper()
	view, err := id.NewView(rand.Reader)
	must(s.t, err)
	return &signal.Signal{
		At: s.now().UnixMilli(), Cameras: []id.Camera{}, From: by.ID(), Head: s.Member.Roster.Head.Hash, Household: s.Member.Home.Household,
		Kind: kind, Nonce: s.nonce(), To: id.Hub, View: view,
	}
}

func (s *scene) nonce() []byte {
	s.t.Helper()
	b := make([]byte, signal.NonceSize)
	_, err := rand.Read(b)
	must(s.t, err)
	return b
}

// offer is one by somebody for these cameras, made as it ought to be and then spoiled, as a cloud brings it.
func (s *scene) offer(by *folk, spoil func(*signal.Signal), cameras ...id.Camera) (*signal.Signal, store.Mail) {
	s.t.Helper()
	x := s.signal(by, signal.Offer)
	x.Body, x.Cameras = s.sdp(len(cameras)), cameras
	if spoil != nil {
		spoil(x)
	}
	return x, s.sealed(by, x)
}

// sealed is a signal signed by somebody and sealed to the hub in the name of who it says sent it. Whoever could seal it
// for this hub can seal it for this household.
func (s *scene) sealed(by *folk, x *signal.Signal) store.Mail {
	s.t.Helper()
	e, err := dsse.Signed(signal.Thing, x, x.From, by.Sign())
	must(s.t, err)
	info := box.Context{"household": string(s.Member.Home.Household), "purpose": signal.Purpose}
	body, err := box.Seal(s.Member.Roster.Hub.HPKE, info, box.Context{"from": string(x.From), "to": string(id.Hub)}, e.Encode())
	must(s.t, err)
	return store.Mail{Sender: x.From, Kind: api.KindMail, Body: body}
}

var (
	ruleOfLog = regexp.MustCompile(`\(([a-z-]+)\)"|rule=([a-z-]+)`)
	wordOfLog = regexp.MustCompile(`word=([a-z-]+)`)
)

// brought lets the cloud bring an offer, and gives what the hub makes of it: nil if there is a view, which its device
// ends, so that the next has room.
func (s *scene) brought(device *folk, x *signal.Signal, m store.Mail) error {
	s.t.Helper()
	s.mu.Lock()
	from := s.log.Len()
	s.mu.Unlock()
	s.deliver(m, s.nonce())
	s.Do(request.Op{Kind: request.OpPing}) // rings at the hub
	var out error
	s.Until("the hub's verdict on a signal", func() bool {
		s.mu.Lock()
		said := s.log.String()[from:]
		s.mu.Unlock()
		for line := range strings.Lines(said) {
			switch {
			case strings.Contains(line, "a view has begun"):
				return true
			case strings.Contains(line, "a signal was"):
				if m := ruleOfLog.FindStringSubmatch(line); m != nil {
					out = rule.Errorf(rule.Name(m[1]+m[2]), "the hub drops it")
					return true
				}
			case strings.Contains(line, "a view was refused"):
				if m := wordOfLog.FindStringSubmatch(line); m != nil {
					out = &session.RefusedError{Word: m[1]}
					return true
				}
			}
		}
		return false
	})
	if _, there := s.Member.Roster.Device(device.ID()); out == nil && there {
		end := s.signal(device, signal.End)
		end.View = x.View
		s.deliver(s.sealed(device, end), s.nonce())
		s.Do(request.Op{Kind: request.OpPing})
		s.Until("the end of a view", func() bool { return s.count(`SELECT count(*) FROM live_looks`) == 0 })
	}
	return out
}

// seesLive may watch the door.
func (s *scene) seesLive(change func(*roster.Right)) *folk {
	return s.seeing(func(r *roster.Right) {
		r.Actions = []roster.Action{roster.History, roster.Live}
		if change != nil {
			change(r)
		}
	})
}

func crimesOfWatching() []crime {
	offered := func(by func(*scene) *folk, spoil func(*scene) func(*signal.Signal), cameras func(*scene) []id.Camera) func(*scene) error {
		return func(s *scene) error {
			var change func(*signal.Signal)
			if spoil != nil {
				change = spoil(s)
			}
			device := by(s)
			x, m := s.offer(device, change, cameras(s)...)
			return s.brought(device, x, m)
		}
	}
	door := func(s *scene) []id.Camera { return []id.Camera{s.door} }
	ben := func(s *scene) *folk { return s.ben }
	honest := offered(ben, nil, door)
	return []crime{
		{
			name: "an offer to watch, sent once more by the cloud", off: []rule.Name{rule.Replay}, says: string(rule.Replay), honest: honest,
			commit: func(s *scene) error {
				x, m := s.offer(s.ben, nil, s.door)
				if err := s.brought(s.ben, x, m); err != nil {
					return err
				}
				return s.brought(s.ben, x, m)
			},
		},
		{
			name: "an offer to watch, held back for a minute", off: []rule.Name{rule.Time}, says: string(rule.Time), honest: honest,
			commit: func(s *scene) error {
				x, m := s.offer(s.ben, nil, s.door)
				s.offset.Add(int64(time.Minute))
				return s.brought(s.ben, x, m)
			},
		},
		{
			name: "an offer to watch under an old roster", off: []rule.Name{rule.Head}, says: string(rule.Head), honest: honest,
			commit: offered(ben, func(s *scene) func(*signal.Signal) {
				old, _ := s.Member.Roster.HashAt(s.Member.Roster.Head.Seq - 1)
				return func(x *signal.Signal) { x.Head = old }
			}, door),
		},
		{
			name: "watching another camera than the one given", off: []rule.Name{rule.Camera}, says: signal.Denied,
			commit: offered(func(s *scene) *folk { return s.seesLive(nil) }, nil, func(s *scene) []id.Camera { return []id.Camera{s.yard} }),
			honest: offered(func(s *scene) *folk { return s.seesLive(nil) }, nil, door),
		},
		{
			name: "watching one camera more than was given", off: []rule.Name{rule.Camera}, says: signal.Denied,
			commit: offered(func(s *scene) *folk { return s.seesLive(nil) }, nil, func(s *scene) []id.Camera { return []id.Camera{s.door, s.yard} }),
			honest: offered(func(s *scene) *folk { return s.ben }, nil, func(s *scene) []id.Camera { return []id.Camera{s.door, s.yard} }),
		},
		{
			name: "watching live with a right to recordings alone", off: []rule.Name{rule.Action}, says: signal.Denied,
			commit: offered(func(s *scene) *folk { return s.seeing(func(*roster.Right) {}) }, nil, door),
			honest: offered(func(s *scene) *folk { return s.seesLive(nil) }, nil, door),
		},
		{
			name: "watching outside the hours", off: []rule.Name{rule.Hours}, says: signal.Denied,
			commit: offered(func(s *scene) *folk { return s.seesLive(s.around(true)) }, nil, door),
			honest: offered(func(s *scene) *folk { return s.seesLive(s.around(false)) }, nil, door),
		},
		{
			name: "watching with a device that was removed", off: []rule.Name{rule.Signer, rule.Signature, rule.Device}, says: string(rule.Signer), honest: honest,
			commit: func(s *scene) error {
				gone := s.Device(s.ben)
				must(s.t, s.ask(s.anna, s.removal("", gone.ID(), s.ben)))
				x, m := s.offer(gone, nil, s.door)
				return s.brought(gone, x, m)
			},
		},
		{
			name: "the cloud as a viewer, in somebody's name", off: []rule.Name{rule.Signature}, says: string(rule.Signature), honest: honest,
			commit: func(s *scene) error {
				x, m := s.offer(s.newFolk(""), func(x *signal.Signal) { x.From = s.ben.ID() }, s.door)
				return s.brought(s.ben, x, m)
			},
		},
		{
			name: "an offer to watch, taken to another household's hub", off: []rule.Name{rule.Household}, says: string(rule.Household), honest: honest,
			commit: func(s *scene) error {
				elsewhere := id.Household(id.HashOf([]byte("elsewhere")).String())
				x, m := s.offer(s.ben, func(x *signal.Signal) { x.Household = elsewhere }, s.door)
				return s.brought(s.ben, x, m)
			},
		},
		{
			name: "a picture that goes on after its device was removed", off: []rule.Name{rule.Device}, says: string(rule.Device),
			commit: func(s *scene) error { return s.goesOn(true) },
			honest: func(s *scene) error { return s.goesOn(false) },
		},
		{
			name: "an answer to an offer that the cloud gives itself", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error { return s.answer(s.newFolk("").Sign(), nil) },
			honest: func(s *scene) error { return s.answer(s.hubKey(), nil) },
		},
		{
			name: "an answer to an offer, at another roster than its own", off: []rule.Name{rule.Head}, says: string(rule.Head),
			commit: func(s *scene) error {
				return s.answer(s.hubKey(), func(x *signal.Signal) { x.Head = id.HashOf([]byte("another roster")) })
			},
			honest: func(s *scene) error { return s.answer(s.hubKey(), nil) },
		},
		{
			name: "the cloud between both, as the hub to one and as the viewer to the other", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error { return s.between(s.newFolk("")) },
			honest: func(s *scene) error {
				if err := honest(s); err != nil {
					return err
				}
				return s.answer(s.hubKey(), nil)
			},
		},
		{
			name: "a list of who is watching that was told to somebody else", off: []rule.Name{rule.Audience}, says: string(rule.Audience),
			commit: func(s *scene) error { return s.list(s.sam.ID(), 0) },
			honest: func(s *scene) error { return s.list(s.ben.ID(), 0) },
		},
		{
			name: "a list of who is watching, told once more", off: []rule.Name{rule.Replay}, says: string(rule.Replay),
			commit: func(s *scene) error { return s.list(s.ben.ID(), s.now().UnixMilli()+1000) },
			honest: func(s *scene) error { return s.list(s.ben.ID(), 0) },
		},
	}
}

// between is what a cloud needs to look on: its own offer taken by the hub as ben's, and its own answer by ben as the hub's.
// It says why not both are, or which is not.
func (s *scene) between(cloud *folk) error {
	s.t.Helper()
	x, m := s.offer(cloud, func(x *signal.Signal) { x.From = s.ben.ID() }, s.door)
	hub, viewer := s.brought(s.ben, x, m), s.answer(cloud.Sign(), nil)
	if hub != nil && viewer == nil {
		return errors.New("the viewer takes the cloud for the hub")
	}
	if hub == nil && viewer != nil {
		return errors.New("the hub takes the cloud for the viewer")
	}
	return hub
}

// goesOn watches with a device, removes it or another, and says whether pictures still come.
func (s *scene) goesOn(removed bool) error {
	s.t.Helper()
	d, other := s.Device(s.ben), s.Device(s.ben)
	v, err := s.watch(d.session(), nil, s.door)
	if err != nil {
		return err
	}
	defer v.end()
	target := other
	if removed {
		target = d
	}
	must(s.t, s.ask(s.anna, s.removal("", target.ID(), s.ben)))
	late := time.Now().Add(2 * time.Second)
	s.Until("pictures or their end", func() bool {
		select {
		case err = <-v.ended:
			return true
		default:
			return v.last.Load() > late.UnixNano()
		}
	})
	if err != nil {
		return rule.Errorf(rule.Device, "the picture stops: %v", err)
	}
	return nil
}

// hubKey is what the hub signs with.
func (s *scene) hubKey() ed25519.PrivateKey {
	s.t.Helper()
	keys, err := household.OpenKeys(hub.LayoutOf(s.Dir).Keys, rand.Reader)
	must(s.t, err)
	return keys.Sign
}

// answer is one to an offer of ben's, as his device reads it.
func (s *scene) answer(key ed25519.PrivateKey, spoil func(*signal.Signal)) error {
	s.t.Helper()
	offer := s.signal(s.ben, signal.Offer)
	offer.Cameras = []id.Camera{s.door}
	x := *offer
	x.Kind, x.From, x.To, x.Body = signal.Answer, id.Hub, s.ben.ID(), "v=0\r\n"
	if spoil != nil {
		spoil(&x)
	}
	e, err := dsse.Signed(signal.Thing, &x, id.Hub, key)
	must(s.t, err)
	r := signal.Reading{To: s.ben.ID(), Roster: s.Member.Roster, Now: s.now().UnixMilli(), Waiting: []*signal.Signal{offer}}
	_, _, err = r.Read(e.Encode(), id.Hub)
	return err
}

// list is one that the hub told somebody, shown to ben, who has seen one of last.
func (s *scene) list(told id.Device, last int64) error {
	s.t.Helper()
	w := &signal.Watching{At: s.now().UnixMilli(), Household: s.Member.Home.Household, Looks: []signal.Look{}, Private: []signal.Off{}, To: told}
	e, err := dsse.Signed(signal.ThingWatching, w, id.Hub, s.hubKey())
	must(s.t, err)
	_, err = signal.ReadWatching(e.Encode(), s.ben.ID(), s.Member.Roster, s.now().UnixMilli(), last)
	return err
}
