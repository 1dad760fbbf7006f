// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/home/camera/cameratest"
	"keyhold/home/live"
	"keyhold/statement/id"
)

// A link carries packets between a viewer and the hub; those to the viewer no faster than it carries.
type link struct {
	outside *net.UDPConn // where the viewer sends to
	inside  *net.UDPConn // connected to the hub
	viewer  atomic.Pointer[net.UDPAddr]
	carries atomic.Int64 // bytes a second; 0 for as much as comes
	wg      sync.WaitGroup
}

// held is what a link holds, in time: more is lost.
const held = 300 * time.Millisecond

func newLink(t *testing.T, hub int, carries int64) *link {
	t.Helper()
	local := net.IPv4(127, 0, 0, 1)
	outside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: local})
	if err != nil {
		t.Fatal(err)
	}
	inside, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: local, Port: hub})
	if err != nil {
		t.Fatal(err)
	}
	l := &link{outside: outside, inside: inside}
	l.carries.Store(carries)
	l.wg.Go(l.in)
	l.wg.Go(l.out)
	t.Cleanup(func() { _, _ = outside.Close(), inside.Close(); l.wg.Wait() })
	return l
}

func (l *link) in() {
	b := make([]byte, 2048)
	for {
		n, from, err := l.outside.ReadFromUDP(b)
		if err != nil {
			return
		}
		l.viewer.Store(from)
		_, _ = l.inside.Write(b[:n]) // a hub that is gone loses it
	}
}

type parcel struct {
	due time.Time
	b   []byte
}

func (l *link) out() {
	air := make(chan parcel, 4096)
	defer close(air)
	l.wg.Go(func() {
		for p := range air {
			time.Sleep(time.Until(p.due)) // this is what a line does
			_, _ = l.outside.WriteToUDP(p.b, l.viewer.Load())
		}
	})
	var free time.Time // when what came before has gone out
	for {
		b := make([]byte, 2048)
		n, err := l.inside.Read(b)
		if err != nil {
			return
		}
		now, carries := time.Now(), l.carries.Load()
		if free.Before(now) || carries == 0 {
			free = now
		}
		if free.Sub(now) > held {
			continue
		}
		if carries > 0 {
			free = free.Add(time.Duration(n) * time.Second / time.Duration(carries))
		}
		air <- parcel{free, b[:n]}
	}
}

var candidate = regexp.MustCompile(`(?m)^a=candidate:.*\r\n`)

// watchBy watches the camera by a link, and by no other way, as a browser does: it says when each packet came.
func watchBy(t *testing.T, h *home, carries int64) (*link, *viewer) {
	t.Helper()
	w, offer := newViewerWith(t, 1, false, func(m *webrtc.MediaEngine, r *interceptor.Registry) error {
		return webrtc.ConfigureTWCCSenderWithOptions(m, r, twcc.WithLoggerFactory(live.Quiet()))
	})
	v, answer, err := h.engine.Answer(t.Context(), []id.Camera{front}, candidate.ReplaceAllString(offer, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close(); <-v.Done() })
	l := newLink(t, h.engine.Port(), carries)
	only := "a=candidate:1 1 udp 2130706431 127.0.0.1 " + strconv.Itoa(l.outside.LocalAddr().(*net.UDPAddr).Port) + " typ host\r\n"
	first := candidate.FindString(answer)
	answer = strings.Replace(answer, first, only, 1)
	for _, c := range candidate.FindAllString(answer, -1) {
		if c != only {
			answer = strings.Replace(answer, c, "", 1)
		}
	}
	w.take(t, answer)
	v.Play()
	return l, w
}

// rate is how much a film brings, in bytes a second.
func rate(t *testing.T, film string, seconds int64) int64 {
	t.Helper()
	s, err := os.Stat(film)
	if err != nil {
		t.Fatal(err)
	}
	return s.Size() / seconds
}

// unbroken is how many pictures in a row came whole, from the place in the list on.
func (v *viewer) unbroken(from int) int {
	list := v.got(0)[from:]
	slices.SortFunc(list, func(a, b rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	most, row := 0, 0
	for i, p := range list {
		if i > 0 && p.SequenceNumber-list[i-1].SequenceNumber > 1 {
			row = 0
		}
		if p.Marker {
			row++
			most = max(most, row)
		}
	}
	return most
}

// fluent is more pictures than there are from one key frame to the next: nobody has that of a film that does not get
// through.
const fluent = 60

func TestANarrowLineBringsTheSmallPictureAndAWiderOneTheLargeAgain(t *testing.T) {
	t.Parallel()
	h := twoStreams(t)
	h.old(t, front, 3)
	l, w := watchBy(t, h, rate(t, cameratest.Clip(t, loud()), 8)/2) // the small one has a third
	waitFor(t, "the small picture", w.says(`"narrow":true,"sent":"small"`))
	from := len(w.got(0))
	waitFor(t, "small pictures without a gap", func() bool { return w.unbroken(from) > fluent })
	if list := widths(t, w.got(0)); last(list) != 320 || list[0] != 640 {
		t.Errorf("key frames were %v wide", list)
	}

	l.carries.Store(0)
	waitFor(t, "the large picture", w.says(`"sent":"main","small":true,"state":"playing"`))
	from = len(w.got(0))
	waitFor(t, "large pictures without a gap", func() bool { return w.unbroken(from) > fluent })
	if n := last(widths(t, w.got(0))); n != 640 {
		t.Errorf("it is %d wide", n)
	}
	if n := h.second[front].open.Load(); n != 0 {
		t.Errorf("the second stream is open %d times", n)
	}
}

// The other side of the test above: so it is where there is no small picture to send.
func TestANarrowLineWithoutASecondStreamIsNotFluent(t *testing.T) {
	t.Parallel()
	film := cameratest.Clip(t, loud())
	h := newHome(t, film, front)
	h.old(t, front, 3)
	_, w := watchBy(t, h, rate(t, film, 8)/2)
	waitFor(t, "eight seconds of film", func() bool {
		list := w.got(0)
		return len(list) > 0 && list[len(list)-1].Timestamp-list[0].Timestamp > 8*90_000
	})
	if n := w.unbroken(0); n > fluent {
		t.Errorf("%d pictures in a row came whole by a line of half of what is sent", n)
	}
	for _, n := range widths(t, w.got(0)) {
		if n != 640 {
			t.Errorf("it is %d wide", n)
		}
	}
}

// says is whether the hub has said something since it was asked last.
func (v *viewer) says(what string) func() bool {
	return func() bool {
		for {
			select {
			case said := <-v.told:
				if strings.Contains(said, what) {
					return true
				}
			default:
				return false
			}
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
