// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package confine

import (
	"errors"
	"syscall"
	"time"
)

// Attributes are of no use where Child refuses.
func Attributes() *syscall.SysProcAttr { return nil }

// Child knows no limits here: a child without limits is not let near a camera's bytes.
func Child(int, Limits) error { return errors.ErrUnsupported }

// Spent is not known here.
func Spent(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
