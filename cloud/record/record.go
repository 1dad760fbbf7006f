// SPDX-License-Identifier: Apache-2.0

// Package record takes what a household's members write: objects, pages, tiles, checkpoints, envelopes, documents,
// labels, links and reseals.
//
// It promises that a write is stored whole and for good before it is acknowledged, that the same write again changes
// nothing, and that nothing a household has shown is ever replaced by something shorter or older. It trusts the
// signature that access has checked and nothing else: length and hash of the body are taken here. It opens nothing;
// what it cannot check without keys it stores as it came. After a crash an object may be in the vault without its
// row: the writer repeats, or the sweep removes it.
package record

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Record stores what is written. Its fields are set once, before use.
type Record struct {
	Store   store.Records
	Rosters *access.Mirror
	Objects *Objects
	Limit   Limit
	Now     func() time.Time
}

// MaxSize is the longest body of a kind; 0 means that the kind is not written here.
func MaxSize(kind string) int64 {
	switch kind {
	case request.WriteObjects:
		return api.MaxObject
	case request.WritePages:
		return api.MaxPage
	case request.WriteMail:
		return api.MaxMail
	case request.WriteErase:
		return dsse.MaxBytes
	case request.WriteLabels:
		return api.MaxLabel
	default:
		return api.MaxOther
	}
}

// Check refuses a write by somebody who has no part in that kind, or that is too long, before its body is read.
func Check(w *request.Write, length int64) error {
	allowed := w.From == id.Hub
	switch w.Kind {
	case request.WriteReseals:
		allowed = w.From != id.Hub
	case request.WriteMail:
		allowed = true
	case request.WriteErase:
		allowed = !w.From.ReturnKey() // whether a device may is for the statement inside to show
	}
	if !allowed {
		return api.NewProblem(api.Denied, "", "this signer does not write things of this kind")
	}
	if w.Size > MaxSize(w.Kind) {
		return api.NewProblem(api.Invalid, rule.Length, "the body is longer than things of this kind may be")
	}
	if length != w.Size {
		return api.NewProblem(api.Invalid, rule.FileSize, "the length announced is not the one that was signed")
	}
	return nil
}

// Body reads a body that fits into memory and checks that it is the one that was signed.
func Body(w *request.Write, r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, w.Size+1))
	if err != nil {
		return nil, unread(err)
	}
	if int64(len(b)) != w.Size {
		return nil, api.NewProblem(api.Invalid, rule.FileSize, "the body has another length than was signed")
	}
	if id.Hash(sha256.Sum256(b)) != w.SHA256 {
		return nil, api.NewProblem(api.Invalid, rule.FileHash, "the body has another hash than was signed")
	}
	return b, nil
}

// unread answers for a body that broke off. Nobody reads the answer as a rule, but the log must not call it ours.
func unread(err error) error {
	return errors.Join(api.NewProblem(api.Invalid, rule.FileSize, "the body broke off"), err)
}

// Put stores a write of any kind but mail and erase. Check must have passed.
func (r *Record) Put(ctx context.Context, v *access.Verified[request.Write], body io.Reader) error {
	w := v.Statement()
	now := r.Now().UnixMilli()
	parts := strings.Split(w.Name, "/")
	if w.Kind == request.WriteObjects {
		return r.object(ctx, v, parts, body, now)
	}
	if err := r.Limit.small(ctx, w); err != nil {
		return err
	}
	b, err := Body(w, body)
	if err != nil {
		return err
	}
	switch w.Kind {
	case request.WritePages:
		err = r.page(ctx, v, parts, b, now)
	case request.WriteTiles:
		err = r.tile(ctx, v, parts, b)
	case request.WriteCheckpoints:
		err = r.checkpoint(ctx, v, parts, b, now)
	case request.WriteEnvelopes:
		err = r.envelopes(ctx, v, parts, b, now)
	case request.WriteReseals:
		err = r.reseal(ctx, v, parts, b, now)
	case request.WriteNames, request.WriteStatus:
		err = r.document(ctx, v, parts, b, now)
	case request.WriteLabels:
		err = r.label(ctx, v, parts, b, now)
	case request.WriteKept:
		err = r.kept(ctx, v, parts, b)
	case request.WriteRoster:
		err = r.link(ctx, v, parts, b, now)
	default:
		return api.NewProblem(api.Invalid, rule.Field, "things of this kind are not written here")
	}
	if err != nil {
		return access.Answer(fmt.Errorf("record: %s: %w", w.Kind, err))
	}
	return nil
}

// misnamed is the answer to a name that is not of its kind's form.
func misnamed() error {
	return api.NewProblem(api.Invalid, rule.Field, "the name is not in the form that things of this kind have")
}

// malformed is the answer to a body that is not of its kind's form.
func malformed(err error) error {
	r := rule.Of(err)
	if r == "" {
		r = rule.Field
	}
	return errors.Join(api.NewProblem(api.Invalid, r, "the body is not in the form that things of this kind have"), err)
}

// number reads a decimal with exactly one spelling, from 0 to below 2^53.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < 1<<53 && strconv.FormatInt(n, 10) == s
}
