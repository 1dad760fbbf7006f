// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"keyhold/e2e/harness"
)

//go:embed peer.html
var peerPage []byte

// peer serves the same film as plain fMP4 over HLS, and a page that plays it with the same library.
type peer struct {
	URL    string
	server *http.Server
	ended  chan error
}

func servePeer(ctx context.Context, dir, clip string, length time.Duration) (*peer, error) {
	film := filepath.Join(dir, "film")
	if err := os.MkdirAll(film, 0o700); err != nil {
		return nil, fmt.Errorf("the peer's folder: %w", err)
	}
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", clip, "-t", fmt.Sprint(length.Seconds()), "-c", "copy",
		"-f", "hls", "-hls_time", "4", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod", filepath.Join(film, "list.m3u8"))
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cut the film for the peer with ffmpeg: %w\n%s", err, said)
	}
	top, err := harness.Top(ctx)
	if err != nil {
		return nil, err
	}
	files := http.FileServer(http.Dir(film))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(peerPage) // a browser that went away needs nothing
	})
	mux.HandleFunc("GET /hls.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(top, "web/node_modules/hls.js/dist/hls.light.min.js"))
	})
	mux.Handle("GET /film/", http.StripPrefix("/film", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // ours is not cached either
		files.ServeHTTP(w, r)
	})))
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the peer: %w", err)
	}
	p := &peer{server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, ended: make(chan error, 1)}
	p.URL = fmt.Sprintf("http://%s/?length=%d", l.Addr(), int(length.Seconds())-8)
	go func() { p.ended <- p.server.Serve(l) }()
	return p, nil
}

// Close ends the server.
func (p *peer) Close() error {
	err := p.server.Close()
	if ended := <-p.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
