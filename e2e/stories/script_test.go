// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyhold/e2e/proxy"
	"keyhold/internal/crimes"
	"keyhold/statement/rule"
)

// errNothing says that the script got nothing.
var errNothing = errors.New("nothing")

func unless(done bool) error {
	if done {
		return nil
	}
	return errNothing
}

// Somebody has a script run in the page: it exports no key of the device, markup that was slipped in runs nothing, and
// nothing is sent to another server. The same tries succeed on a key that may be exported, and on a page without its
// policy.
func TestCrimesByAScriptInThePage(t *testing.T) {
	t.Parallel()
	w := home(t)
	weak, err := proxy.Start(t.Context(), w.CloudURL())
	must(t, err)
	t.Cleanup(func() { must(t, weak.Close()) })
	weak.Use(nil, func(e *proxy.Exchange) bool {
		e.Header.Del("Content-Security-Policy")
		return true
	})
	_, port, _ := strings.Cut(weak.Address(), ":")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(elsewhere.Close)
	said := play(t, "script.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "WEAK=http://cloud.localhost:"+port, "ELSEWHERE="+elsewhere.URL)...)

	var rows []*crimes.Row
	for line := range strings.Lines(said) {
		_, text, ok := strings.Cut(line, "crime: ")
		if !ok {
			continue
		}
		var told struct {
			Attack       string
			Got, Without []string
			Works        bool
		}
		must(t, json.Unmarshal([]byte(text), &told))
		row := crimes.New(told.Attack, rule.Name("-"))
		row.Tried(t, unless(len(told.Got) > 0), "nothing", "nothing")
		row.Unchecked(t, unless(len(told.Without) > 0), "nothing")
		row.Honest(t, unless(told.Works), "nothing")
		rows = append(rows, row)
	}
	if len(rows) != 2 {
		t.Errorf("%d attacks were told", len(rows))
	}
	crimes.Report(t, "owner-app", rows)
}
