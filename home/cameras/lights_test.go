// SPDX-License-Identifier: Apache-2.0

package cameras_test

import (
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"

	"keyhold/home/cameras"
	"keyhold/home/latch"
	"keyhold/statement/request"
)

func TestALightIsKeptSealedAndForgotten(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	door := camera("Door", 1)
	set := func(l *cameras.Light) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error { return s.SetLight(t.Context(), tx, door.ID, l) })
	}
	lamp := &cameras.Light{Kind: request.LightHTTP, On: "http://u:" + password + "@192.0.2.7/on", Off: "http://u:" + password + "@192.0.2.7/off"}
	if err := set(lamp); !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("of a camera that is not there: %v", err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Add(t.Context(), tx, door) }))
	for _, l := range []*cameras.Light{{Kind: request.LightONVIF, Own: &latch.Device{Relay: true, Serial: "7", Service: "http://192.0.2.7/onvif", Token: "1"}}, lamp} {
		must(t, set(l))
		list, err := s.Lights(t.Context())
		must(t, err)
		if !reflect.DeepEqual(list[door.ID], l) || len(list) != 1 {
			t.Errorf("set to %+v it is %+v", l, list[door.ID])
		}
	}
	var kept []byte
	must(t, db.Read(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(`SELECT way FROM lights`).Scan(&kept) }))
	if strings.Contains(string(kept), password) || strings.Contains(string(kept), "192.0.2.7") {
		t.Error("it is not sealed")
	}
	// What is sealed as something else of the camera is no light.
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE lights SET way = (SELECT url FROM cameras)`)
		return err
	}))
	if _, err := s.Lights(t.Context()); err == nil || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("the camera's address in the place of its light: %v", err)
	}
	must(t, set(nil))
	must(t, set(lamp))
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, door.ID, 9) }))
	if list, err := s.Lights(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("of a camera that is removed it is %+v: %v", list, err)
	}
}
