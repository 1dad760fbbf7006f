// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
)

const (
	// OpAddChannel lets the hub say by another way than alerts that somebody rings; OpRemoveChannel ends that,
	// OpTestChannel sends a word by it now, OpChannels asks for those there are.
	OpAddChannel    = "add-channel"
	OpRemoveChannel = "remove-channel"
	OpTestChannel   = "test-channel"
	OpChannels      = "channels"
)

// Kinds of channels.
const (
	ChannelEmail = "email"
	ChannelMQTT  = "mqtt"
	ChannelNtfy  = "ntfy"
)

const (
	// MaxChannels is how many there may be.
	MaxChannels = 8
	// maxAddress bounds an address for e-mail (RFC 5321), maxToken a token.
	maxAddress = 254
	maxToken   = 512
)

// Channel is by what the household is told in another way: From and To are of e-mail, Topic of MQTT, Token of ntfy. The URL
// may carry user and password. Names: the text names the camera, and who runs the channel reads that.
type Channel struct {
	From  string `json:"from,omitempty"`
	Kind  string `json:"kind"`
	Names bool   `json:"names"`
	To    string `json:"to,omitempty"`
	Token string `json:"token,omitempty"`
	Topic string `json:"topic,omitempty"`
	URL   string `json:"url"`
}

func (c *Channel) check() error {
	if c == nil {
		return nil
	}
	if len(c.From) > maxAddress || len(c.To) > maxAddress || len(c.Token) > maxToken || len(c.Topic) > 256 || len(c.URL) > 2048 {
		return fmt.Errorf("command: a channel with a field too long")
	}
	mail, topic, token := c.From != "" && c.To != "", c.Topic != "", c.Token != ""
	fits := false
	switch c.Kind {
	case ChannelEmail:
		fits = mail && !topic && !token
	case ChannelMQTT:
		fits = c.From+c.To == "" && topic && !token
	case ChannelNtfy:
		fits = c.From+c.To == "" && !topic
	}
	if !fits || c.URL == "" {
		return fmt.Errorf("command: a channel that is not as its kind wants it")
	}
	return nil
}

// ChannelReport is a channel that there is. URL has no user, no password and no path.
type ChannelReport struct {
	Added    int64       `json:"added"`
	By       id.Person   `json:"by"`
	Cameras  []id.Camera `json:"cameras"` // none for all
	From     string      `json:"from"`
	Kind     string      `json:"kind"`
	Language string      `json:"language"`
	// Missed is how many visits were not told since the hub was started.
	Missed int64  `json:"missed"`
	Name   string `json:"name"`
	Names  bool   `json:"names"`
	// Since is when the state began, Told when something was told last since the hub was started, 0 if nothing was.
	Since int64  `json:"since"`
	State string `json:"state"`
	To    string `json:"to"`
	Told  int64  `json:"told"`
	Topic string `json:"topic"`
	URL   string `json:"url"`
}

// channels checks what the operations of this file need.
func (o *Op) channels() error {
	switch {
	case o.Kind == OpChannels:
		return nil
	case o.Name == "":
		return fmt.Errorf("command: a channel needs a name")
	case o.Kind != OpAddChannel:
		return nil
	case o.Channel == nil || o.Language == "":
		return fmt.Errorf("command: a channel needs a kind and a language")
	case len(o.Cameras) > maxScope || len(o.Cameras) > 0 && !ascending(o.Cameras):
		return fmt.Errorf("command: a channel needs its cameras in order")
	}
	return nil
}
