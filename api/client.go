// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// maxAnswer bounds an answer that is read into memory: a sync over years of household pages stays far below.
const maxAnswer = 64 << 20

// Client speaks to one cloud. Base and HTTP must be set; the rest has working defaults. A Client is safe for use by
// several goroutines.
type Client struct {
	// Base is the cloud's origin, such as https://cloud.example.
	Base string
	// HTTP carries the requests. It should have no overall timeout: objects are large; contexts end calls.
	HTTP *http.Client
	// Now and Rand are replaced by tests; nil means the machine's clock and randomness.
	Now  func() time.Time
	Rand io.Reader
}

func (c *Client) now() int64 {
	if c.Now != nil {
		return c.Now().UnixMilli()
	}
	return time.Now().UnixMilli()
}

func (c *Client) rand() io.Reader {
	if c.Rand != nil {
		return c.Rand
	}
	return rand.Reader
}

// Nonce makes the 16 random bytes that statements carry.
func (c *Client) Nonce() ([]byte, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(c.rand(), b); err != nil {
		return nil, fmt.Errorf("api: read randomness: %w", err)
	}
	return b, nil
}

// Forget closes connections that wait to be used again: the network has changed, and they lead nowhere.
func (c *Client) Forget() { c.HTTP.CloseIdleConnections() }

// Info asks for the cloud's key, clock and retention.
func (c *Client) Info(ctx context.Context) (*Info, error) {
	var out Info
	if err := c.json(ctx, http.MethodGet, "/v1/info", nil, nil, &out); err != nil {
		return nil, fmt.Errorf("api: info: %w", err)
	}
	return &out, nil
}

// RegisterHousehold gives the cloud a genesis envelope with its three signatures. Doing it again is no error.
func (c *Client) RegisterHousehold(ctx context.Context, genesis []byte) (id.Household, error) {
	var out Registered
	if err := c.json(ctx, http.MethodPost, "/v1/households", nil, genesis, &out); err != nil {
		return "", fmt.Errorf("api: register household: %w", err)
	}
	return out.Household, nil
}

// RegisterChain gives the cloud a household's whole chain, genesis first. So a household comes to another cloud, and a
// new hub takes the place of an old one; what the cloud has already is no error.
func (c *Client) RegisterChain(ctx context.Context, chain [][]byte) (id.Household, error) {
	body, err := canon.Marshal(Registration{Roster: chain})
	if err != nil {
		return "", fmt.Errorf("api: register chain: %w", err)
	}
	var out Registered
	if err := c.json(ctx, http.MethodPost, "/v1/households", nil, body, &out); err != nil {
		return "", fmt.Errorf("api: register chain: %w", err)
	}
	return out.Household, nil
}

// Receipt asks what was erased for a statement, by its hash; NotFound until everything is gone. It is the operator's
// word: erasure.ParseReceipt says whether it is signed.
func (c *Client) Receipt(ctx context.Context, statement id.Hash) (*Receipt, error) {
	var out Receipt
	if err := c.json(ctx, http.MethodGet, "/v1/receipts/"+statement.String(), nil, nil, &out); err != nil {
		return nil, fmt.Errorf("api: receipt: %w", err)
	}
	return &out, nil
}

// Sheet asks for the household of a recovery sheet, by the hash of the sheet's signing key. What comes back is the
// operator's word until the caller has replayed the chain and found its own sheet in genesis.
func (c *Client) Sheet(ctx context.Context, sheet id.Hash) (*SheetAnswer, error) {
	var out SheetAnswer
	if err := c.json(ctx, http.MethodGet, "/v1/sheets/"+sheet.String(), nil, nil, &out); err != nil {
		return nil, fmt.Errorf("api: look up sheet: %w", err)
	}
	return &out, nil
}

// Sync sends a fetch statement of kind sync.
func (c *Client) Sync(ctx context.Context, statement []byte) (*Sync, error) {
	var out Sync
	if err := c.json(ctx, http.MethodPost, "/v1/fetch", nil, statement, &out); err != nil {
		return nil, fmt.Errorf("api: sync: %w", err)
	}
	if err := checkAddress(out.Address); err != nil {
		return nil, fmt.Errorf("api: sync: %w", err)
	}
	return &out, nil
}

// Footage sends a fetch statement of kind footage. The cloud passes it on to the hub before it answers.
func (c *Client) Footage(ctx context.Context, statement []byte) (*Footage, error) {
	var out Footage
	if err := c.json(ctx, http.MethodPost, "/v1/fetch", nil, statement, &out); err != nil {
		return nil, fmt.Errorf("api: ask for footage: %w", err)
	}
	if err := checkAddress(out.Address); err != nil {
		return nil, fmt.Errorf("api: ask for footage: %w", err)
	}
	return &out, nil
}

// Relays asks for relays of live view with a signed statement.
func (c *Client) Relays(ctx context.Context, statement []byte) ([]Relay, error) {
	var out Relays
	if err := c.json(ctx, http.MethodPost, "/v1/relays", nil, statement, &out); err != nil {
		return nil, fmt.Errorf("api: ask for relays: %w", err)
	}
	return out.Relays, nil
}

// Push asks the cloud to bring a message to a push service, with a signed statement.
func (c *Client) Push(ctx context.Context, statement []byte) (*Pushed, error) {
	var out Pushed
	if err := c.json(ctx, http.MethodPost, "/v1/pushes", nil, statement, &out); err != nil {
		return nil, fmt.Errorf("api: push: %w", err)
	}
	return &out, nil
}

// checkAddress wants an address to be a path of this cloud's: it is put behind Base, where "@elsewhere/" would be
// another host.
func checkAddress(address string) error {
	name, ok := strings.CutPrefix(address, FetchedPrefix)
	if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return errors.New("answer gives an address that is none of the cloud's")
	}
	return nil
}

// json sends body, if any, as JSON and decodes the answer into out.
func (c *Client) json(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url(path), r)
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := readAtMost(res.Body, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("answer is not what the protocol says: %w", err)
	}
	return nil
}

func (c *Client) url(path string) string { return strings.TrimSuffix(c.Base, "/") + path }

// http is HTTP without redirects. The cloud is not trusted, and the caller may sit where the cloud cannot reach: an
// answer that says "look over there" must not make a hub knock at doors inside the home.
func (c *Client) http() *http.Client {
	own := *c.HTTP
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// do sends a request and turns every refusal into a *Problem. The caller closes the body.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	res, err := c.http().Do(req)
	if err != nil {
		return nil, fmt.Errorf("cloud cannot be reached: %w", err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	return nil, problemOf(res)
}

// problemOf reads a refusal; what is no problem document (a proxy's page, say) becomes one by its status.
func problemOf(res *http.Response) *Problem {
	p := &Problem{}
	mt, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if mt == "application/problem+json" {
		if b, err := readAtMost(res.Body, 64<<10); err == nil && json.Unmarshal(b, p) == nil && p.Type != "" {
			p.Status = res.StatusCode
			return p
		}
	}
	for _, k := range []Kind{Invalid, Unauthenticated, Denied, NotFound, Conflict, TooMany, Unavailable} {
		if k.Status() == res.StatusCode {
			p = NewProblem(k, "", "the cloud answered "+res.Status)
			return p
		}
	}
	p = NewProblem(Internal, "", "the cloud answered "+res.Status)
	p.Status = res.StatusCode
	if res.StatusCode == http.StatusBadGateway || res.StatusCode == http.StatusGatewayTimeout {
		p.Type = problemPrefix + string(Unavailable)
	}
	return p
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("answer is longer than %d bytes", limit)
	}
	return b, nil
}
