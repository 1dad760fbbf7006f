// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"crypto/ed25519"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

var payloads = map[string]func() canon.Checker{
	request.ThingFetch:   func() canon.Checker { return &request.Fetch{} },
	request.ThingWrite:   func() canon.Checker { return &request.Write{} },
	request.ThingSession: func() canon.Checker { return &request.Session{} },
	request.ThingCommand: func() canon.Checker { return &request.Command{} },
	request.ThingReply:   func() canon.Checker { return &request.Reply{} },
	request.ThingReseal:  func() canon.Checker { return &request.Reseal{} },
	request.ThingRelays:  func() canon.Checker { return &request.Relays{} },
	manifest.ThingStatus: func() canon.Checker { return &manifest.Status{} },
	manifest.ThingNames:  func() canon.Checker { return &manifest.Names{} },
	manifest.ThingLabel:  func() canon.Checker { return &manifest.Label{} },

	manifest.ThingNames2: func() canon.Checker { return &manifest.Names2{} },
	manifest.ThingLabel2: func() canon.Checker { return &manifest.Label2{} },
}

func statement(v vector) (any, error) {
	e, err := dsse.Parse(v.Input)
	if err != nil {
		return nil, err
	}
	need := map[id.Device]ed25519.PublicKey{}
	for _, s := range v.Signers {
		need[s.ID] = s.Key
	}
	return nil, e.Open(v.Thing, payloads[v.Thing](), need)
}
