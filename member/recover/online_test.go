// SPDX-License-Identifier: Apache-2.0

package recover

import (
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/sealing/keys"
)

// answers is a cloud that gives these answers one after another.
type answers []struct {
	status int
	body   string
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	next := (*a)[0]
	*a = (*a)[1:]
	return &http.Response{StatusCode: next.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(next.body))}, nil
}

// Somebody who typed one word wrongly has used up what a stranger may ask for at once, and types it rightly then.
func TestTheRightWordsAfterWrongOnesOnlyTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		words, err := keys.NewSheet(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := device.SheetSecret(words)
		if err != nil {
			t.Fatal(err)
		}
		cloud := answers{{429, ""}, {429, ""}, {200, `{"household":"h","roster":[]}`}}
		r := &Returner{Client: &api.Client{Base: "http://cloud.localhost", HTTP: &http.Client{Transport: &cloud}}}
		began := time.Now()
		if _, err := r.household(t.Context(), secret); err == nil || api.KindOf(err) == api.TooMany {
			t.Errorf("an answer without a chain ended in %v, want what is wrong with the chain", err)
		}
		if took := time.Since(began); took != 2*time.Second || len(cloud) != 0 {
			t.Errorf("asked for %s, with %d answers left; want 2 s and none", took, len(cloud))
		}
	})
}
