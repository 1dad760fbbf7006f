// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Lock takes a hub's folder for this process, or says ErrBusy. The caller closes it. It is free from then on, also while
// a child that is just being started holds what this process had open.
func Lock(dir string) (io.Closer, error) {
	l := flock.New(filepath.Join(dir, "lock"))
	switch ok, err := l.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("hub: lock: %w", err)
	case !ok:
		return nil, ErrBusy
	}
	return l, nil
}
