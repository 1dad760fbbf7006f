// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Place says on whose machine the app is served, which decides whether recovery words may be
// shown and typed.
type Place string

const (
	// Operator is the cloud's origin: one joins there by invitation, words are never asked for.
	Operator Place = "operator"
	// Own is `keyhold app` on the reader's own computer.
	Own Place = "own"
)

const placeMark = `data-place="operator"`

// Handler serves the owner app: the page at "/" and "/join" (an invitation's secret stays in the
// fragment, which no browser sends), its files beside it, 404 for the rest. File names under
// assets/ carry their hash and may be kept for ever; the page itself is asked for each time.
func Handler(place Place) (http.Handler, error) {
	app, err := App()
	if err != nil {
		return nil, err
	}
	return newHandler(app, place)
}

func newHandler(app fs.FS, place Place) (http.Handler, error) {
	page, err := fs.ReadFile(app, "index.html")
	if err != nil {
		return nil, fmt.Errorf("web: read index.html: %w", err)
	}
	// The built page says "operator", the careful one, so that a server which forgets to say
	// anything never offers to type recovery words.
	if !bytes.Contains(page, []byte(placeMark)) {
		return nil, fmt.Errorf("web: index.html lacks %s: build the app again", placeMark)
	}
	switch place {
	case Operator:
	case Own:
		page = bytes.Replace(page, []byte(placeMark), []byte(`data-place="own"`), 1)
	default:
		return nil, fmt.Errorf("web: unknown place %q", place)
	}
	files := http.FileServerFS(app)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetHeaders(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		switch {
		case name == "" || name == "join" || name == "index.html":
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
			return
		case strings.HasPrefix(path.Base(name), "."):
			http.NotFound(w, r)
			return
		}
		if info, err := fs.Stat(app, name); err != nil || info.IsDir() {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		files.ServeHTTP(w, r)
	}), nil
}
