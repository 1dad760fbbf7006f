// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/blind"
	"keyhold/e2e/harness"
	"keyhold/home/household"
)

const (
	cameraName = "Hawthorn gatepost 31"
	room       = "Larkspur boxroom 58"
	codeText   = "a code before the lens 5f27c1"
	hz         = 1870.0
)

// canaries are a camera's name and room, a person's name, the camera's password, a picture, a sound.
func canaries() []blind.Canary {
	return []blind.Canary{
		{Name: "camera's name", Kind: blind.Text, Text: cameraName},
		{Name: "password", Kind: blind.Text, Text: harness.CameraPassword},
		{Name: "person's name", Kind: blind.Text, Text: harness.PersonName},
		{Name: "camera's room", Kind: blind.Text, Text: room},
		{Name: "picture", Kind: blind.QR, Text: codeText},
		{Name: "sound", Kind: blind.Sound, Hz: hz},
	}
}

// recorded is a world in which a camera was recorded, its footage uploaded, looked at and given to a second device.
func recorded(t *testing.T) *harness.World {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film := w.Path("film.mp4")
	must(t, harness.Film{Seconds: 20, Code: codeText, Hz: hz}.Make(ctx, film))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"gate": film}))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	owner(t, w, "cameras", "add", cameraName, w.CameraURL("gate"), "--room", room)
	must(t, harness.Poll(ctx, 2*time.Minute, "three segments at the cloud", func(ctx context.Context) bool {
		return w.LeaveEarly(ctx, w.CloudURL()) == nil && segments(ctx, w) >= 3
	}))
	secondDevice(t, w)
	owner(t, w, "export", "--camera", cameraName, "--from", "-1h", "--until", "now", "--out", w.Path("export.mp4"))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func owner(t *testing.T, w *harness.World, args ...string) string {
	t.Helper()
	out, err := w.Owner(t.Context(), args...)
	must(t, err)
	return out
}

// segments is how many the owner's device can see.
func segments(ctx context.Context, w *harness.World) int {
	out, err := w.Owner(ctx, "list", "--json")
	if err != nil {
		return 0
	}
	stretches, err := harness.Lines[harness.Stretch](out)
	if err != nil {
		return 0
	}
	n := 0
	for _, s := range stretches {
		n += s.Segments
	}
	return n
}

// secondDevice lets a further device join by an invitation.
func secondDevice(t *testing.T, w *harness.World) {
	t.Helper()
	log := w.Path("logs/invite.log")
	invite, err := harness.Start("invite", log, w.Env, w.Keyhold, "invite", "--own-device", "--device", w.Path("device"))
	must(t, err)
	var link string
	must(t, invite.Until(t.Context(), time.Minute, "an invitation", func(context.Context) bool {
		text, err := os.ReadFile(log)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "/join#") {
				link = strings.TrimSpace(line)
			}
		}
		return err == nil && link != ""
	}))
	_, err = w.Run(t.Context(), "join", link, "--device-name", "A second one", "--device", w.Path("second"))
	must(t, err)
	select {
	case <-invite.Done():
	case <-time.After(30 * time.Second):
		t.Errorf("the invitation was used and still waits")
		must(t, invite.Stop())
	}
}

func TestWhatTheOperatorHolds(t *testing.T) {
	t.Parallel()
	w := recorded(t)
	t.Run("opens with stock tools and the sheet", func(t *testing.T) { stockToolsOpen(t, w) })
	t.Run("tells none of six secrets", func(t *testing.T) { nothingTells(t, w) })
}

// nothingTells looks through all that the operator holds: its files, its database, its logs, and its program's
// memory while it runs. It ends hub and cloud.
func nothingTells(t *testing.T, w *harness.World) {
	ctx := t.Context()

	// A command that the hub has not fetched yet lies sealed at the cloud, the password in it.
	must(t, w.Hub.Stop())
	w.Hub = nil
	brief, cancel := context.WithTimeout(ctx, 5*time.Second)
	_, err := w.Owner(brief, "cameras", "add", cameraName+" again", w.CameraURL("gate"))
	cancel()
	if err == nil {
		t.Fatal("a camera was added with the hub away")
	}
	core := filepath.Join(w.Dir, "core")
	if said, err := exec.CommandContext(ctx, "gcore", "-o", core, fmt.Sprint(w.Cloud.PID())).CombinedOutput(); err != nil {
		t.Fatalf("take a core dump: %v\n%s", err, said)
	}
	core += fmt.Sprintf(".%d", w.Cloud.PID())
	must(t, w.Cloud.Stop())
	w.Cloud = nil

	sealed, err := blind.Scan(ctx, canaries(), w.Path("cloud"), w.Path("logs/cloud.log"), core)
	must(t, err)
	t.Log("the operator's:", sealed)
	for _, f := range sealed.Findings {
		t.Errorf("the operator holds %s: %s, %s", f.Canary, f.Where, f.How)
	}
	if sealed.Files < 4 || sealed.Bytes < 10_000_000 {
		t.Errorf("there was too little to look at: %s", sealed)
	}

	opened, err := blind.Scan(ctx, canaries(), open(t, w))
	must(t, err)
	t.Log("the same, opened:", opened)
	var all []string
	for _, c := range canaries() {
		all = append(all, c.Name)
	}
	slices.Sort(all)
	if !slices.Equal(opened.Found(), all) {
		t.Errorf("the control failed: in the opened material only %q were found of %q", opened.Found(), all)
	}
}

// identities are the files that the recovery sheet gives without hub and cloud.
func identities(t *testing.T, w *harness.World) (string, []identity) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "identities")
	out, err := w.Run(t.Context(), "recover", "--sheet", w.Path("sheet.txt"), "--identities", dir, "--from", w.Path("hub"), "--json")
	must(t, err)
	entries, err := harness.Lines[identity](out)
	must(t, err)
	return dir, entries
}

// identity is the part of the index that is needed here.
type identity struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Packs []struct {
		Object string `json:"object"`
		Files  []struct {
			Kind   string `json:"kind"`
			Offset int64  `json:"offset"`
			Size   int64  `json:"size"`
			Media  int64  `json:"media"`
		} `json:"files"`
	} `json:"packs"`
}

// open opens everything in the operator's folder with the household's keys.
func open(t *testing.T, w *harness.World) string {
	t.Helper()
	dir, entries := identities(t, w)
	age, err := harness.StockAge(t.Context(), t.TempDir())
	must(t, err)
	hub, err := household.OpenKeys(w.Path("hub/keys"), rand.Reader)
	must(t, err)
	var home struct {
		Household string `json:"household"`
	}
	text, err := os.ReadFile(w.Path("device/household.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &home))
	o := &opener{age: age, hub: hub, household: home.Household, out: t.TempDir()}
	for _, e := range entries {
		o.identities = append(o.identities, filepath.Join(dir, e.File))
	}
	must(t, o.cloudFolder(t.Context(), w.Path("cloud")))
	if o.files < 5 || o.mails < 1 {
		t.Errorf("only %d sealed files and %d mails were opened", o.files, o.mails)
	}
	return o.out
}

// stockToolsOpen cuts files out of the operator's objects: each opens with stock age and is a film for any player.
func stockToolsOpen(t *testing.T, w *harness.World) {
	age, err := harness.StockAge(t.Context(), t.TempDir())
	must(t, err)
	dir, entries := identities(t, w)
	films := 0
	for _, e := range entries {
		for _, pack := range e.Packs {
			object, err := os.ReadFile(filepath.Join(w.Path("cloud/objects"), pack.Object[4:6], pack.Object))
			if os.IsNotExist(err) {
				continue // on its way
			}
			must(t, err)
			for _, f := range pack.Files {
				if f.Kind != "segment" {
					continue
				}
				cut := filepath.Join(t.TempDir(), "cut.age")
				must(t, os.WriteFile(cut, object[f.Offset:f.Offset+f.Size], 0o600))
				film := strings.TrimSuffix(cut, ".age") + ".mp4"
				if said, err := exec.CommandContext(t.Context(), age, "-d", "-i", filepath.Join(dir, e.File), "-o", film, cut).CombinedOutput(); err != nil {
					t.Fatalf("age -d: %v\n%s", err, said)
				}
				checkFilm(t, film, f.Media)
				films++
			}
		}
	}
	if films < 3 {
		t.Errorf("only %d films were looked at", films)
	}
}

// checkFilm asks ffprobe and ffmpeg what they think of a segment.
func checkFilm(t *testing.T, film string, media int64) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,nb_read_packets", "-count_packets", "-of", "json", film).Output()
	must(t, err)
	var probed struct {
		Streams []struct {
			Codec   string `json:"codec_name"`
			Packets string `json:"nb_read_packets"`
		} `json:"streams"`
	}
	must(t, json.Unmarshal(out, &probed))
	if len(probed.Streams) != 2 || probed.Streams[0].Codec != "h264" || probed.Streams[1].Codec != "aac" {
		t.Errorf("ffprobe sees %s", out)
		return
	}
	if want := fmt.Sprint((media*15 + 500_000) / 1_000_000); probed.Streams[0].Packets != want {
		t.Errorf("the leaf says %d µs, that is %s pictures; there are %s", media, want, probed.Streams[0].Packets)
	}
	if said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", film, "-f", "null", "-").CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("ffmpeg decodes it with %v:\n%s", err, said)
	}
}
