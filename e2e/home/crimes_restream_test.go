// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"net/url"
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// read lets an integration that may read the door do so, by a program that is not ours, from an address that is perhaps
// spoilt, and ends it.
func (x *smartScene) read(r rule.Name, spoil func(address string) string) error {
	x.t.Helper()
	op := tells("HA", "", []string{request.TellStream}, x.door)
	streams, err := x.Member.AddIntegration(x.t.Context(), op, x.digits)
	must(x.t, err)
	gone := false
	defer func() {
		if !gone {
			x.ends()
		}
	}()
	address := streams[0]
	if spoil == nil { // it is removed
		x.ends()
		gone = true
	} else {
		address = spoil(address)
	}
	if _, err := probe(x.t.Context(), address); err != nil {
		return rule.Errorf(r, "%s", strings.ReplaceAll(err.Error(), address, "the camera"))
	}
	return nil
}

// readPrivate turns the door off, lets everything begin anew once the disk has room again, and reads the door.
func (x *smartScene) readPrivate(off bool) error {
	x.t.Helper()
	err := x.read(rule.Private, func(address string) string {
		x.turned(off)
		x.free.Store(1)
		x.Until("the other camera's end", func() bool { return x.reads("b") == 0 })
		x.free.Store(1 << 40)
		x.Until("the other camera again", func() bool { return x.reads("b") == 1 })
		_ = x.scene.read(rule.Private) // if it is read at all, it is by now
		return address
	})
	x.turned(false)
	return err
}

// crimesOfReading are those of a program that reads cameras by RTSP.
func crimesOfReading() []crime {
	on := func(f func(*smartScene) error) func(*scene) error {
		return func(s *scene) error { return f(s.smart) }
	}
	as := func(address string) string { return address }
	honest := on(func(x *smartScene) error { return x.read(rule.Signature, as) })
	wrong := func(address string) string {
		u, _ := url.Parse(address)
		u.User = url.UserPassword(u.User.Username(), strings.Repeat("a", 32))
		return u.String()
	}
	other := func(c id.Camera, d id.Camera) func(string) string {
		return func(address string) string { return strings.ReplaceAll(address, string(c), string(d)) }
	}
	return []crime{
		{
			name: "reading a camera as an integration with a wrong password", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: on(func(x *smartScene) error { return x.read(rule.Signature, wrong) }), honest: honest,
		},
		{
			name: "reading a camera as an integration that is not in its scope", off: []rule.Name{rule.Camera}, says: string(rule.Camera),
			commit: on(func(x *smartScene) error { return x.read(rule.Camera, other(x.door, x.yard)) }), honest: honest,
		},
		{
			name: "reading a camera as an integration that was removed", off: []rule.Name{rule.Device}, says: string(rule.Device),
			commit: on(func(x *smartScene) error { return x.read(rule.Device, nil) }), honest: honest,
		},
		{
			name: "reading a private camera as an integration", off: []rule.Name{rule.Private}, says: string(rule.Private),
			commit: on(func(x *smartScene) error { return x.readPrivate(true) }), honest: on(func(x *smartScene) error { return x.readPrivate(false) }),
		},
	}
}
