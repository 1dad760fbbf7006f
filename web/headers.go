// SPDX-License-Identifier: Apache-2.0

package web

import "net/http"

// ContentSecurityPolicy is what the app must live within: its own files and nothing else. Pictures
// are drawn from memory, video comes from blob: addresses that the player makes, and script
// enters the page only through the named trusted-types policies (Svelte's templates and the two
// places of ours that start a worker).
const ContentSecurityPolicy = "default-src 'none'; " +
	"script-src 'self'; " +
	"style-src 'self'; " +
	"img-src 'self' blob: data:; " +
	"media-src 'self' blob:; " +
	"connect-src 'self'; " +
	"worker-src 'self'; " +
	"font-src 'self'; " +
	"manifest-src 'self'; " +
	"base-uri 'none'; " +
	"form-action 'none'; " +
	"frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; " +
	"trusted-types svelte-trusted-html keyhold-worker keyhold-push"

// Headers are sent with every answer that a browser may show as a page or run as code.
// Referrer-Policy keeps the address of a page at home; the two cross-origin lines give the app a
// process of its own; Permissions-Policy turns off every sense that the app does not use and that
// browsers know under this header (Bluetooth they do not).
var headers = [][2]string{
	{"Content-Security-Policy", ContentSecurityPolicy},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(self), midi=(), payment=(), serial=(), usb=()"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Origin-Agent-Cluster", "?1"},
}

// SetHeaders puts the strict headers on an answer.
func SetHeaders(h http.Header) {
	for _, pair := range headers {
		h.Set(pair[0], pair[1])
	}
}
