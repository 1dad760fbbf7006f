// SPDX-License-Identifier: Apache-2.0

// Command peer asks a camera by an ONVIF client that is not ours, and prints what it understood, a line each: how many
// cameras were found on the loopback, maker, model, serial number; of each profile codec, the address of the stream, that of
// the picture; of each relay its token and mode. Then it lets the relays open.
//
//	peer HOST:PORT USER PASSWORD
package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/kerberos-io/onvif"
	"github.com/kerberos-io/onvif/device"
	"github.com/kerberos-io/onvif/media"
	wsdiscovery "github.com/kerberos-io/onvif/ws-discovery"
	schema "github.com/kerberos-io/onvif/xsd/onvif"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(address, user, password string) error {
	answers, err := wsdiscovery.SendProbe("lo", nil, []string{"dn:NetworkVideoTransmitter"}, map[string]string{"dn": "http://www.onvif.org/ver10/network/wsdl"})
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	found := 0
	for _, a := range answers {
		found += strings.Count(a, "//"+address+"/")
	}
	fmt.Println(found)
	camera, err := onvif.NewDevice(onvif.DeviceParams{Xaddr: address, Username: user, Password: password, AuthMode: onvif.UsernameTokenAuth})
	if err != nil {
		return err
	}
	var info struct {
		Body struct {
			GetDeviceInformationResponse device.GetDeviceInformationResponse
		}
	}
	if err := call(camera, device.GetDeviceInformation{}, &info); err != nil {
		return err
	}
	i := info.Body.GetDeviceInformationResponse
	fmt.Printf("%s\n%s\n%s\n", i.Manufacturer, i.Model, i.SerialNumber)
	var profiles struct {
		Body struct{ GetProfilesResponse media.GetProfilesResponse }
	}
	if err := call(camera, media.GetProfiles{}, &profiles); err != nil {
		return err
	}
	for _, p := range profiles.Body.GetProfilesResponse.Profiles {
		if err := describe(camera, p); err != nil {
			return err
		}
	}
	return relays(camera)
}

// relays prints what can be switched, and switches it.
func relays(camera *onvif.Device) error {
	var outputs struct {
		Body struct {
			GetRelayOutputsResponse struct {
				RelayOutputs []schema.RelayOutput
			}
		}
	}
	if err := call(camera, device.GetRelayOutputs{}, &outputs); err != nil {
		return err
	}
	for _, r := range outputs.Body.GetRelayOutputsResponse.RelayOutputs {
		fmt.Println(r.Token, r.Properties.Mode)
		var said struct {
			Body struct {
				SetRelayOutputStateResponse *struct{}
			}
		}
		if err := call(camera, device.SetRelayOutputState{RelayOutputToken: r.Token, LogicalState: "active"}, &said); err != nil {
			return err
		}
		if said.Body.SetRelayOutputStateResponse == nil {
			return errors.New("a relay that does not say that it was switched")
		}
	}
	return nil
}

// describe prints what a profile sends, and where.
func describe(camera *onvif.Device, p schema.Profile) error {
	encoder := p.VideoEncoderConfiguration
	if encoder == nil || encoder.Encoding == nil {
		return errors.New("a profile without a codec")
	}
	fmt.Println(*encoder.Encoding)
	token, stream, protocol := p.Token, schema.StreamType("RTP-Unicast"), schema.TransportProtocol("RTSP")
	var uri struct {
		Body struct {
			GetStreamUriResponse   media.GetStreamUriResponse
			GetSnapshotUriResponse media.GetSnapshotUriResponse
		}
	}
	setup := &schema.StreamSetup{Stream: &stream, Transport: &schema.Transport{Protocol: &protocol}}
	if err := call(camera, media.GetStreamUri{StreamSetup: setup, ProfileToken: &token}, &uri); err != nil {
		return err
	}
	fmt.Println(uri.Body.GetStreamUriResponse.MediaUri.Uri)
	if err := call(camera, media.GetSnapshotUri{ProfileToken: token}, &uri); err != nil {
		return err
	}
	fmt.Println(uri.Body.GetSnapshotUriResponse.MediaUri.Uri)
	return nil
}

func call(camera *onvif.Device, method, into any) error {
	resp, err := camera.CallMethod(method)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return xml.NewDecoder(resp.Body).Decode(into)
}
