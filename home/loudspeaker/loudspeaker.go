// SPDX-License-Identifier: Apache-2.0

// Package loudspeaker lets somebody be heard by a camera that takes sound at an address of its own, and not by RTSP: by a
// POST of G.711 that goes on for as long as somebody talks, ended by the end of the connection. So do
//
//   - Axis, https://developer.axis.com/vapix/audio-systems/audio-api (axis-cgi/audio/transmit.cgi), and DoorBird, LAN-2-LAN
//     API, revision 0.36, "audio transmit" (bha-api/audio-transmit.cgi): µ-law, as audio/basic;
//   - Dahua and Amcrest, HTTP API 3.2017, 4.3.3 "Post Audio Stream" (cgi-bin/audio.cgi?action=postAudio): A-law, as
//     Audio/G.711A.
//
// All of them are shown with a Content-Length that is never reached, which is what is sent here. Loudspeakers and intercoms
// that take RTP without a session around it are sent packets of 20 ms by UDP (RFC 3551); those have no password.
//
// It promises that nothing is connected but between Claim and Close; that it goes to the host of the address alone, and
// only where a camera may be; that a password is said only to a camera that asks for one, and never as it is where the
// camera takes a digest; that nobody waits for a camera that takes nothing; and that no error names the address, which may
// hold a password. It trusts nothing that the camera answers. It keeps nothing.
package loudspeaker

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/gate"
	"keyhold/home/ingest"
	"keyhold/statement/rule"
)

const (
	// claimTime is how long a camera may take until somebody can talk.
	claimTime = 4 * time.Second
	// settle is how long a camera has to say no before somebody talks: those that take it say nothing.
	settle = 250 * time.Millisecond
	// stall is how long a camera may take nothing before it is given up.
	stall = 2 * time.Second
	// queue is how many pieces may wait for a camera that takes them slowly; what is more is dropped, because nobody wants to
	// be heard later. onTheWay is what the system may hold besides, in bytes.
	queue    = 16
	onTheWay = 16 << 10
	// mostSpeech is the longest piece, in samples.
	mostSpeech = ingest.SpeechRate / 10
)

var (
	// ErrAddress says that an address is not one at which a camera takes sound.
	ErrAddress = errors.New("loudspeaker: a speaker's address is like http://user:password@192.168.1.20/axis-cgi/audio/transmit.cgi or rtp://192.168.1.20:5004")
	// ErrPassword says that the camera wants another user or password, or one where the address has none.
	ErrPassword = errors.New("loudspeaker: the camera refuses user and password")
	// ErrAway says that the camera does not answer, or takes nothing.
	ErrAway = errors.New("loudspeaker: the camera does not answer")
	// ErrStranger says that something else is there than the camera that the address was given for.
	ErrStranger = errors.New("loudspeaker: the camera shows another certificate than before")
)

// Config says where a camera takes sound. All fields but Certificate, Meet, Here and Door must be set.
type Config struct {
	// URL may hold a password: never log it.
	URL string
	// Certificate is the hash of the one by which the camera is known, nil if by none; Meet is told of one that nobody vouches
	// for, which is then taken.
	Certificate []byte
	Meet        func(sum []byte)
	// Here are addresses of this computer that may be gone to, and Near says which addresses are the home's.
	Here []netip.AddrPort
	Near func(netip.Addr) bool
	// Door says whether a door is opened at a place, by whatever is sent there: a speaker never is.
	Door func(to netip.AddrPort, path string) bool
	Now  func() time.Time
}

// CheckAddress says whether an address can be one at which a camera takes sound. It does not repeat it.
func CheckAddress(text string) error {
	_, err := readAddress(text)
	return err
}

func readAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, "\x00\r\n") || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "rtp" || u.Scheme == "rtp" && !checkRTP(u) || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" {
		return nil, ErrAddress
	}
	return u, nil
}

// A Speaker is a camera's loudspeaker while it is claimed. Write and Close may be called at the same time.
type Speaker struct {
	conn   net.Conn
	raw    net.Conn // what is under conn, which is closed without a word: the camera may take none
	alaw   bool
	rtp    *packets // nil where what is said is sent as it is
	pieces chan []byte
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	done   chan struct{} // closed when the connection is
}

// Claim connects, and says whether the camera takes sound, as far as it says so. It holds until Close, or until the
// context ends.
func Claim(ctx context.Context, c Config) (*Speaker, error) {
	u, err := readAddress(c.URL)
	if err != nil {
		return nil, err
	}
	claim, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	var conn net.Conn
	var said func() error
	var packed *packets
	alaw, decides := false, settle
	if u.Scheme == "rtp" {
		alaw, decides = u.RawQuery == pcma, 0 // it says nothing before it is sent something
		packed = newPackets(alaw)
		conn, said, err = dialRTP(claim, c, u)
	} else {
		p := &poster{c: c, at: u}
		conn, said, err = p.open(claim)
		alaw = p.alaw()
	}
	if err != nil {
		return nil, err
	}
	s := &Speaker{conn: conn, raw: under(conn), alaw: alaw, rtp: packed, pieces: make(chan []byte, queue), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.wg.Go(func() { s.cancel(said()) })
	s.wg.Go(s.pass)
	go func() { // it ends with the context, which Close ends
		<-s.ctx.Done()
		_ = s.raw.SetDeadline(time.Now())
		s.wg.Wait()
		_ = s.raw.Close()
		close(s.done)
	}()
	t := time.NewTimer(decides)
	defer t.Stop()
	select {
	case <-t.C:
		return s, nil
	case <-s.done:
		return nil, s.Err()
	}
}

// Err is for what reason it has ended; nil as long as it has not.
func (s *Speaker) Err() error {
	if s.ctx.Err() == nil {
		return nil
	}
	if err := context.Cause(s.ctx); !errors.Is(err, errClosed) {
		return err
	}
	return ErrAway
}

var errClosed = errors.New("loudspeaker: closed")

// pass gives the camera what is said, until it takes no more.
func (s *Speaker) pass() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case p := <-s.pieces:
			_ = s.raw.SetWriteDeadline(time.Now().Add(stall))
			if s.ctx.Err() != nil {
				return // its deadline has just been another
			}
			if _, err := s.conn.Write(p); err != nil {
				// What the camera has not taken by now is not to be heard later.
				if t, ok := s.raw.(*net.TCPConn); ok {
					_ = t.SetLinger(0)
				}
				s.cancel(ErrAway)
				return
			}
		}
	}
}

// Write lets a piece of µ-law be heard; at is its place in samples since the first. It does not wait for the camera. By a
// POST it is heard when it comes: what is silent in between is not sent.
func (s *Speaker) Write(speech []byte, at uint32) error {
	if len(speech) == 0 || len(speech) > mostSpeech {
		return errors.New("loudspeaker: a piece of speech that is empty or too long")
	}
	if s.ctx.Err() != nil {
		return s.Err()
	}
	piece := append([]byte(nil), speech...)
	if s.alaw {
		var m g711.Mulaw
		m.Unmarshal(speech)
		var err error
		if piece, err = g711.Alaw(m).Marshal(); err != nil {
			return errors.New("loudspeaker: speech that cannot be coded")
		}
	}
	if s.rtp != nil {
		var err error
		if piece, err = s.rtp.of(piece, at); err != nil {
			return err
		}
	}
	select {
	case s.pieces <- piece:
	default:
	}
	return nil
}

// Done is closed when the connection is.
func (s *Speaker) Done() <-chan struct{} { return s.done }

// Close gives the speaker back. Nothing leaves once it has returned.
func (s *Speaker) Close() {
	s.cancel(errClosed)
	<-s.done
}

// allowed says whether a camera may be at an address: where one may be at all, and outside the home only by TLS.
func (c Config) allowed(to netip.AddrPort, tls bool) error {
	if err := gate.Allowed(to, c.Here); err != nil {
		return err
	}
	if !tls && !c.Near(to.Addr()) && !rule.Off(rule.Here) {
		return rule.Errorf(rule.Here, "loudspeaker: somewhere outside the home, and no TLS on the way there")
	}
	return nil
}

// away tells an error on the way from a refusal by a rule; it holds no address.
func away(err error) error {
	if r := rule.Of(err); r != "" {
		return rule.Errorf(r, "loudspeaker: not an address where the hub goes")
	}
	return ErrAway
}
