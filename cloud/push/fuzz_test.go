// SPDX-License-Identifier: Apache-2.0

package push

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// What is chosen by whoever subscribes leads to a service of the list or nowhere.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"https://updates.push.services.mozilla.com/wpush/v2/1", "https://fcm.googleapis.com/fcm/send/1", "https://web.push.apple.com@127.0.0.1/", "https://[::1]:443/", "http://x.notify.windows.com/",
	} {
		f.Add(s)
	}
	h, err := parseHosts(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		u, err := h.target(endpoint)
		if err != nil {
			return
		}
		sent, err := url.Parse(u.String())
		if err != nil {
			return // and no request is made
		}
		host := strings.ToLower(sent.Hostname())
		known := slices.ContainsFunc(services, func(s string) bool { return host == s || strings.HasPrefix(s, ".") && strings.HasSuffix(host, s) })
		if sent.Scheme != "https" || !known || sent.User != nil || (sent.Port() != "" && sent.Port() != "443") {
			t.Fatalf("%q leads to %s", endpoint, sent)
		}
	})
}
