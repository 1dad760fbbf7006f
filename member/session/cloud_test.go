// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// ServeHTTP is the cloud.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case parts[0] == "fetch":
		w.fetch(out, r)
	case len(parts) > 3 && parts[2] == "pages":
		hour, _ := strconv.ParseInt(parts[6], 10, 64)
		name := manifest.PageName{Run: id.Run(parts[3]), Camera: id.Camera(parts[4]), Epoch: id.Epoch(parts[5]), Hour: hour}
		page, ok := w.pages[name]
		if w.page != nil {
			page = w.page(name, page)
			ok = page != nil
		}
		if !ok {
			notFound(out)
			return
		}
		w.send(out, w.seal(name.Camera, page))
	case len(parts) > 3 && parts[2] == "tiles":
		w.tile(out, parts[3:])
	case len(parts) > 3 && parts[2] == "objects":
		b := w.objects[id.Object(parts[3])]
		if w.object != nil {
			b = w.object(b)
		}
		http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(b))
	default:
		notFound(out)
	}
}

func notFound(out http.ResponseWriter) {
	out.Header().Set("Content-Type", "application/problem+json")
	out.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(out, `{"type":"urn:keyhold:%s","title":"not there","status":404,"rule":"","id":""}`, api.NotFound)
}

func (w *world) fetch(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var f request.Fetch
	e, err := dsse.Parse(body)
	if err == nil {
		err = e.Read(request.ThingFetch, &f)
	}
	if err != nil {
		w.t.Errorf("the session sent a fetch that cannot be read: %v", err)
	}
	if f.Kind == request.FetchSync {
		w.encode(out, w.sync())
		return
	}
	a := &api.Footage{Address: "/v1/fetched/y", Expires: w.now + 10*minute, Now: w.now}
	for object, b := range w.objects {
		a.Objects = append(a.Objects, api.ObjectRef{Camera: w.camera, Object: object, Size: int64(len(b))})
	}
	if w.footage != nil {
		w.footage(a)
	}
	w.encode(out, a)
}

func (w *world) tile(out http.ResponseWriter, parts []string) {
	i := slices.IndexFunc(w.runs, func(r *run) bool { return string(r.id) == parts[0] })
	level, _ := strconv.Atoi(parts[1])
	n, _ := strconv.ParseInt(parts[2], 10, 64)
	width, _ := strconv.Atoi(parts[3])
	if i < 0 {
		notFound(out)
		return
	}
	b, err := tlog.ReadTileData(tlog.Tile{H: manifest.TileHeight, L: level, N: n, W: width}, w.runs[i])
	if err != nil {
		w.t.Errorf("the session asked for a tile that cannot be: %v", err)
	}
	w.send(out, b)
}

func (w *world) send(out io.Writer, b []byte) {
	if _, err := out.Write(b); err != nil {
		w.t.Errorf("answer: %v", err)
	}
}

func (w *world) encode(out io.Writer, v any) {
	if err := json.NewEncoder(out).Encode(v); err != nil {
		w.t.Errorf("answer: %v", err)
	}
}
