// SPDX-License-Identifier: Apache-2.0

package loudspeaker_test

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/loudspeaker"
	"keyhold/internal/intime"
	"keyhold/statement/rule"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is a camera of this computer, which somebody there has allowed.
func at(t *testing.T, address string) loudspeaker.Config {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	to, err := netip.ParseAddrPort(u.Host)
	must(t, err)
	return loudspeaker.Config{URL: address, Here: []netip.AddrPort{to}, Near: func(netip.Addr) bool { return true }, Now: time.Now}
}

// tone is 20 ms of one kilohertz in µ-law, whole waves of it.
func tone(t *testing.T) []byte {
	t.Helper()
	var pcm []byte
	for n := range 160 {
		pcm = binary.BigEndian.AppendUint16(pcm, uint16(int16(0.5*math.MaxInt16*math.Sin(2*math.Pi*1000*float64(n)/ingest.SpeechRate))))
	}
	law, err := g711.Mulaw(pcm).Marshal()
	must(t, err)
	return law
}

// speak says the tone as fast as it would be spoken, until that was enough or nobody hears it any more.
func speak(t *testing.T, s *loudspeaker.Speaker, enough func(pieces int) bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	said := tone(t)
	for i := 0; !enough(i); i++ {
		if s.Write(said, uint32(i*len(said))) != nil {
			return
		}
		<-tick.C
	}
}

// until waits for something.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// posting starts a camera whose speaker takes a POST, and gives its address.
func posting(t *testing.T, law, path string) (c *camera.Camera, address, heard string) {
	t.Helper()
	film := cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-t", "2", "-c:v", "libx264", "-bf", "0", "-g", "15", "-pix_fmt", "yuv420p"})
	heard = filepath.Join(t.TempDir(), "heard.wav")
	const free = "127.0.0.1:0"
	c, err := camera.Start(camera.Config{
		Addr: free, ONVIF: free, Discovery: free, User: "u", Pass: "p@ss", Feeds: []camera.Feed{{Path: "a", File: film}},
		Speaker: &camera.SpeakerConfig{File: heard, Law: law, Post: true},
	})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c, "http://u:p%40ss@" + c.ONVIF().String() + path, heard
}

const axis, dahua = "/axis-cgi/audio/transmit.cgi", "/cgi-bin/audio.cgi?action=postAudio&httptype=singlepart&channel=1"

func TestACameraHearsWhatIsPostedInItsOwnLawWhileItIsClaimed(t *testing.T) {
	t.Parallel()
	for law, path := range map[string]string{"pcmu": axis, "pcma": dahua} {
		t.Run(law, func(t *testing.T) {
			t.Parallel()
			cam, address, file := posting(t, law, path)
			s, err := loudspeaker.Claim(t.Context(), at(t, address))
			must(t, err)
			if now, _ := cam.Claimed(); !now {
				t.Error("it is not claimed")
			}
			if _, err := loudspeaker.Claim(t.Context(), at(t, address)); !errors.Is(err, ingest.ErrSpeakerTaken) {
				t.Errorf("claimed twice: %v", err)
			}
			heard := func() (sum time.Duration) {
				for _, one := range cameratest.Tones(cameratest.Heard(t, file), 1000) {
					sum += one.Long()
				}
				return sum
			}
			began := time.Now()
			speak(t, s, func(int) bool { return heard() > time.Second || time.Since(began) > patience })
			let := time.Now()
			s.Close()
			until(t, "speaker that nobody has", func() bool { now, _ := cam.Claimed(); return !now })
			if took := time.Since(let); took > intime.By(200*time.Millisecond) {
				t.Errorf("it was given back after %s", took)
			}
			if heard() < time.Second {
				t.Errorf("of a tone %s were heard", heard())
			}
			if err := s.Write(tone(t), 0); err == nil {
				t.Error("something is said to a speaker that was given back")
			}
		})
	}
}

func TestAPasswordIsSaidOnlyToWhoAsksAndAsADigestWhereThatIsTaken(t *testing.T) {
	t.Parallel()
	_, address, _ := posting(t, "", axis)
	if _, err := loudspeaker.Claim(t.Context(), at(t, strings.Replace(address, "p%40ss", "wrong", 1))); !errors.Is(err, loudspeaker.ErrPassword) || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := loudspeaker.Claim(t.Context(), at(t, strings.Replace(address, "u:p%40ss@", "", 1))); !errors.Is(err, loudspeaker.ErrPassword) {
		t.Errorf("no password: %v", err)
	}
	for name, c := range map[string]struct {
		asks []string
		says string // how what it is told begins
	}{
		"nobody asks":  {nil, ""},
		"basic":        {[]string{`Basic realm="x"`}, "Basic dTpwQHNz"},
		"both":         {[]string{`Basic realm="x"`, `Digest realm="x", nonce="1", qop="auth"`}, "Digest "},
		"of two kinds": {[]string{`Digest realm="x", nonce="1"`, `Digest realm="x", nonce="2", algorithm=SHA-256`}, `Digest username="u", realm="x", nonce="2"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told atomic.Pointer[string]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said := r.Header.Get("Authorization")
				if c.asks != nil && said == "" {
					w.Header()["WWW-Authenticate"] = c.asks
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				if r.ContentLength != 0 {
					told.Store(&said)
					_, _ = io.Copy(io.Discard, r.Body)
				}
			}))
			defer server.Close()
			s, err := loudspeaker.Claim(t.Context(), at(t, strings.Replace(server.URL, "//", "//u:p%40ss@", 1)+"/talk"))
			must(t, err)
			until(t, "request", func() bool { return told.Load() != nil })
			s.Close()
			if said := *told.Load(); !strings.HasPrefix(said, c.says) || c.says == "" && said != "" {
				t.Errorf("it is told %q", said)
			}
		})
	}
}

func TestWhatACameraAnswersIsSaid(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		http.StatusNotFound: ingest.ErrNoSpeaker, http.StatusUnsupportedMediaType: ingest.ErrNoSpeaker, http.StatusInternalServerError: ingest.ErrNoSpeaker,
		http.StatusServiceUnavailable: ingest.ErrSpeakerTaken, http.StatusForbidden: loudspeaker.ErrPassword,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		if _, err := loudspeaker.Claim(t.Context(), at(t, server.URL+"/talk")); !errors.Is(err, want) || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := loudspeaker.Claim(t.Context(), at(t, server.URL)); !errors.Is(err, loudspeaker.ErrAway) || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestACameraThatSendsElsewhereIsNotFollowedAndOneWhereNoneMayBeIsNotGoneTo(t *testing.T) {
	t.Parallel()
	var there atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { there.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	for _, address := range []string{server.URL, strings.Replace(server.URL, "//", "//u:p@", 1)} {
		if _, err := loudspeaker.Claim(t.Context(), at(t, address)); rule.Of(err) != rule.Elsewhere {
			t.Errorf("sent elsewhere: %v", err)
		}
	}
	closed := at(t, other.URL)
	closed.Here = nil
	if _, err := loudspeaker.Claim(t.Context(), closed); rule.Of(err) != rule.Here || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("this computer: %v", err)
	}
	out := at(t, other.URL)
	out.Here, out.URL, out.Near = nil, "http://192.0.2.1/talk", func(netip.Addr) bool { return false }
	if _, err := loudspeaker.Claim(t.Context(), out); rule.Of(err) != rule.Here {
		t.Errorf("outside the home, without TLS: %v", err)
	}
	if n := there.Load(); n != 0 {
		t.Errorf("it was gone there %d times", n)
	}
	for _, no := range []string{"", "camera", "ftp://192.0.2.1/", "http:///talk", "http://192.0.2.1/#x", "rtsp://192.0.2.1/", "http://192.0.2.1/\r\n", "rtp://192.0.2.1", "rtp://u:p@192.0.2.1:5004", "rtp://192.0.2.1:5004/a", "rtp://192.0.2.1:5004?codec=opus"} {
		if err := loudspeaker.CheckAddress(no); !errors.Is(err, loudspeaker.ErrAddress) {
			t.Errorf("%q is an address: %v", no, err)
		}
	}
}

// A camera that takes nothing holds nobody up, and is given up.
func TestACameraThatTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	small := net.ListenConfig{}
	l, err := small.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	took := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_ = c.(*net.TCPConn).SetReadBuffer(2048)
		}
		took <- c
	}()
	s, err := loudspeaker.Claim(t.Context(), at(t, "http://"+l.Addr().String()+"/talk"))
	must(t, err)
	defer s.Close()
	defer func() { _ = (<-took).Close() }()
	longest := time.Duration(0)
	for end := time.Now().Add(patience); s.Err() == nil && time.Now().Before(end); {
		// Faster than anybody speaks, since this is about what comes after seconds.
		began := time.Now()
		if s.Write(tone(t), 0) != nil {
			break
		}
		longest = max(longest, time.Since(began))
		<-time.After(time.Millisecond)
	}
	if longest > intime.By(20*time.Millisecond) {
		t.Errorf("somebody waited %s for it", longest)
	}
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("it is waited for to this moment")
	}
	if err := s.Err(); !errors.Is(err, loudspeaker.ErrAway) {
		t.Errorf("it was given up because of %v", err)
	}
	began := time.Now()
	s.Close()
	if took := time.Since(began); took > intime.By(200*time.Millisecond) {
		t.Errorf("giving it back took %s", took)
	}
}

func TestACameraIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	heard := make(chan []byte, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 160)
		if _, err := io.ReadFull(r.Body, b); err == nil {
			heard <- b
		}
	}))
	server.TLS = cameratest.Certificate(t)
	server.StartTLS()
	defer server.Close()
	c := at(t, server.URL+"/talk")
	if _, err := loudspeaker.Claim(t.Context(), c); !errors.Is(err, loudspeaker.ErrStranger) {
		t.Errorf("one that nobody vouches for: %v", err)
	}
	var met []byte
	c.Meet = func(sum []byte) { met = sum }
	s, err := loudspeaker.Claim(t.Context(), c)
	must(t, err)
	s.Close()
	c.Meet, c.Certificate = nil, met
	s, err = loudspeaker.Claim(t.Context(), c)
	must(t, err)
	must(t, s.Write(tone(t), 0))
	if got := <-heard; string(got) != string(tone(t)) {
		t.Error("something else was heard")
	}
	s.Close()
	c.Certificate = make([]byte, 32)
	if _, err := loudspeaker.Claim(t.Context(), c); !errors.Is(err, loudspeaker.ErrStranger) {
		t.Errorf("another certificate: %v", err)
	}
}

// A server that we did not write: ffmpeg's.
func TestFFmpegHearsWhatIsPosted(t *testing.T) {
	t.Parallel()
	address, heard := cameratest.Posted(t, "")
	s, err := loudspeaker.Claim(t.Context(), at(t, address))
	must(t, err)
	speak(t, s, func(pieces int) bool { return pieces == 100 })
	s.Close()
	var sum time.Duration
	for _, one := range cameratest.Tones(heard(), 1000) {
		sum += one.Long()
	}
	t.Logf("of two seconds of tone ffmpeg heard %s", sum)
	if sum < 1800*time.Millisecond {
		t.Errorf("of two seconds of tone it heard %s", sum)
	}
}

// Loudspeakers that take RTP: ffmpeg, which we did not write, in both laws; and one where nobody listens.
func TestWhoTakesRTPHearsEachPieceAtItsTime(t *testing.T) {
	t.Parallel()
	for law, query := range map[string]string{"PCMU": "", "PCMA": "?codec=pcma"} {
		t.Run(law, func(t *testing.T) {
			t.Parallel()
			address, heard, _ := cameratest.Listening(t, law, "")
			s, err := loudspeaker.Claim(t.Context(), at(t, address+query))
			must(t, err)
			// It looks at what comes before it hears: until it does, and two seconds more.
			until(t, "sound at "+law, func() bool { must(t, s.Write(tone(t), 0)); return len(heard()) > 0 })
			began, had := time.Now(), len(heard())
			speak(t, s, func(int) bool { return time.Since(began) > patience || len(heard())-had > 2*cameratest.HeardRate })
			s.Close()
			var sum time.Duration
			for _, one := range cameratest.Tones(heard()[had:], 1000) {
				sum += one.Long()
			}
			if sum < 1800*time.Millisecond {
				t.Errorf("of two seconds of tone it heard %s", sum)
			}
		})
	}
	nobody, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	must(t, err)
	address := "rtp://" + nobody.LocalAddr().String()
	must(t, nobody.Close())
	s, err := loudspeaker.Claim(t.Context(), at(t, address))
	must(t, err)
	defer s.Close()
	until(t, "word that nobody is there", func() bool { return s.Write(tone(t), 0) != nil })
	if !errors.Is(s.Err(), loudspeaker.ErrAway) {
		t.Errorf("nobody there: %v", s.Err())
	}
	closed := at(t, address)
	closed.Here = nil
	if _, err := loudspeaker.Claim(t.Context(), closed); rule.Of(err) != rule.Here {
		t.Errorf("this computer: %v", err)
	}
}
