// SPDX-License-Identifier: Apache-2.0

package erasure

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// origin is the first line of a receipt, and its signer's name.
const origin = "keyhold/erased"

// maxReceipt bounds what is parsed.
const maxReceipt = 4096

// Kinds are what a receipt counts, in its order.
var Kinds = []string{"links", "objects", "pages", "tiles", "checkpoints", "envelopes", "reseals", "documents", "labels", "mail"}

// Receipt is the cloud's signed word that it has erased what a statement asked for.
type Receipt struct {
	// Statement is the hash of the statement, List that of the list.
	Statement id.Hash
	At        int64
	List      id.Hash
	// Counts says how many things of each kind there were, and Bytes how many bytes the objects had.
	Counts map[string]int64
	Bytes  int64
}

type signer struct{ key ed25519.PrivateKey }

func (signer) Name() string                      { return origin }
func (s signer) KeyHash() uint32                 { return keyHash(s.key.Public().(ed25519.PublicKey)) }
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// keyHash is the key id of an Ed25519 key in a signed note.
func keyHash(pub ed25519.PublicKey) uint32 {
	sum := id.HashOf([]byte(origin), []byte("\n"), []byte{1}, pub)
	return binary.BigEndian.Uint32(sum[:4])
}

// Sign returns the receipt's text: a C2SP signed note.
func (r Receipt) Sign(key ed25519.PrivateKey) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\nat %d\nlist %s\nbytes %d\n", origin, r.Statement, r.At, r.List, r.Bytes)
	for _, k := range Kinds {
		fmt.Fprintf(&b, "%s %d\n", k, r.Counts[k])
	}
	out, err := note.Sign(&note.Note{Text: b.String()}, signer{key})
	if err != nil {
		return "", fmt.Errorf("erasure: sign receipt: %w", err)
	}
	return string(out), nil
}

// ParseReceipt reads a receipt for a statement, signed by a cloud, over a list.
func ParseReceipt(text string, statement id.Hash, list []byte, cloud ed25519.PublicKey) (Receipt, error) {
	bad := func(what string) (Receipt, error) {
		return Receipt{}, rule.Errorf(rule.Field, "erasure: receipt: %s", what)
	}
	if len(text) > maxReceipt || len(cloud) != ed25519.PublicKeySize {
		return bad("malformed")
	}
	vkey, err := note.NewEd25519VerifierKey(origin, cloud)
	if err != nil {
		return bad("unusable key")
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return bad("unusable key")
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil || len(n.UnverifiedSigs) > 0 || strings.Count(text, "\n\u2014 ") != 1 {
		if !rule.Off(rule.Signature) {
			return Receipt{}, rule.Errorf(rule.Signature, "erasure: receipt: not signed by the cloud alone")
		}
		body, _, _ := strings.Cut(text, "\n\n")
		n = &note.Note{Text: body + "\n"}
	}
	r := Receipt{Counts: map[string]int64{}}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5+len(Kinds)+1 || lines[0] != origin {
		return bad("malformed")
	}
	if r.Statement, err = id.ParseHash(lines[1]); err != nil || r.Statement != statement {
		return bad("for another statement")
	}
	hash, _ := strings.CutPrefix(lines[3], "list ")
	if r.List, err = id.ParseHash(hash); err != nil || r.List != id.HashOf(list) {
		return bad("over another list")
	}
	ok := number(lines[2], "at", &r.At) && number(lines[4], "bytes", &r.Bytes)
	all := int64(0)
	for i, k := range Kinds {
		var n int64
		ok = ok && number(lines[5+i], k, &n)
		r.Counts[k] = n
		all += n
	}
	if !ok || all*int64(len(id.Hash{})) != int64(len(list)) {
		return bad("malformed counts")
	}
	return r, nil
}

// number reads a line of a word and a decimal with exactly one spelling.
func number(line, word string, into *int64) bool {
	text, ok := strings.CutPrefix(line, word+" ")
	n, err := strconv.ParseInt(text, 10, 54)
	*into = n
	return ok && err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}
