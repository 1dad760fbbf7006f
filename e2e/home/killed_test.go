// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"keyhold/home/hub"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// What a test's own program is told when it is to be nothing but a hub, which can be killed.
const (
	asHubDir   = "KEYHOLD_TEST_HUB_DIR"
	asHubCloud = "KEYHOLD_TEST_HUB_CLOUD"
	asHubHere  = "KEYHOLD_TEST_HUB_HERE" // what of this computer may be a camera, as JSON
)

// beHub runs a hub until it is killed, and says when it serves.
func beHub(dir string) int {
	h := &hub.Hub{
		Dir: dir, Cloud: os.Getenv(asHubCloud), FFmpeg: none,
		Serving: func(id.Household) { _, _ = os.Stdout.WriteString("serving\n") },
	}
	if text := os.Getenv(asHubHere); text != "null" {
		if err := json.Unmarshal([]byte(text), &h.Here); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			return 1
		}
		h.FFmpeg, h.LAN = "", "127.0.0.1:0"
	}
	if err := h.Run(context.Background()); err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// hubProcess starts a hub of its own process. The function kills it as the power going does, and waits.
func (r *Rig) hubProcess() (kill func()) {
	r.t.Helper()
	self, err := os.Executable()
	must(r.t, err)
	cmd := exec.Command(self)
	here := "null"
	if len(r.here.Paths) > 0 {
		b, err := json.Marshal(r.here)
		must(r.t, err)
		here = string(b)
	}
	cmd.Env = append(os.Environ(), asHubDir+"="+r.Dir, asHubCloud+"="+r.Origin, asHubHere+"="+here)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(r.t, err)
	must(r.t, cmd.Start())
	r.hubPID = cmd.Process.Pid
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	r.t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "serving\n" {
		r.t.Fatalf("the hub says %q (%v)", line, err)
	}
	return kill
}

// whole wants the roster and the epochs in the hub's folder to belong together: each is sealed to exactly those who may
// read by the newest link. It returns the roster.
func (r *Rig) whole() *roster.State {
	r.t.Helper()
	var chain [][]byte
	r.query(`SELECT envelope FROM roster ORDER BY seq`, nil, func(scan func(...any) error) error {
		var b []byte
		err := scan(&b)
		chain = append(chain, b)
		return err
	})
	s, err := roster.Replay(chain, r.Member.Home.Household)
	must(r.t, err)
	given := map[id.Camera][]id.Device{}
	r.query(`SELECT e.camera, v.device FROM epochs e JOIN envelopes v ON v.epoch = e.epoch WHERE e.current = 1`, nil, func(scan func(...any) error) error {
		var c id.Camera
		var d id.Device
		err := scan(&c, &d)
		given[c] = append(given[c], d)
		return err
	})
	for c, got := range given {
		want := s.Readers(c, r.now().UnixMilli())
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			r.t.Errorf("at link %d, %s is sealed to %d readers instead of %d", s.Head.Seq, c, len(got), len(want))
		}
	}
	r.query(`SELECT envelope FROM names`, nil, func(scan func(...any) error) error {
		var raw []byte
		if err := scan(&raw); err != nil {
			return err
		}
		var n manifest.Names
		_, err := dsse.OpenBy(raw, manifest.ThingNames, &n, id.Hub, s.Hub.Sign)
		if err == nil && n.Head != s.Head.Hash {
			r.t.Errorf("at link %d, the names are those of another head", s.Head.Seq)
		}
		return err
	})
	return s
}

func TestHubKilledBetweenLinkAndEpochHasBothOrNeither(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	r.Add("Door", "a")
	r.Add("Yard", "b")
	owner := r.owner()
	began := time.Now()
	f := r.Device(owner)
	took := time.Since(began)
	r.Stop()
	link, none := 0, 0
	const rounds = 12
	for n := range rounds {
		was := r.Member.Roster.Head.Seq
		op := r.removal("", f.ID(), owner)
		if f == nil || was%2 == 0 {
			f = r.newFolk(owner.Person)
			op = request.Op{Kind: request.OpAppendLink, Name: "Another", Link: r.link(roster.AddDevice{Device: f.Public(), Person: f.Person}, owner, f)}
		}
		kill := r.hubProcess()
		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_, _ = r.Member.Do(ctx, op) // whoever is dead does not answer
		}()
		// From the moment it is sent until well after it is done.
		timer := time.NewTimer(3*took/2*time.Duration(n)/rounds + rand.N(3*took/2/rounds))
		<-timer.C
		kill()
		cancel()
		<-asked
		if s := r.whole(); s.Head.Seq > was {
			link++
		} else {
			none++
		}
		// The command is lost or done; asked again, it is done, once.
		stop := r.hubProcess()
		reply := r.Do(op)
		if reply.Head.Seq != was+1 {
			t.Errorf("asked again the roster is at %d, not %d", reply.Head.Seq, was+1)
		}
		r.follow(reply.Result.Link)
		stop()
	}
	t.Logf("killed within %s of the command: %d times with the link and its epochs, %d times with neither", 3*took/2, link, none)
	if link == 0 || none == 0 {
		t.Errorf("%d and %d show nothing", link, none)
	}
	r.Start()
	r.Serving()
	r.Until("the cloud having every link", func() bool { return r.View().Roster.Head == r.whole().Head })
}
