// SPDX-License-Identifier: Apache-2.0

package find

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	eventsNamespace = "http://www.onvif.org/ver10/events/wsdl"
	notifyNamespace = "http://docs.oasis-open.org/wsn/b-2"
	addressing      = "http://www.w3.org/2005/08/addressing"
	eventActions    = eventsNamespace + "/"
	managerActions  = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/"

	// LongestPull is how long one question for events may wait for one.
	LongestPull = 20 * time.Second
	// lasting is for how long a subscription is asked for.
	lasting = time.Minute
	// maxEvents bounds what one pull brings, maxTopics the topics that a camera names.
	maxEvents = 64
	maxTopics = 512
	// maxReference bounds what a camera wants to hear again with each call of a subscription.
	maxReference = 4
	// maxText bounds one text of theirs.
	maxText = 240
	// clockStep is by how much a camera's clock has to be another than is known before that is believed: it is told to a
	// second, and answers take their way.
	clockStep = 1500 * time.Millisecond
)

// ErrGone says that the camera knows nothing of a subscription any more.
var ErrGone = errors.New("find: the camera has ended the subscription")

// Event is something that a camera says has happened.
type Event struct {
	// Topic is what it is about, without prefixes, such as Device/Trigger/DigitalInput.
	Topic string
	// Source is which of the camera's inputs or rules it is of, Stamp the time as the camera wrote it.
	Source, Stamp string
	// At is that time by our clock; zero where the camera wrote none.
	At time.Time
	// News says that it has just changed; else the camera only tells how things are.
	News bool
	// On is its state.
	On bool
}

// Key is the same for the same event, however often it is brought.
func (e Event) Key() string {
	return e.Topic + "\x00" + e.Source + "\x00" + e.Stamp + "\x00" + fmt.Sprint(e.On)
}

// Subscription is a camera's queue of events, from which they are pulled (PullPoint). It belongs to one goroutine.
//
// Cameras differ in what keeps it alive: some prolong it with every pull, others want to be asked (onvif/specs 506). So
// after each pull, what the camera says of its end is believed, and if that is near it is asked as well.
type Subscription struct {
	c       *Client
	address string
	header  string // what the camera wants to hear again
	until   time.Time
	// ahead is by how much the clock is ahead that the camera's events are stamped with.
	ahead time.Duration
}

type reference struct {
	Address    string `xml:"Address"`
	Parameters struct {
		List []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"ReferenceParameters"`
}

type term struct {
	Current     string `xml:"CurrentTime"`
	Termination string `xml:"TerminationTime"`
}

// left is how long a subscription lasts, by the camera's own clock.
func (t term) left() (time.Duration, bool) {
	from, err := instant(t.Current)
	if err != nil {
		return 0, false
	}
	to, err := instant(t.Termination)
	return min(to.Sub(from), time.Hour), err == nil
}

// instant reads a time; without a zone it is taken as UTC.
func instant(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return time.Time{}, errors.New("find: a time that is too long")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", s)
	}
	return t, err
}

// service finds where one of the camera's services is, by the name that GetServices has for it or the one that
// GetCapabilities has.
func (c *Client) service(ctx context.Context, namespace, old string) (string, error) {
	services, err := c.services(ctx)
	for _, s := range services {
		if strings.TrimSpace(s.Namespace) == namespace && s.XAddr != "" {
			return s.XAddr, nil
		}
	}
	if errors.Is(err, ErrPassword) || errors.Is(err, ErrAway) {
		return "", err
	}
	var capabilities struct {
		List []struct {
			XMLName xml.Name
			XAddr   string `xml:"XAddr"`
		} `xml:"Body>GetCapabilitiesResponse>Capabilities>Events"`
	}
	if err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetCapabilities", "<Category>"+old+"</Category>"), &capabilities); err != nil {
		return "", err
	}
	for _, s := range capabilities.List {
		if s.XMLName.Local == old && s.XAddr != "" {
			return s.XAddr, nil
		}
	}
	return "", fmt.Errorf("find: the camera names no service for %s", strings.ToLower(old))
}

// node is any element.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Nodes   []node     `xml:",any"`
}

// Topics lists what the camera can tell of.
func (c *Client) Topics(ctx context.Context) ([]string, error) {
	service, err := c.service(ctx, eventsNamespace, "Events")
	if err != nil {
		return nil, err
	}
	var said struct {
		Set node `xml:"Body>GetEventPropertiesResponse>TopicSet"`
	}
	body := call(eventsNamespace, "GetEventProperties", "")
	err = c.callWith(ctx, service, action(service, eventActions+"EventPortType/GetEventPropertiesRequest"), body, &said)
	if err != nil {
		return nil, err
	}
	var out []string
	var walk func(string, []node)
	walk = func(above string, list []node) {
		for _, n := range list {
			path := strings.TrimPrefix(above+"/"+n.XMLName.Local, "/")
			if slices.ContainsFunc(n.Attrs, func(a xml.Attr) bool { return a.Name.Local == "topic" && a.Value == "true" }) && len(path) <= maxText && len(out) < maxTopics {
				out = append(out, path)
			}
			walk(path, n.Nodes)
		}
	}
	walk("", said.Set.Nodes)
	return out, nil
}

func action(to, name string) string {
	return `<a:Action xmlns:a="` + addressing + `" s:mustUnderstand="true">` + name + `</a:Action><a:To xmlns:a="` + addressing + `">` + escape(to) + `</a:To>`
}

// Subscribe begins to collect events at the camera.
func (c *Client) Subscribe(ctx context.Context) (*Subscription, error) {
	service, err := c.service(ctx, eventsNamespace, "Events")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Said struct {
			term
			Reference reference `xml:"SubscriptionReference"`
		} `xml:"Body>CreatePullPointSubscriptionResponse"`
	}
	body := call(eventsNamespace, "CreatePullPointSubscription", fmt.Sprintf("<InitialTerminationTime>PT%dS</InitialTerminationTime>", int(lasting.Seconds())))
	err = c.callWith(ctx, service, action(service, eventActions+"EventPortType/CreatePullPointSubscriptionRequest"), body, &answer)
	if err != nil {
		return nil, err
	}
	said := answer.Said
	address, err := within(c.device.Host, said.Reference.Address, "http")
	if err != nil {
		return nil, err
	}
	patient := *c
	patient.http = &http.Client{Transport: transport(c.device.Host, LongestPull+callTime, nil), CheckRedirect: c.http.CheckRedirect}
	s := &Subscription{c: &patient, address: address.String(), until: c.now().Add(lasting), ahead: c.ahead}
	s.prolonged(said.term)
	for _, p := range said.Reference.Parameters.List {
		if strings.Count(s.header, "isReference") == maxReference || len(p.Text) > maxText || len(p.XMLName.Space) > maxText {
			break
		}
		s.header += `<r:` + p.XMLName.Local + ` xmlns:r="` + escape(p.XMLName.Space) + `" xmlns:a="` + addressing + `" a:isReferenceParameter="true">` + escape(strings.TrimSpace(p.Text)) + `</r:` + p.XMLName.Local + `>`
	}
	return s, nil
}

// prolonged believes what the camera says of its clock, which it may have set since, and of the subscription's end.
func (s *Subscription) prolonged(t term) {
	if at, err := instant(t.Current); err == nil {
		if ahead := at.Sub(s.c.now()); (ahead - s.ahead).Abs() > clockStep {
			s.ahead = ahead.Round(time.Second)
		}
	}
	if left, ok := t.left(); ok && left > 0 {
		s.until = s.c.now().Add(left)
	}
}

// Left is for how long the camera keeps the subscription, as far as is known.
func (s *Subscription) Left() time.Duration { return s.until.Sub(s.c.now()) }

func (s *Subscription) ask(ctx context.Context, name, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return gone(s.call(ctx, name, body, into))
}

// call asks the camera, which has accepted the password before: where it does not, its clock may be another since, by
// which that is proved.
func (s *Subscription) call(ctx context.Context, name, body string, into any) error {
	ask := func() error {
		return s.c.callWith(ctx, s.address, action(s.address, name)+s.header, body, into)
	}
	err, was := ask(), s.c.ahead
	if errors.Is(err, ErrPassword) && s.c.Clock(ctx) == nil && (s.c.ahead-was).Abs() > clockStep {
		err = ask()
	}
	return err
}

// gone tells a camera that refuses from one that does not answer.
func gone(err error) error {
	if err == nil || errors.Is(err, ErrAway) || errors.Is(err, ErrPassword) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errors.Join(ErrGone, err)
}

type notification struct {
	Topic   string `xml:"Topic"`
	Message struct {
		Time      string `xml:"UtcTime,attr"`
		Operation string `xml:"PropertyOperation,attr"`
		Source    []item `xml:"Source>SimpleItem"`
		Data      []item `xml:"Data>SimpleItem"`
	} `xml:"Message>Message"`
}

type item struct {
	Name  string `xml:"Name,attr"`
	Value string `xml:"Value,attr"`
}

// Pull waits for events, not longer than wait, which is at most LongestPull. ErrAway says that the camera did not answer, and the subscription may be
// there all the same; ErrGone that it is not.
func (s *Subscription) Pull(ctx context.Context, wait time.Duration) ([]Event, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+callTime)
	defer cancel()
	var answer struct {
		Said struct {
			term
			List []notification `xml:"NotificationMessage"`
		} `xml:"Body>PullMessagesResponse"`
	}
	body := call(eventsNamespace, "PullMessages", fmt.Sprintf("<Timeout>PT%.0fS</Timeout><MessageLimit>%d</MessageLimit>", wait.Seconds(), maxEvents))
	if err := s.call(ctx, eventActions+"PullPointSubscription/PullMessagesRequest", body, &answer); err != nil {
		return nil, gone(err)
	}
	said := answer.Said
	s.prolonged(said.term)
	var out []Event
	for _, n := range said.List[:min(len(said.List), maxEvents)] {
		if e, ok := s.event(n); ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// event reads a message. One that says nothing of a state is none that could be a press.
func (s *Subscription) event(n notification) (Event, bool) {
	e := Event{Topic: topic(n.Topic), Stamp: strings.TrimSpace(n.Message.Time), News: n.Message.Operation == "Changed" || n.Message.Operation == ""}
	if e.Topic == "" || len(e.Stamp) > maxText {
		return e, false
	}
	for _, i := range n.Message.Source {
		e.Source += i.Name + "=" + i.Value + ";"
	}
	if len(e.Source) > 4*maxText {
		return e, false
	}
	if at, err := instant(e.Stamp); err == nil {
		e.At = at.Add(-s.ahead)
	}
	for _, i := range n.Message.Data {
		switch strings.ToLower(strings.TrimSpace(i.Value)) {
		case "true", "1", "on", "active":
			e.On = true
			return e, true
		case "false", "0", "off", "inactive":
			return e, true
		}
	}
	return e, false
}

// topic takes the prefixes out of a topic's name.
func topic(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return ""
	}
	parts := strings.Split(s, "/")
	for i, p := range parts {
		if _, name, ok := strings.Cut(p, ":"); ok {
			parts[i] = name
		}
	}
	return strings.Join(parts, "/")
}

// Renew asks for more time. A camera that prolongs by pulls alone may refuse it.
func (s *Subscription) Renew(ctx context.Context) error {
	var said struct {
		Term term `xml:"Body>RenewResponse"`
	}
	body := call(notifyNamespace, "Renew", fmt.Sprintf("<TerminationTime>PT%dS</TerminationTime>", int(lasting.Seconds())))
	if err := s.ask(ctx, managerActions+"RenewRequest", body, &said); err != nil {
		return err
	}
	s.until = s.c.now().Add(lasting)
	s.prolonged(said.Term)
	return nil
}

// End gives the subscription up: cameras have room for few.
func (s *Subscription) End(ctx context.Context) error {
	var said struct{}
	return s.ask(ctx, managerActions+"UnsubscribeRequest", call(notifyNamespace, "Unsubscribe", ""), &said)
}

// Bell says whether a topic is that of a bell: a button that somebody presses. What a camera sees is never one.
func Bell(topic string) bool {
	parts := strings.Split(topic, "/")
	switch strings.ToLower(parts[len(parts)-1]) {
	case "visitor", "doorbell", "callbutton":
		return true
	case "digitalinput":
		return len(parts) > 1 && strings.EqualFold(parts[len(parts)-2], "Trigger")
	}
	return false
}
