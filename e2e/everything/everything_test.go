// SPDX-License-Identifier: Apache-2.0

package everything_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/member/export"
)

// whole are the films that lie complete in a folder, with what tells whether they were written again.
func whole(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".mp4") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[path] = fmt.Sprint(info.Sys().(*syscall.Stat_t).Ino, info.ModTime().UnixNano(), info.Size())
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// An export of everything is killed again and again, at any point; it goes on where it was, and what it wrote holds.
func TestKilledAndGoneOn(t *testing.T) {
	t.Parallel()
	segments, kills := must[int](t)(harness.Amount("KEYHOLD_TEST_SEGMENTS", 360)), must[int](t)(harness.Amount("KEYHOLD_TEST_KILLS", 6))
	aStretch := 30
	if segments > 5000 {
		aStretch = 300
	}
	programs := must[harness.Programs](t)(harness.Build(t.Context(), false))
	r := newRecord(t, segments, aStretch)
	dir := t.TempDir()
	folder, out := filepath.Join(dir, "device"), filepath.Join(dir, "everything")
	r.device(folder)
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command(programs.Keyhold, append(args, "--device", folder)...)
		cmd.Env = append(os.Environ(), "TZ=Europe/Berlin")
		return cmd
	}

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	done := map[string]string{}
	struck, cut := 0, 0
	for range kills {
		cmd := run("export", "--all", "--out", out)
		var said strings.Builder
		cmd.Stderr = &said
		// Struck while an object is on its way, or a little later: while a film, its proof or its name is written.
		wait := time.Duration(random.IntN(30)) * time.Millisecond
		left := max(1, segments-len(done)*aStretch)
		gone := make(chan struct{})
		r.strikeAt(1+random.IntN(max(1, left/2)), func() {
			go func() {
				defer close(gone)
				time.Sleep(wait) // part of the attack
				_ = cmd.Process.Kill()
			}()
		})
		check(t, cmd.Start())
		err := cmd.Wait()
		if err == nil {
			break // it was faster
		}
		if cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("it ended with %d:\n%s", cmd.ProcessState.ExitCode(), said.String())
		}
		<-gone
		struck++
		now := whole(t, out)
		for path, was := range done {
			if now[path] != was {
				t.Errorf("%s was complete and was written again", path)
			}
		}
		for path := range now {
			if _, err := export.Check(path); err != nil {
				t.Errorf("after a kill %s does not hold: %v", path, err)
			}
		}
		if len(now) > 0 && len(now) < segments/aStretch {
			cut++
			said, err := run("verify", out).CombinedOutput()
			if err == nil || !strings.Contains(string(said), "was not finished") {
				t.Errorf("keyhold verify of an unfinished export (%v):\n%s", err, said)
			}
		}
		done = now
	}
	if struck == 0 || cut == 0 {
		t.Errorf("it was killed %d times, %d of them in the middle", struck, cut)
	}

	r.strikeAt(0, nil)
	said, err := run("export", "--all", "--out", out, "--json").Output()
	check(t, err)
	var sum struct{ Files, Written, Segments int }
	check(t, json.Unmarshal(said, &sum))
	if sum.Segments != segments || sum.Files < segments/aStretch || sum.Written != sum.Files-len(done) {
		t.Errorf("it wrote %+v, %d films were there", sum, len(done))
	}
	// What lies in films that were there is not asked for again.
	there := 0
	for path := range done {
		there += must[*export.Proved](t)(export.Check(path)).Segments
	}
	if asked := r.objectsAsked(); asked > segments-there {
		t.Errorf("%d segments were asked for, %d were missing", asked, segments-there)
	}
	for path, was := range done {
		if whole(t, out)[path] != was {
			t.Errorf("%s was complete and was written again", path)
		}
	}
	t.Logf("%d segments in %d films, killed %d times, %d of them in the middle", sum.Segments, sum.Files, struck, cut)
	verified(t, r, run, out, sum.Files)
}

// verified: the folder holds, by itself and without the cloud; what is changed, lost or added is found.
func verified(t *testing.T, r *record, run func(...string) *exec.Cmd, out string, files int) {
	t.Helper()
	r.server.Close()
	verify := func(code int, wants ...string) {
		t.Helper()
		cmd := run("verify", out)
		said, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != code {
			t.Errorf("keyhold verify ended with %d (%v), want %d:\n%s", cmd.ProcessState.ExitCode(), err, code, said)
		}
		for _, want := range wants {
			if !strings.Contains(string(said), want) {
				t.Errorf("keyhold verify does not say %q:\n%s", want, said)
			}
		}
	}
	verify(0, fmt.Sprintf("%d films hold", files), "It is the one this device belongs to")

	text := must[[]byte](t)(os.ReadFile(filepath.Join(out, export.IndexName)))
	var index export.Index
	check(t, json.Unmarshal(text, &index))
	if len(index.Cameras) != 1 || index.Cameras[0].Name != "Yard: the back" || !strings.HasPrefix(index.Cameras[0].Folder, "Yard_ the back (cam_") ||
		len(index.Persons) != 1 || index.Persons[0].Name != "Anna" || len(index.Trail) == 0 {
		t.Errorf("the index says %.600s", text)
	}
	films := whole(t, out)
	var one string
	for path := range films {
		one = path
	}
	was := must[[]byte](t)(os.ReadFile(one))
	changed := append([]byte{}, was...)
	changed[60] ^= 1 // pictures and sound begin behind 44 bytes of heads
	check(t, os.WriteFile(one, changed, 0o600))
	verify(3, "1 film is not the hub's", "file-hash")
	check(t, os.Rename(one, one+".away"))
	verify(3, "is gone")
	check(t, os.WriteFile(one, was, 0o600))
	check(t, os.WriteFile(filepath.Join(out, "added.mp4"), was, 0o600))
	verify(0, "added.mp4: not in the index")
}

// Nothing that a killed program left is taken for a film, and a second run without anything new writes nothing.
func TestNothingIsWrittenTwice(t *testing.T) {
	t.Parallel()
	programs := must[harness.Programs](t)(harness.Build(t.Context(), false))
	r := newRecord(t, 40, 20)
	dir := t.TempDir()
	folder, out := filepath.Join(dir, "device"), filepath.Join(dir, "everything")
	r.device(folder)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for try := range 2 {
		r.strikeAt(0, nil)
		said := must[[]byte](t)(exec.CommandContext(ctx, programs.Keyhold, "export", "--all", "--out", out, "--json", "--device", folder).Output())
		var sum struct{ Files, Written int }
		check(t, json.Unmarshal(said, &sum))
		if want := []int{sum.Files, 0}[try]; sum.Written != want || (try == 1 && r.objectsAsked() != 0) {
			t.Errorf("run %d wrote %d of %d films and asked for %d segments", try, sum.Written, sum.Files, r.objectsAsked())
		}
		if try == 0 {
			for path := range whole(t, out) {
				check(t, os.WriteFile(path+".part", []byte("what a killed program left"), 0o600))
			}
		}
	}
	left := must[[]string](t)(filepath.Glob(filepath.Join(out, "*", "*", "*.part")))
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
