// SPDX-License-Identifier: Apache-2.0

package quiet_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"keyhold/cloud/quiet"
)

// secrets are texts that must never reach a log, by what they are.
var secrets = map[string]string{
	"household":    "mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiydcmrtgq2q",
	"device":       "dev_mfrggzdfmztwq2lknnwg23tpob",
	"object":       "obj_mfrggzdfmztwq2lknnwg23tpob",
	"address":      "mfrggzdfmztwq2lknnwg23tpob",
	"path":         "/v1/fetched/mfrggzdfmztwq2lknnwg23tpob/objects/x",
	"locator":      "rtsp://user:word@192.0.2.7/stream",
	"IPv4":         "192.0.2.7:4711",
	"IPv6":         "[2001:db8::7]:4711",
	"bare IPv6":    "2001:db8:0:0:8:800:200c:417a",
	"short IPv6":   "fe80::1",
	"e-mail":       "anna@example.org",
	"key":          "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
	"two together": "dev_mfrggzdfmztwq2lknnwg23tpob at 192.0.2.7",
}

func log() (*slog.Logger, *bytes.Buffer) {
	b := &bytes.Buffer{}
	return slog.New(quiet.Handler(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))), b
}

func TestWhatNamesAHouseholdNeverAppears(t *testing.T) {
	for what, secret := range secrets {
		ways := map[string]func(*slog.Logger){
			"in an error": func(l *slog.Logger) {
				l.Error("failed", "err", fmt.Errorf("store: put %s: %w", secret, errors.New("full")))
			},
			"in a message":           func(l *slog.Logger) { l.Info("put " + secret + " failed") }, //nolint:sloglint // what must not be done is done here
			"under an unlisted name": func(l *slog.Logger) { l.Info("x", "household", secret) },
			"under a listed name":    func(l *slog.Logger) { l.Info("x", "op", secret) },
			"with attributes before": func(l *slog.Logger) { l.With("err", secret).Info("x") },
			"unlisted before":        func(l *slog.Logger) { l.With("remote", secret).Info("x") },
			"in a group":             func(l *slog.Logger) { l.WithGroup("err").Info("x", "id", secret) },
			"in a group of values":   func(l *slog.Logger) { l.Info("x", slog.Group("err", slog.String("id", secret))) },
			"behind a valuer":        func(l *slog.Logger) { l.Info("x", "err", valuer(secret)) },
			"as any value":           func(l *slog.Logger) { l.Info("x", "err", struct{ ID string }{secret}) },
			"from the server's own": func(l *slog.Logger) {
				slog.NewLogLogger(l.Handler(), slog.LevelWarn).Printf("http: TLS handshake error from %s: EOF", secret)
			},
		}
		for way, write := range ways {
			l, b := log()
			write(l)
			if b.Len() == 0 {
				t.Fatalf("%s %s: nothing was logged", what, way)
			}
			for part := range strings.FieldsSeq(secret) {
				if len(part) > 4 && strings.Contains(b.String(), part) {
					t.Errorf("%s %s: %s", what, way, b)
				}
			}
		}
	}
}

type valuer string

func (v valuer) LogValue() slog.Value { return slog.StringValue(string(v)) }

// The control: what an operator needs to know does appear, so that the test above could fail.
func TestWhatAnOperatorNeedsIsLogged(t *testing.T) {
	l, b := log()
	l.Error("request failed for a fault of ours", "op", "write objects", "problem", "mfrggzdfmztwq", "status", 500, "ms", 3*time.Millisecond,
		"err", errors.New("folder: sync object: input/output error at 12:30:59"))
	for _, want := range []string{"fault of ours", "write objects", "mfrggzdfmztwq", "500", "3ms", "input/output error at 12:30:59"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in %s", want, b)
		}
	}
}
