// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"keyhold/statement/id"
)

// Object opens an object, or a part of it, under the address that a footage answer gave. length below 0 means to the
// end. The reader gives exactly length bytes or fails with io.ErrUnexpectedEOF; the caller closes it.
func (c *Client) Object(ctx context.Context, address string, object id.Object, offset, length int64) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(address+"/objects/"+string(object)), nil)
	if err != nil {
		return nil, fmt.Errorf("api: object: build request: %w", err)
	}
	part := offset > 0 || length >= 0
	if length == 0 {
		return http.NoBody, nil
	}
	if part {
		spec := "bytes=" + strconv.FormatInt(offset, 10) + "-"
		if length > 0 {
			spec += strconv.FormatInt(offset+length-1, 10)
		}
		req.Header.Set("Range", spec)
	}
	res, err := c.do(req)
	if err != nil {
		return nil, fmt.Errorf("api: object: %w", err)
	}
	if part && res.StatusCode != http.StatusPartialContent {
		_ = res.Body.Close()
		return nil, fmt.Errorf("api: object: cloud ignored the range asked for")
	}
	if part && length > 0 && res.ContentLength >= 0 && res.ContentLength != length {
		_ = res.Body.Close()
		return nil, fmt.Errorf("api: object: %w", io.ErrUnexpectedEOF)
	}
	want := length
	if want < 0 {
		want = res.ContentLength
	}
	return &exact{r: res.Body, left: want}, nil
}

// Page reads a sealed page of leaves under the address that a sync answer gave.
func (c *Client) Page(ctx context.Context, address string, run id.Run, camera id.Camera, epoch id.Epoch, hour int64) ([]byte, error) {
	b, err := c.bytes(ctx, address+"/pages/"+PageName(run, camera, epoch, hour), MaxPage)
	if err != nil {
		return nil, fmt.Errorf("api: page: %w", err)
	}
	return b, nil
}

// Tile reads the first width hashes of a tile under the address that a sync answer gave.
func (c *Client) Tile(ctx context.Context, address string, run id.Run, level int, n int64, width int) ([]byte, error) {
	b, err := c.bytes(ctx, address+"/tiles/"+TileName(run, level, n)+"/"+strconv.Itoa(width), 256*32)
	if err != nil {
		return nil, fmt.Errorf("api: tile: %w", err)
	}
	return b, nil
}

func (c *Client) bytes(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(path), nil)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	res, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	return readAtMost(res.Body, limit)
}

// exact gives left bytes, no more, and says so when there were fewer. A negative left means the length is unknown.
type exact struct {
	r    io.ReadCloser
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	if e.left < 0 {
		return e.r.Read(p)
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (e *exact) Close() error { return e.r.Close() }
