// SPDX-License-Identifier: Apache-2.0

package footage

import (
	"context"
	"io"
)

// ahead is how many segments are fetched before they are asked for.
const ahead = 3

// Ahead reads all segments in order and fetches the next ones meanwhile.
type Ahead struct {
	out    chan segmentOrError
	cancel context.CancelFunc
	done   chan struct{}
}

type segmentOrError struct {
	plain []byte
	err   error
}

// Ahead starts reading. The caller closes it.
func (f *Fetch) Ahead(ctx context.Context) *Ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &Ahead{out: make(chan segmentOrError, ahead), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer close(a.out)
		for i := range f.Len() {
			plain, err := f.Segment(ctx, i)
			select {
			case a.out <- segmentOrError{plain, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return a
}

// Next returns the next segment, opened and checked, or io.EOF.
func (a *Ahead) Next() ([]byte, error) {
	s, ok := <-a.out
	if !ok {
		return nil, io.EOF
	}
	return s.plain, s.err
}

// Close ends reading and waits for it.
func (a *Ahead) Close() {
	a.cancel()
	<-a.done
}
