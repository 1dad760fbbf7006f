// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

// Match says which answers an attack is after.
type Match func(*Exchange) bool

// Objects are answers with sealed footage.
func Objects(e *Exchange) bool { return within(e, "objects") }

// Object is the answer with one named object.
func Object(id string) Match {
	return func(e *Exchange) bool { return Objects(e) && path.Base(e.URL.Path) == id }
}

// Pages are answers with sealed leaves.
func Pages(e *Exchange) bool { return within(e, "pages") }

// Tiles are answers with hashes of the tree.
func Tiles(e *Exchange) bool { return within(e, "tiles") }

// within says whether an answer is of this part of a fetched address: /v1/fetched/{id}/{part}/…
func within(e *Exchange, part string) bool {
	steps := strings.Split(strings.TrimPrefix(e.URL.Path, "/"), "/")
	return len(steps) > 3 && steps[0] == "v1" && steps[1] == "fetched" && steps[3] == part && e.Status < 300
}

// Fetches are answers to fetch statements.
func Fetches(e *Exchange) bool {
	return e.Method == http.MethodPost && e.URL.Path == "/v1/fetch" && e.Status < 300
}

// Whole puts other bytes into the place of an object. A request for a part of it gets the part.
func Whole(match Match, bytes func(*Exchange) []byte) Tamper {
	return func(e *Exchange) bool {
		if !match(e) {
			return false
		}
		other := bytes(e)
		if other == nil {
			return false
		}
		from, length := asked(e)
		from = min(from, len(other))
		e.Body = other[from:min(len(other), from+length)]
		return true
	}
}

// asked is the part of an object that an answer carries: its place is in the answer's Content-Range.
func asked(e *Exchange) (from, length int) {
	span, ok := strings.CutPrefix(e.Header.Get("Content-Range"), "bytes ")
	if !ok {
		return 0, 1 << 40
	}
	first, _, _ := strings.Cut(span, "-")
	for _, c := range first {
		from = from*10 + int(c-'0')
	}
	return from, len(e.Body)
}

// FlipBit changes one bit in the middle of a body.
func FlipBit(match Match) Tamper {
	return func(e *Exchange) bool {
		if !match(e) || len(e.Body) == 0 {
			return false
		}
		e.Body = append([]byte(nil), e.Body...)
		e.Body[len(e.Body)/2] ^= 0x10
		return true
	}
}

// Truncate takes the last part of a body away.
func Truncate(match Match) Tamper {
	return func(e *Exchange) bool {
		if !match(e) || len(e.Body) < 2 {
			return false
		}
		e.Body = e.Body[:len(e.Body)*2/3]
		e.Header.Del("Content-Range")
		return true
	}
}

// Drop says that there is no such thing.
func Drop(match Match) Tamper {
	return func(e *Exchange) bool {
		if !match(e) {
			return false
		}
		e.Status = http.StatusNotFound
		e.Header.Set("Content-Type", "application/problem+json")
		e.Header.Del("Content-Range")
		e.Body = []byte(`{"type":"urn:keyhold:not_found","title":"there is no such thing","status":404,"rule":"","id":""}`)
		return true
	}
}

// Edit changes an answer that is a JSON object, field by field.
func Edit(match Match, edit func(map[string]json.RawMessage) bool) Tamper {
	return func(e *Exchange) bool {
		if !match(e) {
			return false
		}
		fields := map[string]json.RawMessage{}
		if json.Unmarshal(e.Body, &fields) != nil || !edit(fields) {
			return false
		}
		body, err := json.Marshal(fields)
		if err != nil {
			return false
		}
		e.Body = body
		return true
	}
}

// Past keeps answers as they once were, to give them again later.
type Past struct {
	match Match
	key   func(*Exchange) string

	mu   sync.Mutex
	kept map[string][]byte
	old  bool
}

// NewPast keeps the answers that match, under a key that is the same for the same question.
func NewPast(match Match, key func(*Exchange) string) *Past {
	return &Past{match: match, key: key, kept: map[string][]byte{}}
}

// Freeze begins to give the kept answers in the place of new ones.
func (p *Past) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = true
}

// Tamper keeps answers until Freeze, and gives them again after it.
func (p *Past) Tamper(e *Exchange) bool {
	if !p.match(e) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.key(e)
	if !p.old {
		p.kept[key] = e.Body
		return false
	}
	body, ok := p.kept[key]
	if ok {
		e.Body = body
	}
	return ok
}

// All does several things to an answer, one after the other.
func All(tampers ...Tamper) Tamper {
	return func(e *Exchange) bool {
		did := false
		for _, t := range tampers {
			did = t(e) || did
		}
		return did
	}
}

// Elsewhere sends requests under these paths to another cloud.
func Elsewhere(base string, prefixes ...string) (Route, error) {
	to, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) *url.URL {
		for _, p := range prefixes {
			if strings.HasPrefix(r.URL.Path, p) {
				return to
			}
		}
		return nil
	}, nil
}
