// SPDX-License-Identifier: Apache-2.0

// Package web carries the built owner app and hands it out.
//
// It is for the two programs that serve the app: the operator's cloud and the household's own
// `keyhold app`. It promises that both send the same bytes under the same strict headers (see
// Headers), and that nothing but the built files can be read through it. It trusts the build
// that filled app/dist. It keeps no state, so a crash leaves nothing behind.
package web

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed all:app/dist
var embedded embed.FS

// ErrNotBuilt says that this program was compiled before the app was built.
var ErrNotBuilt = errors.New("the owner app is not built into this program: run `npm ci && npm run build` in web/ and compile again")

// App returns the files of the built owner app, index.html at the root.
func App() (fs.FS, error) {
	return built(embedded)
}

func built(from fs.FS) (fs.FS, error) {
	app, err := fs.Sub(from, "app/dist")
	if err != nil {
		return nil, fmt.Errorf("web: open the built app: %w", err)
	}
	if _, err := fs.Stat(app, "index.html"); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotBuilt
		}
		return nil, fmt.Errorf("web: look for index.html: %w", err)
	}
	return app, nil
}
