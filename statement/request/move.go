// SPDX-License-Identifier: Apache-2.0

package request

import (
	"crypto/ed25519"
	"fmt"
	"net/url"

	"keyhold/statement/id"
)

// Operations by which a household comes to another cloud: the hub is told where, copies what it no longer has, and
// goes there.
const (
	OpMove   = "move"
	OpCopy   = "copy"
	OpSwitch = "switch"
)

// Place is a cloud: where it is, and by which key it is known there.
type Place struct {
	To  []byte `json:"to"`
	URL string `json:"url"`
}

const (
	maxURL = 2048
	// MaxCopied bounds the leaves and pages of one command to copy.
	MaxCopied = 64
)

// Check refuses values that the types allow.
func (p *Place) Check() error {
	u, err := url.Parse(p.URL)
	if err != nil || len(p.URL) > maxURL || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("command: a cloud has an address like https://cloud.example")
	}
	if len(p.To) != ed25519.PublicKeySize {
		return fmt.Errorf("command: a cloud's key of a wrong length")
	}
	return nil
}

// Hash is what a gesture for moving there is made for.
func (p *Place) Hash(h id.Household) id.Hash {
	return id.HashOf([]byte("keyhold/v1/move"), []byte(h), p.To, []byte(p.URL))
}

// Copied names what the hub is to fetch under an address of the cloud that it leaves: packs by their leaves, and pages
// by their names.
type Copied struct {
	Address string   `json:"address"`
	Leaves  []Placed `json:"leaves"`
	Pages   []string `json:"pages"`
}

// Placed is a leaf with its place in the hub's record.
type Placed struct {
	Index int64  `json:"index"`
	Leaf  []byte `json:"leaf"`
	Run   id.Run `json:"run"`
}

// Check refuses values that the types allow.
func (c *Copied) Check() error {
	if len(c.Leaves)+len(c.Pages) == 0 || len(c.Leaves)+len(c.Pages) > MaxCopied {
		return fmt.Errorf("command: copy names 1 to %d things", MaxCopied)
	}
	for _, l := range c.Leaves {
		if err := l.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Check refuses values that the types allow.
func (l *Placed) Check() error {
	if l.Index < 0 || len(l.Leaf) == 0 || !l.Run.Valid() {
		return fmt.Errorf("command: a malformed leaf")
	}
	return nil
}
