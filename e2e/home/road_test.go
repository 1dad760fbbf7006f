// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/check"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/internal/intime"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

func (r *Rig) refused(op request.Op, word string) {
	r.t.Helper()
	_, err := r.Member.Do(r.t.Context(), op)
	var no *session.RefusedError
	if !errors.As(err, &no) || no.Word != word {
		r.t.Errorf("%s is answered with %v, not refused as %s", op.Kind, err, word)
	}
}

func TestCameraIsLookedAtBeforeItIsAdded(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	add := func(name, url string) request.Op { return request.Op{Kind: request.OpAddCamera, Name: name, URL: url} }
	host := r.Camera.Addr().String()
	r.refused(add("Door", "rtsp://u:wrong@"+host+"/a"), request.RefusedPassword)
	r.refused(add("Door", "rtsp://u:p@127.0.0.1:1/a"), request.RefusedUnreachable)
	r.refused(add("Door", "gopher://"+host+"/a"), request.RefusedAddress)
	if list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras; len(list) != 0 {
		t.Errorf("what was refused is listed: %v", list)
	}
	door := r.Add("Door", "a")
	r.refused(add("Door", r.URL("b")), request.RefusedExists)
	r.Until("recording", func() bool {
		list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras
		return len(list) == 1 && list[0].ID == door && list[0].State == request.CameraRecording && list[0].Width == 640 && list[0].Audio == "aac"
	})
	r.refused(request.Op{Kind: request.OpRemoveCamera, Camera: "cam_" + id.Camera(id.Base32(make([]byte, 16)))}, request.RefusedNotFound)
}

// A camera that made its certificate itself is known by it from the moment on at which it is added.
func TestACameraOverTLSIsTheOneThatWasAdded(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	var asked atomic.Int32
	serve := func(addr string) *camera.Camera {
		own := cameratest.Certificate(t)
		own.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			asked.Add(1)
			return nil, nil
		}
		c, err := camera.Start(camera.Config{
			Addr: addr, User: "u", Pass: "p", TLS: own, Feeds: []camera.Feed{{Path: "a", File: cameratest.Clip(t, cameratest.Silent())}},
		})
		must(t, err)
		t.Cleanup(c.Close)
		return c
	}
	state := func() string {
		list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras
		if len(list) != 1 {
			t.Fatalf("%d cameras", len(list))
		}
		return list[0].State
	}
	c := serve("127.0.0.1:0")
	addr := c.Addr().String()
	r.Do(request.Op{Kind: request.OpAddCamera, Name: "Door", URL: "rtsps://u:p@" + addr + "/a"})
	r.Until("recording", func() bool { return state() == request.CameraRecording })

	c.Close()
	r.Until("it is lost", func() bool { return state() == request.CameraLost })
	asked.Store(0)
	serve(addr) // with another certificate
	r.Until("asking who that is", func() bool { return asked.Load() > 0 })
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got := state(); got != request.CameraLost {
			t.Fatalf("something else at its address is %s", got)
		}
	}
}

func TestRemovedCameraKeepsItsFootageAndFreesItsName(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: door})
	if list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras; len(list) != 0 {
		t.Errorf("a removed camera is listed: %v", list)
	}
	r.Until("reading the new names", func() bool {
		return reflect.DeepEqual(r.View().Names.Cameras, []manifest.NamedCam{{ID: door, Name: "Door", State: manifest.NameRemoved}})
	})
	again := r.Add("Door", "b")
	if again == door {
		t.Error("a new camera has the id of the old one")
	}
	if n := len(r.Timeline(door).Segments); n == 0 {
		t.Error("the footage of a removed camera is gone")
	}
	// Somebody looks at the old footage: that is written down, and the camera's record still ends in order.
	now := r.now().UnixMilli()
	_, err := r.Member.Footage(t.Context(), request.PurposeHistory, door, now-3_600_000, now)
	must(t, err)
	r.Until("the look on the record", func() bool { return len(r.Timeline(door).Looks) == 1 })
}

func TestRotationStartsANewPackForANewEpoch(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	before := r.Packs(door, 1)
	r.Do(request.Op{Kind: request.OpRotate})
	after := r.NewEpoch(door, before[0].Epoch)
	if _, err := r.Member.Steady(t.Context(), func(v *session.View) error {
		for _, p := range after {
			if _, err := v.Identity(t.Context(), door, p.Epoch); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Errorf("the member cannot open it: %v", err)
	}
	gapless(t, r.Timeline(door))
}

// gapless wants footage without a hole or a gap.
func gapless(t *testing.T, tl *session.Timeline) {
	t.Helper()
	if len(tl.Gaps) > 0 {
		t.Errorf("gaps: %+v", tl.Gaps[0])
	}
	for i := 1; i < len(tl.Segments); i++ {
		if d := tl.Segments[i].Start - tl.Segments[i-1].End; d > 500 {
			t.Errorf("%d ms are missing between two segments", d)
		}
	}
}

func TestNewDeviceReadsFromTheNextSegmentOn(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	f := r.Device(r.owner())
	second, state := f.session(), r.Member.Roster
	// The hub gives the same answer to the same link, and refuses another at that place.
	link := state.Chain[len(state.Chain)-1]
	reply := r.Do(request.Op{Kind: request.OpAppendLink, Link: link, Name: "Again"})
	if !slices.Equal(reply.Result.Link, link) || reply.Head.Seq != 1 {
		t.Errorf("the link sent again is answered with head %d", reply.Head.Seq)
	}
	must(t, func() error {
		_, err := r.Member.Steady(t.Context(), func(*session.View) error { return nil })
		return err
	}())
	packs := r.NewEpoch(door, r.Packs(door, 1)[0].Epoch)
	last := packs[len(packs)-1]
	if _, err := second.Steady(t.Context(), func(v *session.View) error {
		_, err := v.Identity(t.Context(), door, last.Epoch)
		return err
	}); err != nil {
		t.Errorf("the new device does not open what is recorded now: %v", err)
	}
	gapless(t, r.Timeline(door))
	names := r.View().Names
	if i := slices.IndexFunc(names.Devices, func(d manifest.NamedDev) bool { return d.Name == "Another" }); i != 1 {
		t.Errorf("the names are %+v", names.Devices)
	}
}

func TestLooksAreWrittenDownOnce(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	now := r.now().UnixMilli()
	for range 3 {
		_, err := r.Member.Footage(t.Context(), request.PurposeTiles, door, now-60_000, now)
		must(t, err)
	}
	// Whoever asks for another stretch sees something else, and that is another look.
	_, err := r.Member.Footage(t.Context(), request.PurposeTiles, door, now-30*24*3_600_000, now)
	must(t, err)
	_, err = r.Member.Footage(t.Context(), request.PurposeExport, door, now-60_000, now)
	must(t, err)
	r.Until("the looks on the record", func() bool {
		looks := r.Timeline(door).Looks
		return len(looks) >= 3 && looks[len(looks)-1].Purpose == request.PurposeExport
	})
	looks := r.Timeline(door).Looks
	if len(looks) != 3 || looks[0].Purpose != request.PurposeTiles || looks[0].Person != r.Member.Person() {
		t.Errorf("%d looks, the first %+v", len(looks), looks[0])
	}
}

// A device that asks and never reads its answers fills its own box, and stops nobody else.
func TestFullMailboxStopsNothingElse(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	before := r.Packs(door, 1)
	keys, err := household.ReadKeys(hub.LayoutOf(r.Dir).Keys)
	must(t, err)
	client, me := r.client(), r.Member.Keys.ID()
	for err == nil {
		err = client.Mail(t.Context(), api.Signer{From: id.Hub, Key: keys.Sign}, r.Member.Home.Household, me, []byte("unread"))
	}
	if api.KindOf(err) != api.TooMany {
		t.Fatalf("the box is not full: %v", err)
	}
	// Its answers cannot be delivered, so they are not waited for.
	tell := func(op request.Op) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if reply, err := r.Member.Do(ctx, op); err == nil {
			t.Errorf("%s is answered: %+v", op.Kind, reply)
		}
	}
	tell(request.Op{Kind: request.OpPing})
	r.Until("footage under a new epoch", func() bool {
		tell(request.Op{Kind: request.OpRotate}) // again: on a busy machine a second may not do for one of them
		tell(request.Op{Kind: request.OpLeaveEarly})
		segments := r.Timeline(door).Segments
		return segments[len(segments)-1].Pack.Epoch != before[0].Epoch
	})
}

func TestManyLooksDoNotOverflowAPage(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	before := r.Packs(door, 1)
	now := r.now().UnixMilli()
	const looks = 50 // the rig's pages take forty leaves
	for range looks {
		_, err := r.Member.Footage(t.Context(), request.PurposeHistory, door, now-60_000, now)
		must(t, err)
	}
	r.Until("the looks on the record", func() bool { return len(r.Timeline(door).Looks) == looks })
	r.NewEpoch(door, before[0].Epoch)
	gapless(t, r.Timeline(door))
}

func TestFullDiskGivesUpWhatTheCloudHasAndThenStops(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 2)
	here := func() int {
		n, err := filepath.Glob(filepath.Join(r.Dir, "packs", "*", "obj_*"))
		must(t, err)
		return len(n)
	}
	if here() < 2 {
		t.Fatalf("%d objects on the hub", here())
	}
	r.free.Store(600 << 20)
	r.Until("freeing what the cloud has", func() bool { return here() == 0 })
	r.Packs(door, 3) // it still records, and all of it can be read
	r.free.Store(100 << 20)
	waiting := func() bool {
		list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras
		return len(list) == 1 && list[0].State == request.CameraWaiting
	}
	r.Until("stopping", waiting)
	r.free.Store(1 << 40)
	r.Until("recording again", func() bool { return !waiting() })
	n := len(r.Timeline(door).Segments)
	r.Until("footage after the gap", func() bool {
		r.Packs(door, 1)
		return len(r.Timeline(door).Segments) > n
	})
	gaps := r.Timeline(door).Gaps
	if len(gaps) != 1 || gaps[0].Reason != manifest.GapDisk {
		t.Errorf("the gaps are %+v", gaps)
	}
}

func TestStopLeavesNothingOpenAndTheGapIsSigned(t *testing.T) {
	t.Parallel()
	r := New(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Do(request.Op{Kind: request.OpListCameras})
	began := time.Now()
	r.Stop()
	if took := time.Since(began); took > intime.By(5*time.Second) {
		t.Errorf("stopping took %s", took)
	}
	if left, _ := os.ReadDir(filepath.Join(r.Dir, "spool")); len(left) > 0 {
		t.Errorf("the spool holds %d files", len(left))
	}
	report, err := check.Run(t.Context(), r.Dir, r.Vault)
	must(t, err)
	if !report.Sound() || len(report.Notes) > 0 || report.Uploaded != report.Packs || report.Vault == 0 {
		t.Errorf("%+v", report)
	}
	r.Start()
	r.Serving()
	r.Until("a gap on the record", func() bool {
		r.Do(request.Op{Kind: request.OpLeaveEarly})
		gaps := r.Timeline(door).Gaps
		return len(gaps) == 1 && gaps[0].Reason == manifest.GapStopped
	})
}

func TestFolderPutBackBeginsARunThatNamesWhatTheCloudHas(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Stop()
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, os.CopyFS(backup, os.DirFS(r.Dir)))
	r.Start()
	r.Serving()
	r.Packs(door, 4)
	r.Stop()
	r.Dir = backup
	r.Start()
	r.Serving()
	r.Until("a second run", func() bool { return len(r.View().Runs) == 2 })
	n := len(r.Packs(door, 1))
	r.Packs(door, n+1)
	r.Stop()
	report, err := check.Run(t.Context(), r.Dir, "")
	must(t, err)
	if !report.Sound() || report.Runs != 2 {
		t.Errorf("%+v", report)
	}
}

func TestWeekOldEpochIsRenewed(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	before := r.Packs(door, 1)
	r.Stop()
	r.offset.Store(int64(8 * 24 * time.Hour))
	r.Start()
	r.Serving()
	after := r.Packs(door, 1)
	if after[0].Epoch == before[0].Epoch {
		t.Error("an epoch of eight days is still in use")
	}
}
