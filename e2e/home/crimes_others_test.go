// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// addsAt lets anna add what is at an address, and takes it away again.
func (s *scene) addsAt(url string) error {
	s.t.Helper()
	reply, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpAddCamera, Name: "Other", URL: url})
	if err == nil {
		s.Do(request.Op{Kind: request.OpRemoveCamera, Camera: reply.Result.Camera})
	}
	return err
}

func TestCrimesOfAddresses(t *testing.T) {
	// One server of this computer is a camera, the other is not to be reached; of the folders one is for films.
	films := filepath.Join(t.TempDir(), "films")
	must(t, os.Mkdir(films, 0o700))
	b, err := os.ReadFile(film)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(films, "film.mp4"), b, 0o600))
	must(t, os.Symlink(film, filepath.Join(films, "link.mp4")))
	cameratest.Run(t, "ffmpeg", "-v", "error", "-i", film, "-c", "copy", filepath.Join(films, "film.ts"))
	other := pictures(t)
	secret := httptest.NewServer(http.FileServer(http.Dir(films)))
	t.Cleanup(secret.Close)
	camera := http.NewServeMux()
	camera.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, secret.URL+"/film.ts", http.StatusFound)
	})
	for path, where := range map[string]string{"/list.m3u8": secret.URL, "/own.m3u8": ""} {
		camera.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:4,\n%[1]s/film.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\n%[1]s/film.ts\n", where)
		})
	}
	camera.Handle("/film.ts", http.FileServer(http.Dir(films)))
	camera.Handle("/round", http.RedirectHandler("/film.ts", http.StatusFound))
	server := httptest.NewServer(camera)
	t.Cleanup(server.Close)

	stage := func(t *testing.T) *scene {
		t.Helper()
		s := &scene{Rig: Others(t, ingest.Here{Addresses: []netip.AddrPort{at(t, strings.TrimPrefix(server.URL, "http://"))}, Paths: []string{films}})}
		s.anna = s.owner()
		return s
	}
	adds := func(url string) func(*scene) error { return func(s *scene) error { return s.addsAt(url) } }
	const says = request.RefusedAddress
	here, elsewhere := []rule.Name{rule.Here}, []rule.Name{rule.Elsewhere, rule.Here}
	judge(t, stage, []crime{
		{name: "a server on the hub's computer as a camera", off: here, says: says, commit: adds(other.URL + "/video"), honest: adds(server.URL + "/film.ts")},
		{name: "a file of the hub's computer as a camera", off: here, says: says, commit: adds("file://" + film), honest: adds("file://" + films + "/film.mp4")},
		{name: "a link out of the folder of films", off: here, says: says, commit: adds("file://" + films + "/link.mp4"), honest: adds("file://" + films + "/film.mp4")},
		{name: "a camera that redirects to another server", off: elsewhere, says: says, commit: adds(server.URL + "/away"), honest: adds(server.URL + "/round")},
		{name: "a camera whose list names another server's films", off: elsewhere, says: says, commit: adds(server.URL + "/list.m3u8"), honest: adds(server.URL + "/own.m3u8")},
	})
}
