// SPDX-License-Identifier: Apache-2.0

package find

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	deviceNamespace = "http://www.onvif.org/ver10/device/wsdl"
	mediaNamespace  = "http://www.onvif.org/ver10/media/wsdl"
	media2Namespace = "http://www.onvif.org/ver20/media/wsdl"
	schema          = "http://www.onvif.org/ver10/schema"
	// maxProfiles is how many of a camera's profiles are looked at.
	maxProfiles = 16
	// maxSnapshot bounds a picture that a camera sends.
	maxSnapshot = 4 << 20
)

// Details are what a camera says of itself.
type Details struct{ Maker, Model, Serial string }

// Stream is one picture that a camera sends.
type Stream struct {
	// URL is its RTSP address, without a user.
	URL           string
	Codec         string // as the camera calls it: H264, H265, JPEG
	Width, Height int64
	// Snapshot is where a single picture of it is, "" if there is none.
	Snapshot string
}

func call(namespace, name, inner string) string {
	return `<` + name + ` xmlns="` + namespace + `">` + inner + `</` + name + `>`
}

// Clock learns how the camera's clock differs from ours. Cameras say it without a password.
func (c *Client) Clock(ctx context.Context) error {
	var said struct {
		UTC struct {
			Hour   int `xml:"Time>Hour"`
			Minute int `xml:"Time>Minute"`
			Second int `xml:"Time>Second"`
			Year   int `xml:"Date>Year"`
			Month  int `xml:"Date>Month"`
			Day    int `xml:"Date>Day"`
		} `xml:"Body>GetSystemDateAndTimeResponse>SystemDateAndTime>UTCDateTime"`
	}
	user := c.user
	c.user = ""
	defer func() { c.user = user }()
	if err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetSystemDateAndTime", ""), &said); err != nil {
		return err
	}
	if u := said.UTC; u.Year >= 1970 && u.Year < 2200 {
		c.ahead = time.Date(u.Year, time.Month(u.Month), u.Day, u.Hour, u.Minute, u.Second, 0, time.UTC).Sub(c.now()).Round(time.Second)
	}
	return nil
}

// Details asks the camera what it is. It is the call that shows whether user and password are right.
func (c *Client) Details(ctx context.Context) (Details, error) {
	var said struct {
		Found struct {
			Maker  string `xml:"Manufacturer"`
			Model  string `xml:"Model"`
			Serial string `xml:"SerialNumber"`
		} `xml:"Body>GetDeviceInformationResponse"`
	}
	err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetDeviceInformation", ""), &said)
	return Details{Words(said.Found.Maker), Words(said.Found.Model), Words(said.Found.Serial)}, err
}

// service is one of a camera's services, and where it is.
type service struct{ Namespace, XAddr string }

// services lists them.
func (c *Client) services(ctx context.Context) ([]service, error) {
	var said struct {
		Services []service `xml:"Body>GetServicesResponse>Service"`
	}
	err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetServices", "<IncludeCapability>false</IncludeCapability>"), &said)
	return said.Services, err
}

// media finds the camera's media service, the first version if it has it.
func (c *Client) media(ctx context.Context) (address string, second bool, err error) {
	services, err := c.services(ctx)
	if err == nil {
		for _, namespace := range []string{mediaNamespace, media2Namespace} {
			for _, s := range services {
				if strings.TrimSpace(s.Namespace) == namespace && s.XAddr != "" {
					return s.XAddr, namespace == media2Namespace, nil
				}
			}
		}
	}
	if errors.Is(err, ErrPassword) || errors.Is(err, ErrAway) {
		return "", false, err
	}
	// Cameras from before GetServices.
	var old struct {
		Media string `xml:"Body>GetCapabilitiesResponse>Capabilities>Media>XAddr"`
	}
	if err := c.call(ctx, c.device.Service, call(deviceNamespace, "GetCapabilities", "<Category>Media</Category>"), &old); err != nil {
		return "", false, err
	}
	if old.Media == "" {
		return "", false, errors.New("find: the camera names no media service")
	}
	return old.Media, false, nil
}

type profile struct {
	Token string `xml:"token,attr"`
	// First and Second are the same thing in the two versions of the media service.
	First  encoder `xml:"VideoEncoderConfiguration"`
	Second encoder `xml:"Configurations>VideoEncoder"`
}

type encoder struct {
	Encoding string
	Width    int64 `xml:"Resolution>Width"`
	Height   int64 `xml:"Resolution>Height"`
}

// Streams lists what the camera sends, the best for recording first: H.264 before others, then the largest. Each is at
// the camera's own host.
func (c *Client) Streams(ctx context.Context) ([]Stream, error) {
	media, second, err := c.media(ctx)
	if err != nil {
		return nil, err
	}
	namespace, inner := mediaNamespace, ""
	if second {
		namespace, inner = media2Namespace, "<Type>VideoEncoder</Type>"
	}
	var said struct {
		Profiles []profile `xml:"Body>GetProfilesResponse>Profiles"`
	}
	if err := c.call(ctx, media, call(namespace, "GetProfiles", inner), &said); err != nil {
		return nil, err
	}
	var out []Stream
	var last error
	for _, p := range said.Profiles[:min(len(said.Profiles), maxProfiles)] {
		s, err := c.stream(ctx, media, namespace, p)
		if err != nil {
			last = err
			continue
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.Join(errors.New("find: the camera names no stream"), last)
	}
	slices.SortStableFunc(out, func(a, b Stream) int {
		if (a.Codec == "H264") != (b.Codec == "H264") {
			if a.Codec == "H264" {
				return -1
			}
			return 1
		}
		return int(b.Width*b.Height - a.Width*a.Height)
	})
	return out, nil
}

func (c *Client) stream(ctx context.Context, media, namespace string, p profile) (Stream, error) {
	e := p.First
	if namespace == media2Namespace {
		e = p.Second
	}
	s := Stream{Codec: strings.ReplaceAll(strings.ToUpper(Words(e.Encoding)), ".", ""), Width: side(e.Width), Height: side(e.Height)}
	token := "<ProfileToken>" + escape(p.Token) + "</ProfileToken>"
	wish := `<StreamSetup><Stream xmlns="` + schema + `">RTP-Unicast</Stream><Transport xmlns="` + schema + `"><Protocol>RTSP</Protocol></Transport></StreamSetup>` + token
	if namespace == media2Namespace {
		wish = "<Protocol>RTSP</Protocol>" + token
	}
	var said struct {
		First  string `xml:"Body>GetStreamUriResponse>MediaUri>Uri"`
		Second string `xml:"Body>GetStreamUriResponse>Uri"`
	}
	if err := c.call(ctx, media, call(namespace, "GetStreamUri", wish), &said); err != nil {
		return Stream{}, err
	}
	u, err := within(c.device.Host, said.First+said.Second, "rtsp", "rtsps")
	if err != nil {
		return Stream{}, err
	}
	s.URL = u.String()
	var picture struct {
		First  string `xml:"Body>GetSnapshotUriResponse>MediaUri>Uri"`
		Second string `xml:"Body>GetSnapshotUriResponse>Uri"`
	}
	// A camera without single pictures is a camera all the same.
	if err := c.call(ctx, media, call(namespace, "GetSnapshotUri", token), &picture); err == nil {
		if u, err := within(c.device.Host, picture.First+picture.Second, "http"); err == nil {
			s.Snapshot = u.String()
		}
	}
	return s, nil
}

// side is a length of a picture, 0 where it cannot be one.
func side(n int64) int64 {
	if n < 0 || n > 1<<14 {
		return 0
	}
	return n
}

// Snapshot fetches a single picture and makes it small, as JPEG of at most most bytes.
func (c *Client) Snapshot(ctx context.Context, address string, most int) ([]byte, error) {
	u, err := within(c.device.Host, address, "http")
	if err != nil {
		return nil, err
	}
	get := func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	}
	b, status, err := c.do(get, maxSnapshot)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("find: the camera answers with status %d", status)
	}
	return small(b, most)
}
