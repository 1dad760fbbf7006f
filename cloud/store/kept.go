// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"keyhold/statement/id"
)

// Kept is what of a camera stays for as long as it is listed, whatever its age, by the word of one hub of the household.
type Kept struct {
	Household id.Household
	Camera    id.Camera
	// Hub counts the household's hubs from 0.
	Hub     int
	Objects []id.Object
	// Whole says that the lists of the hubs before are let go.
	Whole bool
	// Pages are of the camera.
	Pages []PageKey
}

// Keeping says what stays.
type Keeping interface {
	// PutKept stores a list in place of that hub's older one for the camera. What is listed need not be there, or not yet.
	// Where a household's lists would name more than most objects, or pages, nothing is changed: ErrFull.
	PutKept(ctx context.Context, n Nonce, k Kept, most int) error
}
