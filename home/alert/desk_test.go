// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// household1 is one of a single device.
func household1(t *testing.T) *roster.State {
	t.Helper()
	b, err := os.ReadFile("../../vectors/roster.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Vectors []struct {
			Chain [][]byte `json:"chain"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	s, err := roster.Start(all.Vectors[0].Chain[0], "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhoIsAtHomeIsToldAtOnceWhileTheCloudHangs(t *testing.T) {
	t.Parallel()
	s := household1(t)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var here, pushed, tried int
		var inTurn atomic.Int32
		d := NewDesk(Config{
			Key: key, Roster: func() *roster.State { return s }, May: func(id.Device, id.Camera) bool { return true },
			Here: func(to id.Device, sealed []byte) bool {
				here++
				return true
			},
			Send: func(ctx context.Context, _ id.Device, _ []byte) error {
				inTurn.Add(1)
				<-ctx.Done() // nothing comes back
				return ctx.Err()
			},
			Push: func(alert.Alert, id.Device, []byte) { pushed++ },
			Log:  slog.New(slog.DiscardHandler),
		})
		began := time.Now()
		var waits []func()
		const many = 3 * atOnce
		for n := range int64(many) {
			waits = append(waits, d.Tell(t.Context(), alert.Alert{Seq: n + 1, At: 1, Camera: id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"), Kind: alert.Press}))
			synctest.Wait()
			tried++
			if here != tried || pushed != tried {
				t.Fatalf("of %d alerts %d came at home and %d were pushed", tried, here, pushed)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("they waited %s for the cloud", took)
		}
		for _, wait := range waits {
			wait()
		}
		if n := inTurn.Load(); n != many {
			t.Errorf("%d of %d were given to the cloud", n, many)
		}
	})
}
