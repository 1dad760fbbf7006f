// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package push

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/internal/crimes"
	"keyhold/statement/rule"
)

var errRefused = errors.New("the push service does not take it")

// reaches sends, and says whether a request came to where it must not come.
func reaches(t *testing.T, s *Service, endpoint string, inside *target) (string, error) {
	t.Helper()
	before := len(inside.got)
	answer, err := s.Send(t.Context(), message(endpoint))
	switch {
	case err != nil:
		return string(ruleOf(err)), err
	case len(inside.got) > before:
		return "", nil
	}
	return answer.Outcome, errRefused
}

// TestCrimesOfPushing has a cloud send where whoever chose an endpoint wants it to.
func TestCrimesOfPushing(t *testing.T) {
	inside, x := newTarget(t), newTarget(t)
	x.status = http.StatusTemporaryRedirect
	x.header.Set("Location", inside.URL+"/inside")
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	listed, strange := service(t, x.URL, inside.URL), service(t)
	// A name on the list, at the port where the test's own service answers.
	named := service(t)
	named.hosts.literal = append(named.hosts.literal, "http://localhost"+port)
	var rows []*crimes.Row
	for _, one := range []struct {
		name     string
		off      rule.Name
		word     string
		sender   *Service
		endpoint string
	}{
		{"a push to a host that is no push service", rule.PushHost, string(rule.PushHost), strange, inside.URL + "/admin"},
		{"a push to a name that leads into the operator's network", rule.PushInside, string(rule.PushInside), named, "http://localhost" + port + "/admin"},
		{"a push service that sends the cloud on to an address inside", rule.Elsewhere, api.PushRefused, listed, x.URL + "/p"},
	} {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			word, err := reaches(t, one.sender, one.endpoint, inside)
			row.Tried(t, err, word, one.word)
			t.Run("without the check", func(t *testing.T) {
				off := []rule.Name{one.off}
				if one.off == rule.PushHost {
					off = append(off, rule.PushInside) // the test's services are on this machine
				}
				crimes.Switch(t, off...)
				word, err := reaches(t, one.sender, one.endpoint, inside)
				row.Unchecked(t, err, word)
			})
			word, err = reaches(t, listed, inside.URL+"/p", inside)
			row.Honest(t, err, word)
		})
	}
	crimes.Report(t, "cloud", rows)
}
