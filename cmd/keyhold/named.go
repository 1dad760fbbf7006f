// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

func noCamera(name string) error {
	return fmt.Errorf("there is no camera %q; see keyhold cameras list", name)
}

// cameraOf is a camera by its name or id, also one that was removed: what it recorded stays.
func cameraOf(v *session.View, name string) (manifest.NamedCam, error) {
	camera, ok := v.Camera(name)
	if !ok {
		return camera, noCamera(name)
	}
	return camera, nil
}

// cameraInUse is one that was not removed.
func cameraInUse(v *session.View, name string) (manifest.NamedCam, error) {
	camera, ok := v.Camera(name)
	if !ok || camera.State != manifest.NameOn {
		return camera, noCamera(name)
	}
	return camera, nil
}

// camerasInUse are several, in the order of their ids, each once.
func camerasInUse(v *session.View, names []string) ([]id.Camera, error) {
	var out []id.Camera
	for _, name := range names {
		camera, err := cameraInUse(v, name)
		if err != nil {
			return nil, err
		}
		out = append(out, camera.ID)
	}
	return sorted(out), nil
}

// namesInUse are the names of those that are still there.
func namesInUse(v *session.View, cameras []id.Camera) string {
	var names []string
	for _, one := range cameras {
		if camera, err := cameraInUse(v, string(one)); err == nil {
			names = append(names, camera.Name)
		}
	}
	return nameOr(strings.Join(names, ", "), "no camera any more")
}
