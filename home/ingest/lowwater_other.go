// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package ingest

import (
	"errors"
	"syscall"
)

func setLowWater(syscall.RawConn, int) error { return errors.ErrUnsupported }
