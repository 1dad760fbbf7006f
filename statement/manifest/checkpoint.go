// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const originPrefix = "keyhold/"

// maxCheckpoint bounds what is parsed.
const maxCheckpoint = 1024

// Checkpoint is the hub's signed word on a run of the manifest: so many leaves, with this root.
type Checkpoint struct {
	Household id.Household
	Run       id.Run
	Size      int64
	Root      id.Hash
	At        int64
}

func (c Checkpoint) origin() string { return originPrefix + string(c.Household) + "/" + string(c.Run) }

// noteSigner signs a C2SP signed note with a raw key; package note itself wants the key in its own text form.
type noteSigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (s noteSigner) Name() string                    { return s.name }
func (s noteSigner) KeyHash() uint32                 { return s.hash }
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// keyHash is the key id of an Ed25519 key in a signed note.
func keyHash(name string, pub ed25519.PublicKey) uint32 {
	sum := id.HashOf([]byte(name), []byte("\n"), []byte{1}, pub)
	return binary.BigEndian.Uint32(sum[:4])
}

// Sign returns the checkpoint's text.
func (c Checkpoint) Sign(key ed25519.PrivateKey) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\nat %d\n", c.origin(), c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.At)
	s := noteSigner{name: c.origin(), hash: keyHash(c.origin(), key.Public().(ed25519.PublicKey)), key: key}
	out, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return "", fmt.Errorf("manifest: sign checkpoint: %w", err)
	}
	return string(out), nil
}

// ParseCheckpoint reads a checkpoint of this household's hub. Faults speak as `checkpoint`, another household as
// `wrong-household`.
func ParseCheckpoint(text string, household id.Household, hub ed25519.PublicKey) (Checkpoint, error) {
	bad := func(what string) (Checkpoint, error) {
		return Checkpoint{}, rule.Errorf(rule.Checkpoint, "manifest: checkpoint: %s", what)
	}
	lines := strings.Split(text, "\n")
	if len(text) > maxCheckpoint || len(lines) != 7 || lines[4] != "" || lines[6] != "" {
		return bad("malformed")
	}
	rest, ok := strings.CutPrefix(lines[0], originPrefix)
	owner, run, ok2 := strings.Cut(rest, "/")
	c := Checkpoint{Household: id.Household(owner), Run: id.Run(run)}
	if !ok || !ok2 || !c.Household.Valid() || !c.Run.Valid() {
		return bad("malformed origin")
	}
	if c.Household != household && !rule.Off(rule.WrongHousehold) {
		return Checkpoint{}, rule.Errorf(rule.WrongHousehold, "manifest: checkpoint of another household")
	}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 53); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return bad("malformed size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return bad("malformed root")
	}
	c.Root = id.Hash(root)
	at, ok := strings.CutPrefix(lines[3], "at ")
	if c.At, err = strconv.ParseInt(at, 10, 53); err != nil || !ok || c.At <= 0 || strconv.FormatInt(c.At, 10) != at {
		return bad("malformed time")
	}
	vkey, err := note.NewEd25519VerifierKey(c.origin(), hub)
	if err != nil {
		return bad("unusable key")
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return bad("unusable key")
	}
	if _, err := note.Open([]byte(text), note.VerifierList(v)); err != nil && !rule.Off(rule.Checkpoint) {
		return bad("not signed by the hub")
	}
	return c, nil
}
