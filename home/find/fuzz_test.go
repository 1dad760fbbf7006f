// SPDX-License-Identifier: Apache-2.0

package find

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FuzzAnswers reads answers to probes and to calls: nothing of them is at another host, and their words can be shown.
func FuzzAnswers(f *testing.F) {
	f.Add(answerTo("uuid:1", match("urn:uuid:a", "http://127.0.0.1/onvif")))
	f.Add(answerTo("uuid:1", match("urn:uuid:a", "http://127.0.0.1@10.0.0.1/onvif")))
	f.Add([]byte(envelopeHead + `<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, d := range readMatches(in, "uuid:1", here) {
			u, err := url.Parse(d.Service)
			if err != nil || u.Hostname() != here.String() || u.User != nil {
				t.Fatalf("%q is not at this host", d.Service)
			}
			for _, s := range []string{d.Maker, d.Model} {
				if utf8.RuneCountInString(s) > maxWords || !norm.NFC.IsNormalString(s) || strings.ContainsAny(s, "\n\r\x00") {
					t.Fatalf("%q cannot be shown", s)
				}
			}
		}
		var said struct {
			Fault *fault `xml:"Body>Fault"`
		}
		if decode(in, &said) == nil && said.Fault != nil {
			said.Fault.password()
		}
	})
}

// FuzzAddress holds addresses that cameras name to their host.
func FuzzAddress(f *testing.F) {
	f.Add("rtsp://127.0.0.1:554/a?b=c")
	f.Add("rtsp://127.0.0.1:554@10.0.0.1/")
	f.Add("rtsp://[::ffff:127.0.0.1]/")
	f.Fuzz(func(t *testing.T, in string) {
		u, err := within(here, in, "rtsp")
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.User != nil || again.Scheme != "rtsp" || (again.Hostname() != "127.0.0.1" && again.Hostname() != "::ffff:127.0.0.1") {
			t.Fatalf("%q became %q, %v", in, u, err)
		}
	})
}

// FuzzPicture makes small what is no picture.
func FuzzPicture(f *testing.F) {
	f.Add([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		if out, err := small(in, 24_576); err == nil && len(out) > 24_576 {
			t.Fatalf("%d bytes", len(out))
		}
	})
}

// FuzzEvents reads what a camera tells: an event is short, and what a camera sees is never a press.
func FuzzEvents(f *testing.F) {
	message := func(topic, value string) string {
		return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><PullMessagesResponse><CurrentTime>2026-01-01T00:00:00Z</CurrentTime><TerminationTime>2026-01-01T00:01:00</TerminationTime>` +
			`<NotificationMessage><Topic>` + topic + `</Topic><Message><Message UtcTime="2026-01-01T00:00:00Z" PropertyOperation="Changed"><Source><SimpleItem Name="a" Value="b"/></Source><Data><SimpleItem Name="c" Value="` + value + `"/></Data></Message></Message></NotificationMessage></PullMessagesResponse></s:Body></s:Envelope>`
	}
	f.Add([]byte(message("tns1:Device/Trigger/tns1:DigitalInput", "true")))
	f.Add([]byte(message("tns1:RuleEngine/CellMotionDetector/Motion", "1")))
	f.Fuzz(func(t *testing.T, in []byte) {
		var answer struct {
			Said struct {
				term
				List []notification `xml:"NotificationMessage"`
			} `xml:"Body>PullMessagesResponse"`
		}
		if decode(in, &answer) != nil {
			return
		}
		if left, ok := answer.Said.left(); ok && left > time.Hour {
			t.Fatalf("a subscription for %s", left)
		}
		s := &Subscription{}
		for _, n := range answer.Said.List {
			e, ok := s.event(n)
			if ok && (len(e.Topic) > maxText || len(e.Stamp) > maxText || len(e.Source) > 4*maxText || Bell(e.Topic) && strings.HasSuffix(e.Topic, "Motion")) {
				t.Fatalf("an event %+v", e)
			}
		}
	})
}
