// SPDX-License-Identifier: Apache-2.0

package find

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"keyhold/statement/rule"
)

const (
	doorNamespace = "http://www.onvif.org/ver10/doorcontrol/wsdl"
	// maxDoors is how many of a camera's doors and relays are looked at.
	maxDoors = 32
	// maxToken bounds the token of one, in bytes.
	maxToken = 128
)

// ErrRefused says that the camera has heard a call and said no.
var ErrRefused = errors.New("find: the camera refuses the call")

// ErrUnsure says that a camera has heard that it is to open a door, and has said nothing that tells whether it does.
var ErrUnsure = errors.New("find: the camera does not say whether it opens")

// Door is something that a camera opens: a door of its door control service, or a relay.
type Door struct {
	// Token is the camera's name for it.
	Token string
	// Relay: it is a relay. What becomes of it the camera does not say.
	Relay bool
	// Stays: it is a relay that does not fall back by itself.
	Stays bool
	// Holds: it is a relay that says of itself that it stays as it was set.
	Holds bool
	// Watched: the camera tells how its lock is.
	Watched bool
	service string
}

// Only lets nothing be connected to but what allowed lets pass. It gives back the client.
func (c *Client) Only(allowed func(netip.AddrPort) error) *Client {
	c.http.Transport = transport(c.device.Host, callTime, allowed)
	return c
}

// Doors lists what the camera opens: doors before relays, each in the camera's order. A camera without a door control
// service, as most are, has relays at most.
func (c *Client) Doors(ctx context.Context) ([]Door, error) {
	doors, err := c.controlled(ctx)
	if err != nil {
		return nil, err
	}
	relays, err := c.Relays(ctx)
	if err != nil {
		return nil, err
	}
	return append(doors, relays[:min(len(relays), maxDoors-len(doors))]...), nil
}

// Relays lists the camera's relays, in its order.
func (c *Client) Relays(ctx context.Context) ([]Door, error) {
	var said struct {
		List []struct {
			Token string `xml:"token,attr"`
			Mode  string `xml:"Properties>Mode"`
		} `xml:"Body>GetRelayOutputsResponse>RelayOutputs"`
	}
	err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetRelayOutputs", ""), &said)
	switch {
	case errors.Is(err, ErrRefused): // it has none
		return nil, nil
	case err != nil:
		return nil, err
	}
	var out []Door
	for _, r := range said.List {
		if token(r.Token) && len(out) < maxDoors {
			mode := strings.TrimSpace(r.Mode)
			out = append(out, Door{Token: r.Token, Relay: true, Stays: mode != "Monostable", Holds: mode == "Bistable", service: c.device.Service})
		}
	}
	return out, nil
}

// token says whether a token can be one.
func token(s string) bool { return s != "" && len(s) <= maxToken }

// controlled are the doors of the door control service that can be opened for a moment.
func (c *Client) controlled(ctx context.Context) ([]Door, error) {
	services, err := c.services(ctx)
	if errors.Is(err, ErrRefused) { // a camera from before GetServices
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(services, func(s service) bool { return strings.TrimSpace(s.Namespace) == doorNamespace && s.XAddr != "" })
	if at < 0 {
		return nil, nil
	}
	var said struct {
		List []struct {
			Token string `xml:"token,attr"`
			Can   struct {
				Access  bool `xml:"Access,attr"`
				Monitor bool `xml:"LockMonitor,attr"`
			} `xml:"Capabilities"`
		} `xml:"Body>GetDoorInfoListResponse>DoorInfo"`
	}
	if err := c.call(ctx, services[at].XAddr, call(doorNamespace, "GetDoorInfoList", fmt.Sprintf("<Limit>%d</Limit>", maxDoors)), &said); err != nil {
		return nil, err
	}
	var out []Door
	for _, d := range said.List {
		if d.Can.Access && token(d.Token) && len(out) < maxDoors {
			out = append(out, Door{Token: d.Token, Watched: d.Can.Monitor, service: services[at].XAddr})
		}
	}
	return out, nil
}

// Open tells the camera to open one, once. ErrRefused and ErrPassword say that it does not; ErrAway and ErrUnsure that
// nobody knows.
func (c *Client) Open(ctx context.Context, d Door) error {
	if d.Relay {
		return c.Turn(ctx, d, true)
	}
	var said struct {
		Door *struct{} `xml:"Body>AccessDoorResponse"`
	}
	err := c.call(ctx, d.service, call(doorNamespace, "AccessDoor", "<Token>"+escape(d.Token)+"</Token>"), &said)
	return heard(err, said.Door != nil)
}

// Turn sets a relay, once, with the errors of Open.
func (c *Client) Turn(ctx context.Context, d Door, on bool) error {
	var said struct {
		Relay *struct{} `xml:"Body>SetRelayOutputStateResponse"`
	}
	state := "inactive"
	if on {
		state = "active"
	}
	err := c.call(ctx, d.service, call(deviceNamespace, "SetRelayOutputState", "<RelayOutputToken>"+escape(d.Token)+"</RelayOutputToken><LogicalState>"+state+"</LogicalState>"), &said)
	return heard(err, said.Relay != nil)
}

// heard is what came of a call that changes something, by its error and by whether the camera has said that it did it.
func heard(err error, yes bool) error {
	switch r := rule.Of(err); {
	case r == rule.Length || r == rule.Syntax || r == rule.Depth:
		return errors.Join(ErrUnsure, err) // it has heard it
	case err == nil && !yes:
		return ErrUnsure
	}
	return err
}

// IsOpen says whether the camera says that a door of its door control service is open now.
func (c *Client) IsOpen(ctx context.Context, d Door) (bool, error) {
	var said struct {
		Lock string `xml:"Body>GetDoorStateResponse>DoorState>LockPhysicalState"`
		Mode string `xml:"Body>GetDoorStateResponse>DoorState>DoorMode"`
	}
	if err := c.call(ctx, d.service, call(doorNamespace, "GetDoorState", "<Token>"+escape(d.Token)+"</Token>"), &said); err != nil {
		return false, err
	}
	if d.Watched {
		return strings.TrimSpace(said.Lock) == "Unlocked", nil
	}
	return slices.Contains([]string{"Accessed", "Unlocked", "LockedOpen"}, strings.TrimSpace(said.Mode)), nil
}
