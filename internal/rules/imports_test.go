// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const operatorProgram = "./cmd/keyhold-cloud"

// never are what the operator's program must not hold at all: what opens, and what has the keys.
var never = []string{"filippo.io/age", "filippo.io/hpke"}

var neverOurs = []string{"sealing", "home", "member", "media"}

// notByUs are the packages that decrypt. Engines named in the design (TLS in net/http, DTLS in the relay) reach
// some of them; no package of ours that the operator runs may import one.
var notByUs = []string{
	"crypto/hpke", "crypto/mlkem", "crypto/ecdh", "crypto/aes", "crypto/cipher", "crypto/des", "crypto/rc4", "crypto/rsa",
	"golang.org/x/crypto/chacha20poly1305", "golang.org/x/crypto/chacha20", "golang.org/x/crypto/nacl", "golang.org/x/crypto/curve25519",
	"golang.org/x/crypto/xts", "golang.org/x/crypto/openpgp", "github.com/ProtonMail/go-crypto", "github.com/cloudflare/circl",
	"github.com/jedisct1", "github.com/tink-crypto",
}

// operatorFaults says what stands in the operator's program against the rule.
func operatorFaults(t *testing.T, args ...string) []string {
	t.Helper()
	within := func(path string, folders []string) bool {
		return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
	}
	var faults []string
	for _, p := range list(t, append(append([]string{"-deps"}, args...), operatorProgram)...) {
		if within(p.ImportPath, never) || underAny(p.ImportPath, neverOurs) {
			faults = append(faults, fmt.Sprintf("the program holds %s", p.ImportPath))
		}
		if !p.ours() {
			continue
		}
		for _, imported := range p.Imports {
			if within(imported, notByUs) {
				faults = append(faults, fmt.Sprintf("%s imports %s", p.ImportPath, imported))
			}
		}
	}
	return faults
}

func TestOperatorsProgramOpensNothing(t *testing.T) {
	t.Parallel()
	for _, fault := range operatorFaults(t) {
		t.Error(fault)
	}
}

// The control: with one such import laid into the program or into a package under it, the same check speaks.
func TestOperatorCheckSpeaksWhenAnImportIsAdded(t *testing.T) {
	t.Parallel()
	var cloud []pkg
	for _, p := range list(t, "-deps", operatorProgram) {
		if under(p.ImportPath, "cloud") || under(p.ImportPath, "cmd") {
			cloud = append(cloud, p)
		}
	}
	if len(cloud) < 2 {
		t.Fatalf("the operator's program has only %d packages of its own", len(cloud))
	}
	added := []string{"keyhold/sealing/open", "filippo.io/age", "crypto/cipher", "crypto/hpke", "crypto/ecdh"}
	for _, place := range []pkg{cloud[0], cloud[len(cloud)-1]} {
		source := "package " + place.Name + "\n"
		for _, imported := range added {
			source += fmt.Sprintf("\nimport _ %q\n", imported)
		}
		faults := operatorFaults(t, "-overlay", overlay(t, place.Dir, source))
		for _, imported := range added {
			want := place.ImportPath + " imports " + imported
			if !strings.Contains(imported, "crypto/") {
				want = "the program holds " + imported
			}
			if !slices.Contains(faults, want) {
				t.Errorf("%s with %s added: the check did not say %q but %q", place.ImportPath, imported, want, faults)
			}
		}
	}
}

// arrows say which of our own packages a package of a room may import. Rooms that are not named are free: they wire
// or test the others.
var arrows = []struct {
	room string
	may  []string
	why  string
}{
	{"statement", []string{"statement"}, "what is signed and checked stands alone"},
	{"sealing", []string{"sealing", "statement"}, "sealing knows statements and nothing else"},
	{"api", []string{"api", "statement"}, "messages carry statements"},
	{"media", []string{}, "MP4 is MP4, whoever reads it"},
	{"internal/prepared", []string{}, "a database is one, whoever keeps it"},
	{"home", []string{"home", "api", "internal/prepared", "media", "sealing", "statement"}, "the home knows neither the operator's code nor a member's"},
	{"member", []string{"member", "api", "media", "sealing", "statement", "web"}, "a member's device knows neither home's nor operator's code"},
	{"cloud", []string{"cloud", "api", "internal/prepared", "statement", "web"}, "the operator checks and stores; it opens nothing"},
	{"cmd/keyhold-cloud", []string{"cloud", "api", "statement", "web"}, "the operator's program wires only the operator's rooms"},
	{"cmd/keyhold", []string{"home", "member", "api", "media", "sealing", "statement", "web"}, "the household's program holds no operator code"},
	{"web", []string{"web"}, "the embedded app is files"},
}

// arrowFaults says which imports go against an arrow.
func arrowFaults(packages []pkg) []string {
	var faults []string
	for _, p := range packages {
		for _, a := range arrows {
			if !under(p.ImportPath, a.room) {
				continue
			}
			for _, imported := range p.Imports {
				if (pkg{ImportPath: imported}).ours() && !underAny(imported, append([]string{a.room}, a.may...)) {
					faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, a.why))
				}
			}
		}
	}
	return faults
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	for _, fault := range arrowFaults(list(t, "./...")) {
		t.Error(fault)
	}
}

func TestArrowCheckSpeaks(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"keyhold/home/record":       "keyhold/cloud/vault",
		"keyhold/member/export":     "keyhold/home/record",
		"keyhold/cloud/vault":       "keyhold/sealing/to",
		"keyhold/statement/dsse":    "keyhold/api",
		"keyhold/cmd/keyhold":       "keyhold/cloud/serve",
		"keyhold/cmd/keyhold-cloud": "keyhold/member/device",
	} {
		if faults := arrowFaults([]pkg{{ImportPath: from, Imports: []string{to}}}); len(faults) != 1 {
			t.Errorf("%s importing %s: %d faults, want one: %q", from, to, len(faults), faults)
		}
	}
}

// recorderFaults says what of the reading half of sealing the recorder reaches.
func recorderFaults(t *testing.T, args ...string) []string {
	t.Helper()
	var faults []string
	for _, p := range list(t, append(append([]string{"-deps"}, args...), "./home/record/...")...) {
		if under(p.ImportPath, "sealing/open") {
			faults = append(faults, "home/record reaches "+p.ImportPath)
		}
	}
	return faults
}

// A recorder that could open would be a recorder that can read its own past.
func TestRecorderCannotOpen(t *testing.T) {
	t.Parallel()
	for _, fault := range recorderFaults(t) {
		t.Error(fault)
	}
	record := list(t, "./home/record")[0]
	added := overlay(t, record.Dir, "package "+record.Name+"\n\nimport _ \"keyhold/sealing/open\"\n")
	if faults := recorderFaults(t, "-overlay", added); len(faults) == 0 {
		t.Error("with the import added, the check says nothing")
	}
}
