// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/blind"
	"keyhold/e2e/harness"
)

func TestFilmShowsItsCodeAndSoundsItsTone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "film.mp4")
	film := harness.Film{Seconds: 4, Code: "a code to be seen", Hz: 1900, Pulse: true}
	if err := film.Make(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	canaries := []blind.Canary{{Name: "code", Kind: blind.QR, Text: film.Code}, {Name: "tone", Kind: blind.Sound, Hz: film.Hz}, {Name: "other tone", Kind: blind.Sound, Hz: 2300}}
	report, err := blind.Scan(t.Context(), canaries, path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"code", "tone"}; !slices.Equal(report.Found(), want) {
		t.Error(report)
	}
}

func start(t *testing.T, script string) *harness.Process {
	t.Helper()
	p, err := harness.Start("child", filepath.Join(t.TempDir(), "log"), []string{"SAYS=hello"}, "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestProcessStopsWhenAsked(t *testing.T) {
	t.Parallel()
	p := start(t, `trap 'kill $!; exit 0' TERM; echo $SAYS; sleep 60 & wait`)
	err := p.Until(t.Context(), 5*time.Second, "a word", func(context.Context) bool {
		text, err := os.ReadFile(p.Log)
		return err == nil && string(text) == "hello\n"
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

func TestProcessThatDiesSaysWhy(t *testing.T) {
	t.Parallel()
	p := start(t, `echo "the disk is gone"; exit 7`)
	err := p.Until(t.Context(), 5*time.Second, "waiting", func(context.Context) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
	if p.Stop() == nil {
		t.Error("a program that ended by itself was stopped without a word")
	}
}

func TestUntilHasADeadline(t *testing.T) {
	t.Parallel()
	p := start(t, `exec sleep 60`)
	err := p.Until(t.Context(), 100*time.Millisecond, "a wonder", func(context.Context) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "a wonder did not happen within 100ms") {
		t.Error(err)
	}
}
