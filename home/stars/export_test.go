// SPDX-License-Identifier: Apache-2.0

package stars

import (
	"time"

	"keyhold/statement/id"
)

// Due are the cameras whose list is to be told again now.
func Due(b *Book, now time.Time) []id.Camera { return b.due(now) }
