// SPDX-License-Identifier: Apache-2.0

package away

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// inside says to this program that it runs in a network of its own already.
const inside = "KEYHOLD_TEST_INSIDE"

// errNoSpace says why there is no network of one's own here.
var errNoSpace error

// The tests run in a network that is theirs: it is everybody else's, between the lines. So nothing of the machine's own
// network is touched, and it goes with them.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	again := exec.Command(os.Args[0], os.Args[1:]...)
	again.Env = append(os.Environ(), inside+"=1")
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	err := again.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	default:
		errNoSpace = fmt.Errorf("this user may make no network namespaces; run it as root: %w", err)
		os.Exit(m.Run())
	}
}
