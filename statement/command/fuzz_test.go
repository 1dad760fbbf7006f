// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/command"
)

// FuzzCommand reads commands: what passes is written the same way again, and is one of the acts.
func FuzzCommand(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
	)
	f.Add([]byte(`{"action":"talk","challenge":"AAAAAAAAAAAAAAAAAAAAAA==","device":"dev_` + rand + `,"head":` + hash + `,"household":` + hash +
		`,"hub":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","not_after":1,"target":"cam_` + rand + `}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var c command.Command
		if canon.Unmarshal(in, &c) != nil {
			return
		}
		again, err := canon.Marshal(c)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if !command.Acts(c.Action) || len(c.Challenge) != command.ChallengeSize || !c.Target.Valid() {
			t.Fatalf("%s is no act", in)
		}
	})
}
