// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/statement/request"
)

// humaConfig is the framework without its extras: no schema links in answers, no pages of documentation.
func humaConfig() huma.Config {
	c := huma.DefaultConfig("Keyhold cloud", "1")
	c.Info.Description = "What the hub and a household's devices say to the cloud. docs/protocol.md is exact about statements, sealing and rules."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	return c
}

// doc is what the document says of an operation beyond its Go types.
type doc struct {
	body   *huma.RequestBody
	also   int   // another status with the same answer
	oneOf  []any // the answer is one of these
	binary bool  // the answer is bytes
}

// register adds an operation. Bodies are documented after the framework has built its handler, because it would read
// a body that it knows of into memory.
func register[I, O any](h huma.API, op huma.Operation, d doc, f func(context.Context, *I) (*O, error)) {
	huma.Register(h, op, f)
	item := h.OpenAPI().Paths[op.Path]
	made := map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put}[op.Method]
	made.RequestBody = d.body
	status := op.DefaultStatus
	if status == 0 {
		status = http.StatusOK
	}
	answer := made.Responses[strconv.Itoa(status)]
	switch {
	case d.binary:
		answer.Content = map[string]*huma.MediaType{"application/octet-stream": {Schema: binarySchema()}}
	case d.oneOf != nil:
		registry := h.OpenAPI().Components.Schemas
		s := &huma.Schema{}
		for _, v := range d.oneOf {
			s.OneOf = append(s.OneOf, registry.Schema(reflect.TypeOf(v), true, ""))
		}
		answer.Content = map[string]*huma.MediaType{"application/json": {Schema: s}}
	}
	if d.also != 0 {
		made.Responses[strconv.Itoa(d.also)] = &huma.Response{Description: http.StatusText(d.also), Content: answer.Content}
	}
}

func binarySchema() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }

func binaryBody(description string) *huma.RequestBody {
	content := map[string]*huma.MediaType{"application/octet-stream": {Schema: binarySchema()}}
	return &huma.RequestBody{Required: true, Description: description, Content: content}
}

// statementBody is a body that is an envelope, in canonical JSON.
func statementBody(description string) *huma.RequestBody {
	text := func(d string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, ContentEncoding: "base64", Description: d}
	}
	signature := &huma.Schema{Type: huma.TypeObject, Required: []string{"keyid", "sig"}, Properties: map[string]*huma.Schema{
		"keyid": {Type: huma.TypeString}, "sig": text("Ed25519"),
	}}
	envelope := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"payload", "payloadType", "signatures"},
		Properties: map[string]*huma.Schema{
			"payload": text("canonical JSON"), "payloadType": {Type: huma.TypeString},
			"signatures": {Type: huma.TypeArray, Items: signature},
		},
	}
	content := map[string]*huma.MediaType{"application/json": {Schema: envelope}}
	return &huma.RequestBody{Required: true, Description: description, Content: content}
}

// registrationBody is a genesis envelope, or a whole chain.
func registrationBody() *huma.RequestBody {
	body := statementBody("envelope of the genesis statement with its three signatures; or, in canonical JSON, all envelopes of a chain")
	genesis := body.Content["application/json"].Schema
	chain := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"roster"}, Properties: map[string]*huma.Schema{
			"roster": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, ContentEncoding: "base64", Description: "genesis first"}},
		},
	}
	body.Content["application/json"].Schema = &huma.Schema{OneOf: []*huma.Schema{genesis, chain}}
	return body
}

// writeBodies says what each kind of write carries.
var writeBodies = map[string]string{
	request.WriteObjects:     "age files end to end, at most 268,435,456 bytes",
	request.WritePages:       "one age file, at most 4,194,304 bytes",
	request.WriteTiles:       "1 to 256 hashes of 32 bytes",
	request.WriteCheckpoints: "a signed note",
	request.WriteEnvelopes:   "canonical JSON, Rows",
	request.WriteNames:       "one age file",
	request.WriteStatus:      "envelope of a status statement",
	request.WriteRoster:      "envelope of a roster link",
	request.WriteReseals:     "canonical JSON, Resealed",
	request.WriteMail:        "sealed, at most 65,536 bytes",
	request.WriteLabels:      "one age file, at most 65,536 bytes",
	request.WriteKept:        "canonical JSON, Kept",
	request.WriteErase:       "envelope of an erase statement",
}

// paramDocs says what the parts of names are.
var paramDocs = map[string]*huma.Schema{
	"camera":  {Type: huma.TypeString, Description: "camera id, or for pages and envelopes the word household"},
	"hour":    {Type: huma.TypeInteger, Description: "hours since 1970 UTC"},
	"object":  {Type: huma.TypeString, Description: "object id"},
	"run":     {Type: huma.TypeString, Description: "run id"},
	"epoch":   {Type: huma.TypeString, Description: "epoch id"},
	"level":   {Type: huma.TypeInteger, Description: "level of the tile"},
	"n":       {Type: huma.TypeInteger, Description: "place in the level"},
	"seq":     {Type: huma.TypeInteger, Description: "number of the link"},
	"device":  {Type: huma.TypeString, Description: "device id"},
	"to":      {Type: huma.TypeString, Description: "hub, sheet or a device id"},
	"current": {Type: huma.TypeString, Description: "the word current"},
}

// nameParams documents the parts of a name.
func nameParams(name string) []*huma.Param {
	parts := strings.Split(name, "/")
	out := make([]*huma.Param, 0, len(parts))
	for _, p := range parts {
		p = strings.Trim(p, "{}")
		out = append(out, &huma.Param{Name: p, In: "path", Required: true, Schema: paramDocs[p]})
	}
	return out
}

// document renders the OpenAPI document, the same bytes for the same routes.
func document(h huma.API) []byte {
	// What travels in bodies and frames that the framework does not see.
	for _, v := range []any{api.Rows{}, api.Resealed{}, api.Kept{}, api.Delivery{}} {
		h.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
	}
	b, err := json.Marshal(h.OpenAPI())
	if err != nil {
		panic("serve: openapi: " + err.Error()) // built from constants alone
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		panic("serve: openapi: " + err.Error())
	}
	out.WriteByte('\n')
	return out.Bytes()
}
