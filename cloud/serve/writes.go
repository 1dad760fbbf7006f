// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/cloud/record"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// slowest is the pace, in bytes a second, below which an upload or a download is given up.
const slowest = 8 << 10

type writeIn struct {
	raw
	Household string `path:"household" doc:"hash of genesis"`
	Statement string `header:"Keyhold-Statement" required:"true" doc:"standard base64 of an envelope of type write, signed by who writes"`
}

// writeKinds are the places of signed writes.
var writeKinds = []struct{ kind, name, id, summary string }{
	{request.WriteObjects, "{camera}/{hour}/{object}", "writeObject", "Store a sealed pack (hub)"},
	{request.WritePages, "{run}/{camera}/{epoch}/{hour}", "writePage", "Store a sealed page of leaves (hub)"},
	{request.WriteTiles, "{run}/{level}/{n}", "writeTile", "Store a tile of hashes; it only ever grows (hub)"},
	{request.WriteCheckpoints, "{run}", "writeCheckpoint", "Publish a checkpoint (hub)"},
	{request.WriteEnvelopes, "{camera}/{epoch}", "writeEnvelopes", "Store an epoch's envelopes (hub)"},
	{request.WriteNames, "{current}", "writeNames", "Replace the sealed document of names (hub)"},
	{request.WriteStatus, "{current}", "writeStatus", "Say how the hub is (hub)"},
	{request.WriteRoster, "{seq}", "writeLink", "Continue the roster (hub)"},
	{request.WriteReseals, "{device}", "writeReseal", "Give a device the keys of epochs (device, sheet)"},
	{request.WriteMail, "{to}", "writeMail", "Send a sealed message to the hub, the sheet or a device"},
	{request.WriteLabels, "{camera}", "writeLabel", "Replace a camera's sealed label (hub)"},
	{request.WriteKept, "{camera}", "writeKept", "Say what of a camera is to stay for longer than thirty days (hub)"},
	{request.WriteErase, "{current}", "writeErase", "Have everything erased in seven days, or take that back (hub; back also an owner's device)"},
}

func (s *Server) writes(h huma.API) {
	for _, k := range writeKinds {
		kind := k.kind
		register(h, huma.Operation{
			OperationID: k.id, Method: http.MethodPut, Path: "/v1/households/{household}/" + kind + "/" + k.name,
			Summary: k.summary, Tags: []string{"writes"}, DefaultStatus: http.StatusNoContent,
			Parameters: nameParams(k.name),
		}, doc{body: binaryBody(writeBodies[kind])}, handled(s, "write "+kind, func(ctx context.Context, in *writeIn) (*struct{}, error) {
			return nil, s.write(ctx, kind, in)
		}))
	}
}

func (s *Server) write(ctx context.Context, kind string, in *writeIn) error {
	// The name is taken as it was sent: one that needed escapes is no name of ours and fails its form.
	_, name, _ := strings.Cut(in.r.URL.EscapedPath(), "/"+kind+"/")
	v, err := s.keys.Write(ctx, in.Statement, id.Household(in.Household), kind, name)
	if err != nil {
		return err
	}
	w := v.Statement()
	if err := record.Check(w, in.r.ContentLength); err != nil {
		return err
	}
	until := time.Now().Add(bodyTime + time.Duration(w.Size/slowest)*time.Second)
	control := http.NewResponseController(in.w)
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until.Add(answerTime))
	switch kind {
	case request.WriteMail:
		return s.mailbox.Send(ctx, v, in.r.Body)
	case request.WriteErase:
		return s.erase.Put(ctx, v, in.r.Body)
	default:
		return s.record.Put(ctx, v, in.r.Body)
	}
}
