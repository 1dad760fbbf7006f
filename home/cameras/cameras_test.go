// SPDX-License-Identifier: Apache-2.0

package cameras_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyhold/home/cameras"
	"keyhold/home/state"
	"keyhold/statement/id"
)

const password = "plum-tartan-84-wick"

func camera(name string, n byte) cameras.Camera {
	return cameras.Camera{
		ID: id.Camera("cam_" + id.Base32(bytes.Repeat([]byte{n}, 16))), Name: name, Added: int64(n),
		URL: "rtsp://viewer:" + password + "@192.0.2.7/door", Small: "rtsp://viewer:" + password + "@192.0.2.7/door/small", Recorded: "made",
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) (*state.DB, *cameras.Store) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	s, err := cameras.Open(db, dir)
	must(t, err)
	return db, s
}

func TestAddressIsSealedAtRestAndForgottenWithItsCamera(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, s := open(t, dir)
	door, yard := camera("Door", 1), camera("Yard", 2)
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(s.Add(t.Context(), tx, door), s.Add(t.Context(), tx, yard))
	}))
	for _, name := range []string{"state.db", "state.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if bytes.Contains(b, []byte(password)) || bytes.Contains(b, []byte("192.0.2.7")) {
			t.Errorf("%s holds the address in the clear", name)
		}
		if name == "state.db-wal" && !bytes.Contains(b, []byte("Door")) {
			t.Error("the search does not even find a name, which is in the clear")
		}
	}
	again, err := cameras.Open(db, dir)
	must(t, err)
	list, err := again.List(t.Context())
	must(t, err)
	if len(list) != 2 || list[0] != door || list[1] != yard {
		t.Errorf("read back: %+v", list)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, door.ID, 9) }))
	if list, err = s.List(t.Context()); err != nil || list[0].URL != "" || list[0].Small != "" || list[0].Recorded != "" || list[0].Removed != 9 || list[1].URL == "" {
		t.Errorf("after removing: %+v (%v)", list, err)
	}
	err = db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, door.ID, 9) })
	if !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestNameIsTakenOnlyByACameraInUse(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	add := func(c cameras.Camera) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error { return s.Add(t.Context(), tx, c) })
	}
	must(t, add(camera("Door", 1)))
	if err := add(camera("Door", 2)); !errors.Is(err, cameras.ErrName) {
		t.Errorf("a second Door: %v", err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, camera("", 1).ID, 5) }))
	must(t, add(camera("Door", 3)))
}

func TestRoomIsSetOfACameraInUse(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	door, yard := camera("Door", 1), camera("Yard", 2)
	door.Room = "Hall"
	place := func(room string) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error { return s.Place(t.Context(), tx, yard.ID, room) })
	}
	if err := place("Garden"); !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("of a camera that is not there: %v", err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(s.Add(t.Context(), tx, door), s.Add(t.Context(), tx, yard))
	}))
	for _, room := range []string{"Garden", "Hall", ""} {
		must(t, place(room))
		yard.Room = room
		list, err := s.List(t.Context())
		must(t, err)
		if list[0] != door || list[1] != yard {
			t.Errorf("placed into %q they are %+v", room, list)
		}
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, yard.ID, 9) }))
	if err := place("Garden"); !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("of a camera that was removed: %v", err)
	}
}

func TestSecondStreamIsSetForgottenAndNeverTakenForTheFirst(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	door := camera("Door", 1)
	set := func(url string) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error { return s.SetSmall(t.Context(), tx, door.ID, url) })
	}
	if err := set("rtsp://192.0.2.7/small"); !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("of a camera that is not there: %v", err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Add(t.Context(), tx, door) }))
	for _, url := range []string{"rtsp://192.0.2.7/other", ""} {
		must(t, set(url))
		list, err := s.List(t.Context())
		must(t, err)
		if list[0].Small != url || list[0].URL != door.URL {
			t.Errorf("set to %q it is %+v", url, list[0])
		}
	}
	must(t, set(door.Small))
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE cameras SET url = (SELECT url FROM small)`)
		return err
	}))
	if _, err := s.List(t.Context()); err == nil || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("the second stream's address in the place of the first's: %v", err)
	}
}

func TestASpeakersAddressIsSetForgottenAndNeverTakenForTheCameras(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	door := camera("Door", 1)
	set := func(url string) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error { return s.SetSpeaker(t.Context(), tx, door.ID, url) })
	}
	if err := set("http://192.0.2.7/talk"); !errors.Is(err, cameras.ErrNotFound) {
		t.Errorf("of a camera that is not there: %v", err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Add(t.Context(), tx, door) }))
	for _, url := range []string{"http://192.0.2.7/talk", "http://u:" + password + "@192.0.2.7/talk"} {
		must(t, set(url))
		list, err := s.List(t.Context())
		must(t, err)
		if list[0].Speaker != url || list[0].URL != door.URL {
			t.Errorf("set to %q it is %+v", url, list[0])
		}
	}
	var kept []byte
	must(t, db.Read(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(`SELECT url FROM speakers`).Scan(&kept) }))
	if strings.Contains(string(kept), password) || strings.Contains(string(kept), "192.0.2.7") {
		t.Error("it is not sealed")
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE cameras SET url = (SELECT url FROM speakers)`)
		return err
	}))
	if _, err := s.List(t.Context()); err == nil || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("the speaker's address in the place of the camera's: %v", err)
	}
	must(t, set(""))
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return s.Remove(t.Context(), tx, door.ID, 9) }))
	list, err := s.List(t.Context())
	must(t, err)
	if list[0].Speaker != "" {
		t.Errorf("forgotten it is %+v", list[0])
	}
}

func TestAddressMovedToAnotherCameraDoesNotOpen(t *testing.T) {
	t.Parallel()
	db, s := open(t, t.TempDir())
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		if err := errors.Join(s.Add(t.Context(), tx, camera("Door", 1)), s.Add(t.Context(), tx, camera("Yard", 2))); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `UPDATE cameras SET url = (SELECT url FROM cameras WHERE name = 'Door') WHERE name = 'Yard'`)
		return err
	}))
	if _, err := s.List(t.Context()); err == nil || !strings.Contains(err.Error(), "does not open") || strings.Contains(err.Error(), password) {
		t.Errorf("%v", err)
	}
}
