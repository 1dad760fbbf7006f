// SPDX-License-Identifier: Apache-2.0

package session

import (
	"errors"

	"keyhold/api"
	"keyhold/statement/rule"
)

// IsStranger says whether the cloud answered as it answers everybody whom it does not know. It gives no reason: the device
// may have been removed, or its household may not be there.
func IsStranger(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Kind() == api.Unauthenticated && p.Rule == rule.Signature
}
