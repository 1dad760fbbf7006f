// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/signal"
)

// lets lets an integration read cameras, and returns where.
func (r *Rig) lets(name string, cameras ...id.Camera) []string {
	r.t.Helper()
	streams, err := r.Member.AddIntegration(r.t.Context(), tells(name, "", []string{request.TellStream}, cameras...), r.digits)
	must(r.t, err)
	if len(streams) != len(cameras) {
		r.t.Fatalf("for %d cameras there are %d addresses", len(cameras), len(streams))
	}
	return streams
}

// probe lets a program that is not ours find out what is at an address.
func probe(ctx context.Context, address string) (string, error) {
	out, err := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=codec_type,codec_name", "-of", "csv=p=0", address).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ffprobe: %w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// foreign is a program that is not ours, and reads a camera.
type foreign struct {
	pictures chan string   // a line for each
	ended    chan struct{} // closed when it has ended
}

func (r *Rig) foreign(address string) *foreign {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", address, "-c", "copy", "-f", "framecrc", "-flush_packets", "1", "pipe:1")
	out, err := cmd.StdoutPipe()
	must(r.t, err)
	must(r.t, cmd.Start())
	f := &foreign{pictures: make(chan string, 4096), ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if text := lines.Text(); !strings.HasPrefix(text, "#") {
				select {
				case f.pictures <- text:
				default:
				}
			}
		}
		_ = cmd.Wait()
	}()
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-f.ended
	})
	return f
}

// sees waits for pictures.
func (f *foreign) sees(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-f.pictures:
		case <-f.ended:
			t.Fatal("it reads no more")
		case <-time.After(patience):
			t.Fatal("there is no picture")
		}
	}
}

// ends wants that it has ended within a time that is promised.
func (f *foreign) ends(t *testing.T, why string, since time.Time) {
	t.Helper()
	select {
	case <-f.ended:
	case <-time.After(patience):
		t.Fatalf("%s: it still reads", why)
	}
	took := time.Since(since)
	t.Logf("%s: it reads no more after %s", why, took)
	if limit := intime.By(2 * time.Second); took > limit {
		t.Errorf("%s: it read on for %s, longer than %s", why, took, limit)
	}
}

// livesOf waits until so many live looks at a camera stand on the record, the last one as it is wanted.
func (r *Rig) livesOf(c id.Camera, n int, state string) *manifest.Live {
	r.t.Helper()
	var last *manifest.Live
	r.Until(fmt.Sprintf("%d looks, the last of which has %s", n, state), func() bool {
		list := r.Timeline(c).Lives
		if len(list) > n {
			r.t.Fatalf("there are %d looks", len(list))
		}
		if len(list) == n {
			last = list[n-1]
		}
		return len(list) == n && last.State == state
	})
	return last
}

// watched is what a member is told when they ask who is watching.
func (r *Rig) watched() *signal.Watching {
	r.t.Helper()
	line, err := r.Member.Line(r.t.Context())
	must(r.t, err)
	defer line.Close()
	must(r.t, line.Ask(r.t.Context()))
	for {
		_, w, err := line.Next(r.t.Context())
		must(r.t, err)
		if w != nil {
			return w
		}
	}
}

// listens says whether anybody answers where integrations read.
func (r *Rig) listens() bool {
	conn, err := net.DialTimeout("tcp", r.stream, patience)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func TestAnIntegrationReadsACamera(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.stream = l.Addr().String()
	must(t, l.Close())
	r.Begin()
	door, yard := r.Add("Front door", "a"), r.Add("Yard", "b")
	if r.listens() {
		t.Fatal("the hub listens for integrations, and there is none")
	}
	at := r.lets("Home Assistant", door)[0]
	u, err := url.Parse(at)
	must(t, err)
	password, _ := u.User.Password()
	if len(password) < 26 || u.Host != r.stream || u.Path != "/"+string(door) {
		t.Fatalf("the address is of another form: %s", u.Redacted())
	}

	// A program of somebody else's reads it: the picture, and no sound. It stands on the record under its name.
	what, err := probe(t.Context(), at)
	must(t, err)
	if what != "h264,video" {
		t.Errorf("it reads %q", what)
	}
	look := r.livesOf(door, 1, manifest.LiveEnded)
	v := r.View()
	if v.PersonName(look.Person) != "Home Assistant" || v.DeviceName(look.Device) != "Home Assistant" || look.Until < look.Since {
		t.Errorf("the look is %+v, by %q", look, v.PersonName(look.Person))
	}

	// It goes on, and everybody is told while it does.
	f := r.foreign(at)
	f.sees(t, 30)
	if began := r.livesOf(door, 2, manifest.LiveBegan); began.View == look.View || began.Person != look.Person {
		t.Errorf("the second look is %+v", began)
	}
	if w := r.watched(); len(w.Looks) != 1 || w.Looks[0].Person != look.Person || w.Looks[0].Camera != door {
		t.Errorf("everybody is told %+v", w.Looks)
	}

	// A private camera ends it, and is not to be had.
	began := time.Now()
	r.off(r.Member, door, true)
	f.ends(t, "a private camera", began)
	if _, err := probe(t.Context(), at); err == nil {
		t.Error("a private camera is read")
	}
	r.off(r.Member, door, false)
	r.livesOf(door, 2, manifest.LiveEnded)
	r.Until("the camera again", func() bool { _, err := probe(t.Context(), at); return err == nil })

	// So it is over a start of the hub; and it ends when it is removed, while another reads on.
	other := r.lets("Recorder", yard)[0]
	r.Stop()
	r.Start()
	r.Serving()
	r.Until("the cameras again", func() bool { _, err := probe(t.Context(), at); return err == nil })
	r.Until("the other camera again", func() bool { _, err := probe(t.Context(), other); return err == nil })
	f, g := r.foreign(at), r.foreign(other)
	f.sees(t, 5)
	g.sees(t, 5)
	began = time.Now()
	r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "Home Assistant"})
	f.ends(t, "an integration that is removed", began)
	g.sees(t, 30)
	if _, err := probe(t.Context(), at); err == nil {
		t.Error("an integration reads on that is removed")
	}

	// With the last one the hub listens no more. What was read keeps its name.
	r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "Recorder"})
	if r.listens() {
		t.Error("the hub still listens for integrations")
	}
	r.Until("the name on the record", func() bool { return r.View().PersonName(look.Person) == "Home Assistant" })
	if r.logged(password) {
		t.Error("the hub has logged the password")
	}
}
