// SPDX-License-Identifier: Apache-2.0

package home

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"keyhold/e2e/harness"
)

// What Home Assistant documents of a discovery message for a device, and of the two platforms that are used here. Each
// field stands with what it has to be:
// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
// https://www.home-assistant.io/integrations/binary_sensor.mqtt/
// https://www.home-assistant.io/integrations/event.mqtt/
type schema struct {
	fields map[string]func(any) bool
	needs  []string
}

var (
	shared = map[string]func(any) bool{
		"availability_topic": isTopic, "availability_mode": isOf("all", "any", "latest"), "payload_available": isText, "payload_not_available": isText,
		"state_topic": isTopic, "command_topic": isTopic, "qos": isOf(0.0, 1.0, 2.0), "encoding": isText,
	}
	message = schema{needs: []string{"device", "origin", "components"}, fields: with(shared, map[string]func(any) bool{"device": isMap, "origin": isMap, "components": isMap})}
	aDevice = schema{needs: []string{"identifiers"}, fields: map[string]func(any) bool{
		"identifiers": isTexts, "connections": isTexts, "manufacturer": isText, "model": isText, "model_id": isText, "name": isText, "hw_version": isText,
		"serial_number": isText, "sw_version": isText, "via_device": isText, "suggested_area": isText, "configuration_url": isText,
	}}
	anOrigin = schema{needs: []string{"name"}, fields: map[string]func(any) bool{"name": isText, "sw_version": isText, "support_url": isText}}
	entity   = with(shared, map[string]func(any) bool{
		"platform": isText, "unique_id": isText, "name": isText, "icon": isIcon, "entity_category": isOf("config", "diagnostic"), "enabled_by_default": isBool,
		"object_id": isText, "default_entity_id": isText, "json_attributes_topic": isTopic, "value_template": isText,
	})
	platforms = map[string]schema{
		"binary_sensor": {needs: []string{"platform", "unique_id", "state_topic"}, fields: with(entity, map[string]func(any) bool{
			"device_class": isOf("battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door", "gas", "heat", "light", "lock",
				"moisture", "motion", "moving", "occupancy", "opening", "plug", "power", "presence", "problem", "running", "safety", "smoke", "sound", "tamper",
				"update", "vibration", "window"),
			"payload_on": isText, "payload_off": isText, "expire_after": isNumber, "off_delay": isNumber, "force_update": isBool,
		})},
		"event": {needs: []string{"platform", "unique_id", "state_topic", "event_types"}, fields: with(entity, map[string]func(any) bool{
			"device_class": isOf("button", "doorbell", "motion"), "event_types": isTexts,
		})},
	}
	// discoveryTopic is <prefix>/device/<object id>/config.
	discoveryTopic = regexp.MustCompile(`^homeassistant/device/[a-zA-Z0-9_-]+/config$`)
)

func with(a, b map[string]func(any) bool) map[string]func(any) bool {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func isText(v any) bool   { s, ok := v.(string); return ok && s != "" }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isNumber(v any) bool { _, ok := v.(float64); return ok }
func isMap(v any) bool    { m, ok := v.(map[string]any); return ok && len(m) > 0 }
func isIcon(v any) bool   { s, ok := v.(string); return ok && strings.HasPrefix(s, "mdi:") }
func isTopic(v any) bool {
	s, ok := v.(string)
	return ok && s != "" && !strings.ContainsAny(s, "+#\x00")
}

func isTexts(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { return !isText(v) })
}

func isOf(list ...any) func(any) bool {
	return func(v any) bool { return slices.Contains(list, v) }
}

func (s schema) check(what string, v map[string]any) error {
	for _, name := range s.needs {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s without %s", what, name)
		}
	}
	for name, value := range v {
		if is := s.fields[name]; is == nil || !is(value) {
			return fmt.Errorf("%s whose %s is not documented so: %v", what, name, value)
		}
	}
	return nil
}

// discovered is a device as Home Assistant knows it.
type discovered struct {
	Available  string `json:"availability_topic"`
	Components map[string]struct {
		Class    string   `json:"device_class"`
		Name     string   `json:"name"`
		Platform string   `json:"platform"`
		State    string   `json:"state_topic"`
		Types    []string `json:"event_types"`
		Unique   string   `json:"unique_id"`
	} `json:"components"`
	Device struct {
		Identifiers []string `json:"identifiers"`
		Name        string   `json:"name"`
	} `json:"device"`
}

// discover reads a discovery message as documented.
func discover(m harness.Said) (*discovered, error) {
	var all map[string]any
	if err := json.Unmarshal([]byte(m.Payload), &all); err != nil {
		return nil, err
	}
	if !discoveryTopic.MatchString(m.Topic) || !m.Kept {
		return nil, fmt.Errorf("a discovery message at %s, kept: %v", m.Topic, m.Kept)
	}
	if err := message.check("a message", all); err != nil {
		return nil, err
	}
	if err := aDevice.check("a device", all["device"].(map[string]any)); err != nil {
		return nil, err
	}
	if err := anOrigin.check("an origin", all["origin"].(map[string]any)); err != nil {
		return nil, err
	}
	unique := map[any]bool{}
	for name, v := range all["components"].(map[string]any) {
		c, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the component %s is none", name)
		}
		kind, _ := c["platform"].(string)
		if kind == "binary_sensor" && len(c) == 1 {
			continue // so a component is taken away: its platform alone
		}
		s, ok := platforms[kind]
		if !ok {
			return nil, fmt.Errorf("a component of platform %q", kind)
		}
		if err := s.check("a component", c); err != nil {
			return nil, err
		}
		if unique[c["unique_id"]] {
			return nil, fmt.Errorf("two components are %s", c["unique_id"])
		}
		unique[c["unique_id"]] = true
	}
	if strings.Contains(m.Payload, "command") {
		return nil, fmt.Errorf("something can be commanded: %s", m.Payload)
	}
	d := &discovered{}
	return d, json.Unmarshal([]byte(m.Payload), d)
}

// devices are those that stand at the broker, by their names; what was taken back does not.
func devices(e *harness.Ear) (map[string]*discovered, error) {
	newest := map[string]harness.Said{}
	for _, m := range e.All("homeassistant/device/") {
		newest[m.Topic] = m
	}
	out := map[string]*discovered{}
	for _, m := range newest {
		if m.Payload == "" {
			continue
		}
		d, err := discover(m)
		if err != nil {
			return nil, err
		}
		out[d.Device.Name] = d
	}
	return out, nil
}
