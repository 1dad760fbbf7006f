// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"
	"time"
)

// Times are hours of a week in a zone, made ready for asking.
type Times struct{ table timetable }

// NewTimes reads hours. A zone that this program does not know is an error, as CheckHours has none.
func NewTimes(hours []Hours, zone string) (*Times, error) {
	if err := CheckHours(hours, zone); err != nil {
		return nil, err
	}
	if zone == "" {
		return &Times{}, nil
	}
	z, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("hours in a time zone that nobody here knows: %w", err)
	}
	return &Times{newTimetable(z, hours)}, nil
}

// Open says whether a moment (ms) lies in them; no hours are never.
func (t *Times) Open(at int64) bool { return t.table.open(at, &clock{}) }

// CheckHours refuses hours that no statement may carry: they are those of a right.
func CheckHours(hours []Hours, zone string) error {
	return (&Right{Actions: []Action{Private}, Hours: hours, Zone: zone}).check()
}
