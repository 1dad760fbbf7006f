// SPDX-License-Identifier: Apache-2.0

// Package droptest is a cloud that knows nothing but drop boxes, for tests of what meets in them.
//
// It keeps messages in memory and answers as docs/protocol.md, section 6, says; it waits for nobody.
package droptest

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/pairing"
)

// Cloud holds boxes.
type Cloud struct {
	Client *api.Client

	t     testing.TB
	mu    sync.Mutex
	boxes map[string][]api.Drop // guarded by mu
}

// New starts a cloud for one test.
func New(t testing.TB) *Cloud {
	t.Helper()
	c := &Cloud{t: t, boxes: map[string][]api.Drop{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.Client = &api.Client{Base: server.URL, HTTP: server.Client()}
	return c
}

// Put leaves a message in the box of a token.
func (c *Cloud) Put(token, body []byte) { c.put(pairing.Box(token), body) }

func (c *Cloud) put(box string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boxes[box] = append(c.boxes[box], api.Drop{Body: body, N: int64(len(c.boxes[box]) + 1)})
}

// In returns what lies in the box of a token.
func (c *Cloud) In(token []byte) []api.Drop { return c.after(pairing.Box(token), 0) }

func (c *Cloud) after(box string, n int64) []api.Drop {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]api.Drop{}, c.boxes[box][min(n, int64(len(c.boxes[box]))):]...)
}

// ServeHTTP answers info and drops.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	box, isDrop := strings.CutPrefix(r.URL.Path, "/v1/drops/")
	switch {
	case !isDrop:
		c.answer(w, api.Info{To: make([]byte, 32), Now: time.Now().UnixMilli(), RetentionDays: 30})
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.t.Errorf("read a drop: %v", err)
		}
		c.put(box, body)
		c.answer(w, api.Dropped{N: 1})
	default:
		token, err := base64.StdEncoding.DecodeString(r.Header.Get(api.DropTokenHeader))
		if err != nil || pairing.Box(token) != box {
			c.t.Error("a box is read without its token")
		}
		n, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		if err != nil {
			c.t.Errorf("a box is read after %q", r.URL.Query().Get("after"))
		}
		c.answer(w, api.Drops{Messages: c.after(box, n)})
	}
}

func (c *Cloud) answer(w io.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		c.t.Errorf("answer: %v", err)
	}
	_, _ = w.Write(b) // whoever asked may have stopped waiting
}
