// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// prefix is where Home Assistant looks for devices, and birth where it says that it has started, unless somebody has
	// changed that there.
	prefix = "homeassistant"
	birth  = prefix + "/status"
	// root begins the topics at which the hub tells how things are.
	root = "keyhold/"
	// What Home Assistant takes for yes, no, there and away unless it is told otherwise.
	yes, no            = "ON", "OFF"
	available, unavail = "online", "offline"
	// ring is the one type that an event of a doorbell has.
	ring = `{"event_type":"ring"}`
)

// device is a discovery message for a device with all its entities:
// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
type device struct {
	Availability string               `json:"availability_topic"`
	Components   map[string]component `json:"components"`
	Device       named                `json:"device"`
	Origin       origin               `json:"origin"`
	QoS          int                  `json:"qos"`
}

type named struct {
	Identifiers  []string `json:"identifiers"`
	Manufacturer string   `json:"manufacturer"`
	Model        string   `json:"model"`
	Name         string   `json:"name"`
}

type origin struct {
	Name string `json:"name"`
}

// component is an entity; one with a platform alone takes an entity away. None has a topic for commands.
type component struct {
	Category string   `json:"entity_category,omitempty"`
	Class    string   `json:"device_class,omitempty"`
	Icon     string   `json:"icon,omitempty"`
	Name     string   `json:"name,omitempty"`
	Platform string   `json:"platform"`
	State    string   `json:"state_topic,omitempty"`
	Types    []string `json:"event_types,omitempty"`
	Unique   string   `json:"unique_id,omitempty"`
}

// entities are what each kind is in Home Assistant.
var entities = map[string]component{
	Lock:     {Platform: "binary_sensor", Class: "lock"}, // on is open
	Online:   {Platform: "binary_sensor", Class: "connectivity", Category: "diagnostic"},
	Press:    {Platform: "event", Class: "doorbell", Types: []string{"ring"}},
	Private:  {Platform: "binary_sensor", Icon: "mdi:eye-off"},
	Watching: {Platform: "binary_sensor", Icon: "mdi:eye"},
}

// pseudonym is what something is called on the broker: nobody who does not have the secret can say what it is, or that it
// is the same as something elsewhere.
func (i *Integration) pseudonym(of string) string {
	m := hmac.New(sha256.New, i.Secret)
	m.Write([]byte("keyhold/v1/integration/" + of))
	return strings.ToLower(base32.StdEncoding.EncodeToString(m.Sum(nil)[:15]))
}

func (i *Integration) self() string { return i.pseudonym("self") }

func (i *Integration) device(c id.Camera) string {
	return "keyhold_" + i.pseudonym("camera/"+string(c))
}

func (i *Integration) base() string { return root + i.self() + "/" }

// here is where it stands whether the hub tells.
func (i *Integration) here() string { return i.base() + "available" }

func (i *Integration) configAt(c id.Camera) string {
	return prefix + "/device/" + i.device(c) + "/config"
}

func (i *Integration) stateAt(c id.Camera, kind string) string {
	return i.base() + i.device(c) + "/" + kind
}

// in says whether something of a camera is in the integration's scope.
func (i *Integration) in(c id.Camera, kind string) bool {
	return i.has(c) && slices.Contains(i.Tells, kind)
}

func (i *Integration) has(c id.Camera) bool {
	return slices.Contains(i.Cameras, c) || rule.Off(rule.Camera)
}

// config is what Home Assistant is told of a camera.
func (i *Integration) config(c Camera) ([]byte, error) {
	d := device{
		Availability: i.here(), QoS: 1, Origin: origin{Name: "Keyhold"}, Components: map[string]component{},
		Device: named{Identifiers: []string{i.device(c.ID)}, Manufacturer: "Keyhold", Model: "Camera", Name: c.Name},
	}
	for _, kind := range i.Tells {
		e, ok := entities[kind]
		if !ok {
			continue // of a version to come
		}
		if kind == Lock && !c.Door {
			d.Components[kind] = component{Platform: e.Platform}
			continue
		}
		e.Name, e.State, e.Unique = words[i.Language][kind], i.stateAt(c.ID, kind), i.device(c.ID)+"_"+kind
		d.Components[kind] = e
	}
	return json.Marshal(d)
}

// message is one that the broker keeps.
type message struct{ topic, payload string }

// messages are what the broker has to keep, in order. What is "" there it has to forget.
func (i *Integration) messages(list []Camera) ([]message, error) {
	var out []message
	for _, c := range i.Cameras {
		if !slices.ContainsFunc(list, func(x Camera) bool { return x.ID == c }) {
			out = append(out, i.nothing(c)...) // it is not there any more
		}
	}
	for _, c := range list {
		if !i.has(c.ID) {
			continue
		}
		config, err := i.config(c)
		if err != nil {
			return nil, err
		}
		out = append(out, message{i.configAt(c.ID), string(config)})
		is := map[string]bool{Lock: c.Open, Online: c.Online, Private: c.Private, Watching: c.Watched}
		for _, kind := range i.Tells {
			if kind == Lock && !c.Door {
				out = append(out, message{i.stateAt(c.ID, kind), ""})
			} else if is, ok := is[kind]; ok {
				out = append(out, message{i.stateAt(c.ID, kind), word(is)})
			}
		}
	}
	// That somebody tells comes last: nothing is taken for true that was so the last time.
	return append(out, message{i.here(), available}), nil
}

// nothing lets the broker forget a camera.
func (i *Integration) nothing(c id.Camera) []message {
	out := []message{{i.configAt(c), ""}}
	for _, kind := range i.Tells {
		if kind != Press { // which the broker never keeps
			out = append(out, message{i.stateAt(c, kind), ""})
		}
	}
	return out
}

func word(is bool) string {
	if is {
		return yes
	}
	return no
}
