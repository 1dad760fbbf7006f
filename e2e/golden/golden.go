// SPDX-License-Identifier: Apache-2.0

// Package golden makes a household with the real programs, to be frozen, and reads such a household as any later
// version has to be able to: the hub's folder, the cloud's database, devices, an export, and the sheet that opens it
// all without a cloud.
//
// It promises that Read fails if anything that was readable when the household was made is not, or opens to something
// else. It trusts expected.json, which lies under the sums of vectors/golden. What it starts it ends.
package golden

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/member/device"
	"keyhold/member/invite"
	"keyhold/member/session"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// Expected is what a household was when it was made.
type Expected struct {
	Household string `json:"household"`
	Head      string `json:"head"`
	// People and Devices are how many were there.
	People  int `json:"people"`
	Devices int `json:"devices"`
	// Files are the hashes of what the sheet opens, by place: object and offset.
	Files map[string]string `json:"files"`
	// Epochs are how many keys the sheet gives.
	Epochs int `json:"epochs"`
}

const (
	expectedFile = "expected.json"
	enough       = 4 // segments, so that there is more than one pack
	longEnough   = 5 * time.Minute
)

// Make lets a household come about in a folder of its own and puts what is to be kept into out.
func Make(ctx context.Context, programs harness.Programs, dir, out string) (err error) {
	w, err := harness.NewWorld(ctx, dir, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := begin(ctx, w); err != nil {
		return err
	}
	if err := live(ctx, w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := keep(dir, out); err != nil {
		return err
	}
	found, err := look(ctx, out)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(found, "", " ")
	if err != nil {
		return fmt.Errorf("golden: %w", err)
	}
	return os.WriteFile(filepath.Join(out, expectedFile), append(text, '\n'), 0o644)
}

func begin(ctx context.Context, w *harness.World) error {
	film := harness.Film{Seconds: 30, Small: true, Hz: 440}
	if err := film.Make(ctx, w.Path("door.mp4")); err != nil {
		return err
	}
	if err := w.StartCloud(ctx); err != nil {
		return err
	}
	if err := w.StartCameras(ctx, map[string]string{"door": w.Path("door.mp4")}); err != nil {
		return err
	}
	if err := w.StartHub(ctx); err != nil {
		return err
	}
	if err := w.Pair(ctx, w.CloudURL()); err != nil {
		return err
	}
	_, err := w.Owner(ctx, "cameras", "add", "Front door", w.CameraURL("door"))
	return err
}

// live is what happens to the household: people and devices come and go, keys change, something is exported.
func live(ctx context.Context, w *harness.World) error {
	week := []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}}
	now := time.Now().UnixMilli()
	for _, o := range []struct {
		dir   string
		offer invite.Offer
	}{
		{"tablet", invite.Offer{From: harness.PersonName, History: true, Kind: invite.ForDevice}},
		{"guardian", invite.Offer{From: harness.PersonName, History: true, Kind: invite.ForPerson, Name: "Guardian", Role: roster.Guardian}},
		{"sitter", invite.Offer{From: harness.PersonName, Kind: invite.ForPerson, Name: "Sitter", Role: roster.Guest, Rights: []roster.Right{
			{Actions: []roster.Action{roster.History, roster.Live}, Hours: week, Since: now, Until: now + 8*24*3_600_000, Zone: "Europe/Berlin"},
		}}},
	} {
		if err := bring(ctx, w, o.dir, o.offer); err != nil {
			return fmt.Errorf("bring in the %s: %w", o.dir, err)
		}
	}
	if _, err := w.Owner(ctx, "rotate"); err != nil {
		return err
	}
	if _, err := w.Owner(ctx, "remove", "tablet", "--yes"); err != nil {
		return err
	}
	n := 0
	err := w.Hub.Until(ctx, longEnough, "recording", func(ctx context.Context) bool {
		n++
		file := w.Path(fmt.Sprintf("export-%d.mp4", n))
		s, err := w.Command(ctx, "export", "--camera", "Front door", "--from", "-5m", "--until", "now", "--out", file, "--device", w.Path("device"))
		if err != nil || s.Code != 0 {
			return false
		}
		out, err := w.Owner(ctx, "list", "--json")
		if err != nil {
			return false
		}
		lines, err := harness.Lines[harness.Stretch](out)
		segments := 0
		for _, l := range lines {
			segments += l.Segments
		}
		if err != nil || segments < enough {
			return false
		}
		return os.Rename(file, w.Path("export.mp4")) == nil && os.Rename(file+".proof", w.Path("export.mp4.proof")) == nil
	})
	return err
}

// bring lets the owner's device invite, and a new one join; the gesture is what the hub shows.
func bring(ctx context.Context, w *harness.World, dir string, offer invite.Offer) error {
	client := func() *api.Client { return &api.Client{Base: w.CloudURL(), HTTP: new(http.Client)} }
	folder, err := device.Open(w.Path("device"))
	if err != nil {
		return err
	}
	s, err := session.Open(folder, client())
	if err != nil {
		return err
	}
	inviting, err := invite.New(ctx, s, offer, w.CloudURL())
	if err != nil {
		return err
	}
	inviting.Gesture = func(bool) (string, error) {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub"))
		return strings.TrimSpace(out), err
	}
	done := make(chan error, 1)
	go func() {
		_, err := inviting.Wait(ctx, longEnough)
		done <- err
	}()
	_, invitation, err := pairing.ParseLink(inviting.Link)
	if err == nil {
		j := &invite.Joiner{
			Client: client(), Now: time.Now, Rand: rand.Reader, Step: func(string) {}, Words: func([]string) {},
			Accept: func(o invite.Offer) (string, error) { return o.Name, nil },
		}
		_, _, err = j.Join(ctx, invitation, dir, w.Path(dir))
	}
	return errors.Join(err, <-done)
}

// kept is what a household leaves: what programs need to go on, and what people hold in their hands. The cloud's copy
// of the packs is the hub's.
var kept = []string{"hub", "cloud/cloud.db", "cloud/cloud.key", "device", "guardian", "sitter", "sheet.txt", "export.mp4", "export.mp4.proof"}

func keep(dir, out string) error {
	for _, name := range kept {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "cache" {
				return filepath.SkipDir // what can be fetched again
			}
			if err != nil || !d.Type().IsRegular() || d.Name() == "lock" {
				return err
			}
			rest, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			to := filepath.Join(out, rest)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			return os.WriteFile(to, b, 0o644)
		})
		if err != nil {
			return fmt.Errorf("golden: keep %s: %w", name, err)
		}
	}
	return nil
}
