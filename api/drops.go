// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// MaxDropWait is the longest that the cloud holds a question for drops open.
const MaxDropWait = 25 * time.Second

// Drop leaves a message in a box that the caller knows the name of.
func (c *Client) Drop(ctx context.Context, box string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url("/v1/drops/"+box), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("api: drop: build request: %w", err)
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := c.do(req)
	if err != nil {
		return fmt.Errorf("api: drop: %w", err)
	}
	_ = res.Body.Close()
	return nil
}

// Drops reads the messages after a number, waiting up to wait (at most MaxDropWait) for one to come. The token is
// what the box was made from.
func (c *Client) Drops(ctx context.Context, box string, token []byte, after int64, wait time.Duration) ([]Drop, error) {
	seconds := int64(min(wait, MaxDropWait) / time.Second)
	path := "/v1/drops/" + box + "?after=" + strconv.FormatInt(after, 10) + "&wait=" + strconv.FormatInt(seconds, 10)
	h := http.Header{}
	h.Set(DropTokenHeader, base64.StdEncoding.EncodeToString(token))
	var out Drops
	if err := c.json(ctx, http.MethodGet, path, h, nil, &out); err != nil {
		return nil, fmt.Errorf("api: drops: %w", err)
	}
	return out.Messages, nil
}
