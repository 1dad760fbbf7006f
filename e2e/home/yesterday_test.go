// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// The cloud has died since yesterday's pictures were recorded. A browser in `keyhold app`, which came in after them, plays
// them out of the hub, with the keys that its owner's other device gave it by the cloud while that was alive.
func TestYesterdayPlaysWithTheCloudDead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := Unpaired(t)
	r.ffmpeg = none
	r.offset.Store(-int64(26 * time.Hour))
	r.Begin()
	door := r.Add("Door", "a")
	var yesterday int64
	r.packs(door, "recording some seconds yesterday", func(list []*manifest.Pack) bool { // the film is to go on for a while
		if len(list) == 0 {
			return false
		}
		yesterday = list[0].Files[0].Start
		files := list[len(list)-1].Files
		return files[len(files)-1].End-yesterday >= 4000
	})
	r.Stop()
	r.offset.Store(0)
	r.Start()
	r.Serving()
	r.packs(door, "recording today", func(list []*manifest.Pack) bool {
		return len(list) > 0 && list[len(list)-1].Files[0].Start > yesterday+int64(time.Hour/time.Millisecond)
	})

	programs, err := harness.Build(ctx, false)
	must(t, err)
	listen, err := freeport.Address(ctx)
	must(t, err)
	_, port, _ := strings.Cut(listen, ":")
	origin, logs := "http://localhost:"+port, t.TempDir()
	app, err := harness.Start("app", filepath.Join(logs, "app.log"), nil, programs.Keyhold, "app", "--listen", listen, "--cloud", r.Origin, "--device", filepath.Join(logs, "none"))
	must(t, err)
	t.Cleanup(app.Kill)
	must(t, app.Until(ctx, time.Minute, "serving the app", func(ctx context.Context) bool { return harness.Answers(ctx, origin) }))
	invited := filepath.Join(logs, "invite.log")
	invite, err := harness.Start("invite", invited, nil, programs.Keyhold, "invite", "--own-device", "--wait", "--origin", origin, "--device", r.Member.Folder.Dir())
	must(t, err)
	t.Cleanup(invite.Kill)
	var link string
	must(t, invite.Until(ctx, time.Minute, "an invitation", func(context.Context) bool {
		text, err := os.ReadFile(invited)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "/join#") && strings.HasSuffix(line, "\n") {
				link = strings.TrimSpace(line)
			}
		}
		return err == nil && link != ""
	}))
	control := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { r.dead() }))
	t.Cleanup(control.Close)
	node := exec.CommandContext(ctx, "node", "--test-reporter=tap", "yesterday.mjs")
	node.Env = append(os.Environ(), "LINK="+link, "ORIGIN="+origin, "OUT="+t.TempDir(), "KILL="+control.URL,
		"CAMERA="+string(door), fmt.Sprintf("AT=%d", yesterday))
	said, err := node.CombinedOutput()
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "figure:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Fatalf("node yesterday.mjs: %v\n%s", err, said)
	}
	// It is a look like any other, by the hub's own record.
	r.way.Store(nil)
	r.Until("the look on record", func() bool {
		v, err := r.Member.Sync(ctx)
		if err != nil {
			return false
		}
		tl, err := v.Timeline(ctx, door, 0, r.now().UnixMilli())
		if err != nil {
			return false
		}
		for _, l := range tl.Looks {
			if l.Device != r.Member.Keys.ID() && l.Purpose == request.PurposeHistory {
				return true
			}
		}
		return false
	})
}
