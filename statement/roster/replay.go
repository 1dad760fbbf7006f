// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"crypto/ed25519"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Replay verifies a whole chain, genesis first.
//
// Most chains are in order. So links are read, and signatures looked at, on all processors at once, while the checks
// between them go on as if every signature were right; the result counts if every single one was. Whatever goes wrong
// on this way decides nothing: the chain is then replayed link by link, and that says by which rule it is refused.
func Replay(chain [][]byte, want id.Household) (*State, error) {
	if len(chain) == 0 {
		return nil, rule.Errorf(rule.RosterSeq, "roster: the chain is empty")
	}
	if s, ok := sideBySide(chain, want); ok {
		return s, nil
	}
	s, err := Start(chain[0], want)
	if err != nil {
		return nil, err
	}
	for _, link := range chain[1:] {
		if err := s.Append(link); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func sideBySide(chain [][]byte, want id.Household) (*State, bool) {
	s, err := Start(chain[0], want)
	if err != nil {
		return nil, false
	}
	links := chain[1:]
	read := make([]reading, len(links))
	each(len(links), func(i int) { read[i] = readLink(links[i]) })

	type signature struct {
		key          ed25519.PublicKey
		message, sig []byte
	}
	var given []signature
	s.proves = func(key ed25519.PublicKey, message, sig []byte) bool {
		given = append(given, signature{key, message, sig})
		return true
	}
	for i, link := range links {
		if err := s.appendRead(link, read[i]); err != nil {
			return nil, false
		}
	}
	s.proves = ed25519.Verify
	var wrong atomic.Bool
	each(len(given), func(i int) {
		if g := given[i]; !ed25519.Verify(g.key, g.message, g.sig) {
			wrong.Store(true)
		}
	})
	return s, !wrong.Load()
}

// each calls do with 0 to n-1, on all processors, and returns when all is done.
func each(n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
}

// reading is a link as it was read, before anything in it is believed; inner is the removal in it, if it is one.
type reading struct {
	envelope *dsse.Envelope
	link     *Link
	inner    innerReading
	err      error
}

type innerReading struct {
	envelope *dsse.Envelope
	removal  *Removal
	err      error
}

func readLink(envelope []byte) reading {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return reading{err: fmt.Errorf("roster: link: %w", err)}
	}
	r := reading{envelope: e, link: &Link{}}
	if err := e.Read(ThingLink, r.link); err != nil {
		return reading{err: fmt.Errorf("roster: link: %w", err)}
	}
	if op, ok := r.link.Op.(Remove); ok {
		r.inner = readRemoval(op.Removal)
	}
	return r
}

func readRemoval(envelope []byte) innerReading {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return innerReading{err: rule.Errorf(rule.RosterOp, "roster: the removal is malformed: %v", err)}
	}
	r := &Removal{}
	if err := e.Read(ThingRemoval, r); err != nil {
		return innerReading{err: rule.Errorf(rule.RosterOp, "roster: the removal is malformed: %v", err)}
	}
	return innerReading{envelope: e, removal: r}
}
