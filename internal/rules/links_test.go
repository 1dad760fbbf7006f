// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)(?: "[^"]*")?\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*`")
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// linkFault says what is wrong with a link of a page, or nothing.
func linkFault(page, target string, text func(string) (string, bool)) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	where := page
	if file != "" {
		where = path.Join(path.Dir(page), file)
	}
	body, ok := text(where)
	if !ok {
		return fmt.Sprintf("%s links to %s, which is not there", page, target)
	}
	if anchor == "" {
		return ""
	}
	for _, h := range heading.FindAllStringSubmatch(body, -1) {
		if slug(h[1]) == anchor {
			return ""
		}
	}
	return fmt.Sprintf("%s links to %s, but no heading there reads so", page, target)
}

// slug is the anchor that a heading gets.
func slug(heading string) string {
	plain := notSlug.ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(plain, " ", "-")
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	top := root(t)
	text := func(name string) (string, bool) {
		full := filepath.Join(top, filepath.FromSlash(name))
		info, err := os.Stat(full)
		if err != nil {
			return "", false
		}
		if info.IsDir() {
			return "", true
		}
		body, err := os.ReadFile(full)
		return string(body), err == nil
	}
	for _, name := range tracked(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		body := fenced.ReplaceAllString(read(t, name), "")
		for _, found := range link.FindAllStringSubmatch(body, -1) {
			if fault := linkFault(name, found[1], text); fault != "" {
				t.Error(fault)
			}
		}
	}
}

func TestLinkCheckSpeaks(t *testing.T) {
	t.Parallel()
	text := func(name string) (string, bool) {
		return map[string]string{"docs/a.md": "# One\n## 1.2 Two words\n"}[name], name == "docs/a.md"
	}
	for target, bad := range map[string]bool{
		"a.md": false, "a.md#12-two-words": false, "#one": false, "https://example.org": false,
		"b.md": true, "a.md#three": true, "#three": true, "../docs/c/": true,
	} {
		if fault := linkFault("docs/a.md", target, text); (fault != "") != bad {
			t.Errorf("%s: %q", target, fault)
		}
	}
}
