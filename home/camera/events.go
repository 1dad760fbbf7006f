// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	eventsNamespace = "http://www.onvif.org/ver10/events/wsdl"
	notifyNamespace = "http://docs.oasis-open.org/wsn/b-2"
	stampFormat     = "2006-01-02T15:04:05.000Z"
	// pointName is how the addresses of subscriptions begin.
	pointName = "subscription-"
)

func stamp(t time.Time) string { return t.UTC().Format(stampFormat) }

// events is where a feed's events are asked for.
func (o *onvif) events(path string, host netip.Addr) string {
	return "http://" + at(o.addr, host) + "/onvif" + path + "/event_service"
}

// ofEvents answers calls about events, and says whether it was one.
func (o *onvif) ofEvents(w http.ResponseWriter, r *http.Request, f *feed, path string, host netip.Addr, service string, q *question) bool {
	name := q.Body.Call.XMLName
	if f.button == nil || name.Space != eventsNamespace && name.Space != notifyNamespace {
		return false
	}
	point, isPoint := strings.CutPrefix(service, pointName)
	answer := ""
	switch {
	case service == "event_service" && name.Local == "GetEventProperties":
		answer = `<tev:GetEventPropertiesResponse><tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation><wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>` +
			`<wstop:TopicSet>` + topicSet(ButtonTopic) + topicSet(MotionTopic) + `</wstop:TopicSet></tev:GetEventPropertiesResponse>`
	case service == "event_service" && name.Local == "CreatePullPointSubscription":
		made, until, ok := f.button.subscribe()
		if !ok {
			break
		}
		address := strings.TrimSuffix(o.events(path, host), "event_service") + pointName + made
		answer = fmt.Sprintf(`<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>%s</wsa:Address><wsa:ReferenceParameters><k:Number xmlns:k="urn:keyhold:camera">%s</k:Number></wsa:ReferenceParameters></tev:SubscriptionReference>`+
			`<wsnt:CurrentTime>%s</wsnt:CurrentTime><wsnt:TerminationTime>%s</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>`, escape(address), made, stamp(o.c.now()), stamp(until))
	case isPoint && q.Header.Number != point:
		// What it was given with the subscription it wants to hear again.
	case isPoint && name.Local == "PullMessages":
		answer = o.pulled(r, f, point, q)
	case isPoint && name.Local == "Renew":
		if until, ok := f.button.renew(point); ok {
			answer = fmt.Sprintf(`<wsnt:RenewResponse><wsnt:TerminationTime>%s</wsnt:TerminationTime><wsnt:CurrentTime>%s</wsnt:CurrentTime></wsnt:RenewResponse>`, stamp(until), stamp(o.c.now()))
		}
	case isPoint && name.Local == "Unsubscribe":
		if f.button.drop(point) {
			answer = `<wsnt:UnsubscribeResponse/>`
		}
	}
	if answer == "" {
		o.fault(w, http.StatusInternalServerError, "Sender", "ter:InvalidArgVal")
		return true
	}
	envelope(w, http.StatusOK, answer)
	return true
}

// pulled is the answer to a question for events, once there are some or the time is over.
func (o *onvif) pulled(r *http.Request, f *feed, point string, q *question) string {
	wait, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(q.Body.Call.Timeout, "PT")))
	if err != nil {
		return ""
	}
	list, until, err := f.button.pull(r.Context(), point, wait, max(q.Body.Call.Limit, 1))
	if err != nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<tev:PullMessagesResponse><tev:CurrentTime>%s</tev:CurrentTime><tev:TerminationTime>%s</tev:TerminationTime>`, stamp(o.c.now()), stamp(until))
	for _, n := range list {
		operation, source, data := "Changed", "InputToken", "LogicalState"
		if n.first {
			operation = "Initialized"
		}
		if n.topic == MotionTopic {
			source, data = "VideoSourceConfigurationToken", "IsMotion"
		}
		fmt.Fprintf(&b, `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:%s</wsnt:Topic><wsnt:Message>`+
			`<tt:Message UtcTime="%s" PropertyOperation="%s"><tt:Source><tt:SimpleItem Name="%s" Value="button"/></tt:Source><tt:Data><tt:SimpleItem Name="%s" Value="%t"/></tt:Data></tt:Message>`+
			`</wsnt:Message></wsnt:NotificationMessage>`, n.topic, stamp(n.at), operation, source, data, n.on)
	}
	return b.String() + `</tev:PullMessagesResponse>`
}

// topicSet is a topic as the elements of its path.
func topicSet(topic string) string {
	parts := strings.Split(topic, "/")
	open, shut := "", ""
	for i, p := range parts {
		prefix, attribute := "", ""
		if i == 0 {
			prefix = "tns1:"
		}
		if i == len(parts)-1 {
			attribute = ` wstop:topic="true"`
		}
		open += "<" + prefix + p + attribute + ">"
		shut = "</" + prefix + p + ">" + shut
	}
	return open + shut
}
