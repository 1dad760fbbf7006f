// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Signer is who writes: a device, the hub or the sheet, with its key.
type Signer struct {
	From id.Device
	Key  ed25519.PrivateKey
}

// Body is what a signed write carries: its length and hash are signed before a byte is sent, and it can be opened
// again for another attempt.
type Body struct {
	Open   func() (io.ReadCloser, error)
	Size   int64
	SHA256 id.Hash
}

// Bytes makes a body of bytes in memory.
func Bytes(b []byte) Body {
	return Body{
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Size:   int64(len(b)),
		SHA256: id.HashOf(b),
	}
}

// File makes a body of a file whose length and hash are known already.
func File(path string, size int64, sum id.Hash) Body {
	return Body{
		Open:   func() (io.ReadCloser, error) { return os.Open(path) },
		Size:   size,
		SHA256: sum,
	}
}

// Write sends one signed write. Every call signs afresh, so a failed one is simply made again: writes are
// idempotent, and the cloud has the whole body or none of it.
func (c *Client) Write(ctx context.Context, s Signer, household id.Household, kind, name string, body Body) error {
	nonce, err := c.Nonce()
	if err != nil {
		return err
	}
	env, err := dsse.Signed(request.ThingWrite, &request.Write{
		At: c.now(), From: s.From, Household: household, Kind: kind, Name: name,
		Nonce: nonce, SHA256: body.SHA256, Size: body.Size,
	}, s.From, s.Key)
	if err != nil {
		return fmt.Errorf("api: write %s: %w", kind, err)
	}
	r, err := body.Open()
	if err != nil {
		return fmt.Errorf("api: write %s: open body: %w", kind, err)
	}
	defer func() { _ = r.Close() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut,
		c.url("/v1/households/"+string(household)+"/"+kind+"/"+name), r)
	if err != nil {
		return fmt.Errorf("api: write %s: build request: %w", kind, err)
	}
	req.ContentLength = body.Size
	if body.Size == 0 {
		// A reader of unknown kind with length 0 would be sent chunked.
		req.Body = http.NoBody
	}
	req.GetBody = body.Open
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set(StatementHeader, base64.StdEncoding.EncodeToString(env.Encode()))
	res, err := c.do(req)
	if err != nil {
		return fmt.Errorf("api: write %s: %w", kind, err)
	}
	_ = res.Body.Close()
	return nil
}

// Mail sends an opaque message to the hub, the sheet or a device.
func (c *Client) Mail(ctx context.Context, s Signer, household id.Household, to id.Device, sealed []byte) error {
	return c.Write(ctx, s, household, request.WriteMail, string(to), Bytes(sealed))
}
