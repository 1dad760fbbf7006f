// SPDX-License-Identifier: Apache-2.0

// Package quiet is a log that cannot say who.
//
// A log is kept longer, copied further and read by more people than a database, so what stands in the cloud's must be
// of no use for finding a household. The handler lets through only attributes whose names are on a short list, and
// takes ids, hashes, addresses and locators out of every text, the message and errors included. It trusts no caller
// to be careful.
package quiet

import (
	"context"
	"log/slog"
	"regexp"
)

// Withheld stands where something was taken out.
const Withheld = "[withheld]"

// spoken are the names of attributes that may be logged. Each is a count, a time, a word of ours, or an error text
// that is scrubbed.
var spoken = map[string]bool{
	"err": true, "problem": true, "kind": true, "rule": true, "op": true, "status": true, "ms": true,
	"objects": true, "orphans": true, "signal": true, "goroutines": true,
}

// shapes are what is taken out of texts. Order matters: whole locators go before their parts.
var shapes = []*regexp.Regexp{
	regexp.MustCompile(`\b[a-zA-Z][a-zA-Z0-9+.-]*://\S+`),                                              // a locator with its scheme
	regexp.MustCompile(`/v1/[^\s"]+`),                                                                  // a path of the API
	regexp.MustCompile(`[[:alnum:]._%+-]+@[[:alnum:].-]+`),                                             // an e-mail address
	regexp.MustCompile(`\b(?:per|dev|cam|epo|obj|run)_[a-z2-7]+`),                                      // an id
	regexp.MustCompile(`\b[a-z2-7]{26,}\b`),                                                            // a hash, a household, an address of a fetch
	regexp.MustCompile(`[A-Za-z0-9+/_-]{40,}={0,2}`),                                                   // a key or a signature
	regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`),                                         // an IPv4 address
	regexp.MustCompile(`\[[0-9a-fA-F:.]*:[0-9a-fA-F:.%a-z0-9]*\](?::\d+)?`),                            // an IPv6 address in brackets
	regexp.MustCompile(`[0-9a-fA-F:]*::[0-9a-fA-F:.]*|\b(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{1,4}\b`), // an IPv6 address
}

// Scrub takes out of a text what could tell a household.
func Scrub(s string) string {
	for _, shape := range shapes {
		s = shape.ReplaceAllString(s, Withheld)
	}
	return s
}

// Handler wraps a handler.
func Handler(h slog.Handler) slog.Handler { return handler{h} }

type handler struct{ next slog.Handler }

func (h handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, Scrub(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(clean(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

func (h handler) WithAttrs(as []slog.Attr) slog.Handler {
	cleaned := make([]slog.Attr, 0, len(as))
	for _, a := range as {
		cleaned = append(cleaned, clean(a))
	}
	return handler{h.next.WithAttrs(cleaned)}
}

// WithGroup keeps attributes flat, so that a group cannot bring an unlisted name back.
func (h handler) WithGroup(string) slog.Handler { return h }

func clean(a slog.Attr) slog.Attr {
	if !spoken[a.Key] {
		return slog.String(a.Key, Withheld)
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindBool, slog.KindDuration, slog.KindTime:
		return slog.Attr{Key: a.Key, Value: v}
	default:
		return slog.String(a.Key, Scrub(v.String()))
	}
}
