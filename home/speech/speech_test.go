// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/home/ingest"
	"keyhold/statement/quickreply"
)

func TestEveryLanguageIsSpoken(t *testing.T) {
	t.Parallel()
	s, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range quickreply.Languages() {
		// It begins like an option, and is none; and what would be read as sounds is left out.
		law, err := s.Say(t.Context(), &quickreply.Reply{Language: language, Text: "--version [[aa]] 1, 2, 3"})
		if err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		if long := time.Duration(len(law)) * time.Second / ingest.SpeechRate; long < time.Second || long > 10*time.Second {
			t.Errorf("%s: it takes %s", language, long)
		}
	}
	for _, r := range []quickreply.Reply{{Language: "fr", Text: "Oui"}, {Language: "de"}, {Language: "en", Text: strings.Repeat("a", quickreply.MaxCharacters+1)}} {
		if _, err := s.Say(t.Context(), &r); err == nil {
			t.Errorf("%q is spoken", r.Text)
		}
	}
	if _, err := s.Say(t.Context(), &quickreply.Reply{Language: "en", Text: strings.Repeat("W", quickreply.MaxCharacters)}); err != nil {
		t.Errorf("the longest: %v", err)
	}
}

func TestWithoutTheProgramItSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	if _, err := Find(filepath.Join(t.TempDir(), "espeak-ng")); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "install it") {
		t.Error(err)
	}
	// One that says something else is no speaker.
	program := filepath.Join(t.TempDir(), "espeak-ng")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Find(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(t.Context(), &quickreply.Reply{Language: "en", Text: "Yes"}); err == nil {
		t.Error("what is no WAV was spoken")
	}
}

// What is lower than half of the new rate stays as loud as it was; what is higher is gone, and does not whistle.
func TestFewerSamplesHaveTheSameToneAndNoOther(t *testing.T) {
	t.Parallel()
	const from = 22_050
	for _, c := range []struct {
		hertz float64
		stays bool
	}{{300, true}, {1000, true}, {3000, true}, {5000, false}, {7000, false}, {10_000, false}} {
		in := make([]int16, from)
		for i := range in {
			in[i] = int16(16_000 * math.Sin(2*math.Pi*c.hertz*float64(i)/from))
		}
		out := resample(in, from, ingest.SpeechRate)
		if len(out) != ingest.SpeechRate {
			t.Fatalf("%d samples", len(out))
		}
		power := 0.0
		for _, x := range out[100 : len(out)-100] {
			power += float64(x) * float64(x)
		}
		loud := math.Sqrt(2*power/float64(len(out)-200)) / 16_000
		if c.stays != (loud > 0.95 && loud < 1.05) || !c.stays && loud > 0.02 {
			t.Errorf("%g Hz is %g times as loud", c.hertz, loud)
		}
	}
}
