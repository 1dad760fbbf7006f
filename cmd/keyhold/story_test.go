// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keyhold/e2e/harness"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keyhold": main})
}

// TestScripts plays testdata/script with this program, a real cloud, a real hub and a simulated camera;
// with -short only what needs no household.
func TestScripts(t *testing.T) {
	if testing.Short() {
		play(t, testscript.Params{Files: []string{"testdata/script/init.txtar"}}, harness.Programs{}, "")
		return
	}
	programs, err := harness.Build(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	film := filepath.Join(t.TempDir(), "door.mp4")
	if err := (harness.Film{Seconds: 10, Colour: "SteelBlue", Hz: 440}).Make(t.Context(), film); err != nil {
		t.Fatal(err)
	}
	play(t, testscript.Params{Dir: "testdata/script"}, programs, film)
}

func play(t *testing.T, p testscript.Params, programs harness.Programs, film string) {
	t.Helper()
	p.RequireExplicitExec = true
	p.Cmds = map[string]func(*testscript.TestScript, bool, []string){
		"household": func(ts *testscript.TestScript, _ bool, cameras []string) { household(ts, programs, film, cameras) },
		"code":      exitCode,
		"linked":    linked,
		"edit":      edit,
		"cut":       cut,
		"wrong":     wrongWord,
	}
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
		e.Setenv("TZ", "Europe/Berlin")
		return nil
	}
	testscript.Run(t, p)
}

// household starts a cloud, a camera and a hub, and pairs the script's device with it. More cameras can be named:
// household [NAME…]
func household(ts *testscript.TestScript, programs harness.Programs, film string, cameras []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	ts.Defer(cancel)
	keyhold, err := exec.LookPath("keyhold")
	ts.Check(err)
	programs.Keyhold = keyhold
	dir := ts.MkAbs("world")
	ts.Check(os.MkdirAll(dir, 0o700))
	w, err := harness.NewWorld(ctx, dir, programs)
	ts.Check(err)
	ts.Defer(func() {
		if err := w.Close(); err != nil {
			ts.Logf("stop the household: %v", err)
		}
	})
	ts.Check(w.StartCloud(ctx))
	films := map[string]string{"door": film}
	for _, name := range cameras {
		films[name] = film
	}
	ts.Check(w.StartCameras(ctx, films))
	ts.Check(w.StartHub(ctx))
	ts.Check(w.Pair(ctx, w.CloudURL()))
	ts.Setenv("KEYHOLD_DEVICE", w.Path("device"))
	ts.Setenv("CLOUD", w.CloudURL())
	ts.Setenv("CAMERA", w.CameraURL("door"))
	ts.Setenv("SHEET", w.Path("sheet.txt"))
	ts.Setenv("WORLD", dir)
	ts.Setenv("CAMERA_USER", harness.CameraUser)
	ts.Setenv("CAMERA_PASSWORD", harness.CameraPassword)
}

// exitCode runs a command that has to end with a code: code N PROGRAM ARGS…
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("ended with %d, want %d", got, want)
	}
}

// linked waits for an invitation that a command in the background writes to a file: linked FILE ENV
func linked(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if link := strings.TrimSpace(string(text)); err == nil && strings.HasSuffix(string(text), "\n") {
			if strings.Count(string(text), "\n") != 1 || !strings.Contains(link, "/join#") {
				ts.Fatalf("standard output holds more than a link: %q", text)
			}
			ts.Setenv(args[1], link)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no invitation in %s", args[0])
		}
		time.Sleep(20 * time.Millisecond) // polling a file, with a deadline
	}
}

// edit changes one byte of a file: edit FILE OFFSET
func edit(ts *testscript.TestScript, _ bool, args []string) {
	at, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	ts.Check(err)
	b[0] ^= 1
	_, err = f.WriteAt(b[:], at)
	ts.Check(err)
}

// cut takes bytes off the end of a file: cut FILE BYTES
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()-n))
}

// wrongWord writes the sheet's words with one of them replaced, or two swapped: wrong FILE POSITION WORD|swap
func wrongWord(ts *testscript.TestScript, _ bool, args []string) {
	words, err := harness.SheetWords(ts.Getenv("SHEET"))
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	right := words[n-1]
	if args[2] == "swap" {
		words[n-1], words[n] = words[n], words[n-1]
	} else {
		words[n-1] = args[2]
	}
	ts.Setenv("RIGHT", right)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(words, "\n")+"\n"), 0o600))
}
