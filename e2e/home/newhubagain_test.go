// SPDX-License-Identifier: Apache-2.0

package home

import (
	"slices"
	"testing"

	"keyhold/home/camera"
	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// What holds a password cannot come along to a new hub: whoever puts it in is told by name what there was, and nothing of
// what is gone since.
func TestWhatOnlyTheOldHubKnewIsNamed(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	r.another(func(c *camera.Config) {
		c.Feeds[0].Light, c.Speaker = true, &camera.SpeakerConfig{File: r.heard, Post: true}
	})
	broker := r.broker(r.Camera.ONVIF(), r.Camera.Lock())
	r.Begin()
	door := r.Add("Door", "a")
	if w := r.setSpeaker(r.Member, door, r.aloud("p")); w != "" {
		t.Fatalf("a speaker is refused as %q", w)
	}
	if w := r.lights(r.Member, door, &request.Light{Kind: request.LightONVIF}); w != "" {
		t.Fatalf("a light is refused as %q", w)
	}
	r.Do(request.Op{Kind: request.OpSetBell, Camera: door, Bell: &request.Bell{Kind: request.BellWebhook}})
	must(t, r.Member.SetDoor(t.Context(), session.Door{Camera: door, Name: "Garden gate", Kind: lock.HTTP, Way: &lock.Way{URL: "http://192.168.1.7/open", Body: "open"}}, r.digits))
	channel := func(name string) request.Op {
		return request.Op{Kind: request.OpAddChannel, Language: "en", Name: name, Channel: &request.Channel{Kind: request.ChannelMQTT, Topic: "home/said", URL: broker.URL(broker.Password)}}
	}
	for _, name := range []string{"Grandmother", "Nobody"} {
		must(t, r.Member.AddChannel(t.Context(), channel(name), r.digits))
	}
	r.told(tells("Home Assistant", broker.URL(broker.Password), []string{request.TellPress}, door))
	r.told(tells("Tablet", "", []string{request.TellStream}, door))
	r.Do(request.Op{Kind: request.OpRemoveChannel, Name: "Nobody"})
	r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "Tablet"})
	names := func(n *manifest.Names) bool {
		c := n.Cameras[slices.IndexFunc(n.Cameras, func(x manifest.NamedCam) bool { return x.ID == door })]
		return c.Bell && c.Speaker && c.Light && c.Door == "Garden gate" && slices.Equal(n.Channels, []string{"Grandmother"}) && slices.Equal(n.Integrations, []string{"Home Assistant"})
	}
	r.Until("the names saying what there is", func() bool {
		v := r.View()
		return v.Names != nil && len(v.Names.Cameras) > 0 && names(v.Names)
	})
	code := r.anew()
	p := &replace.Replacer{Session: r.Member, Step: func(string) {}}
	must(t, p.Replace(t.Context(), code))
	if !names(p.Was()) {
		t.Errorf("of the old hub is known %+v", p.Was())
	}
	r.Serving()
	r.Until("the new hub's names, without them", func() bool {
		v := r.View()
		return v.Names != nil && v.Names.Seq > v.Roster.Now().First && len(v.Names.Channels)+len(v.Names.Integrations) == 0 &&
			!slices.ContainsFunc(v.Names.Cameras, func(c manifest.NamedCam) bool { return c.Bell || c.Light || c.Speaker || c.Door != "" })
	})
}
