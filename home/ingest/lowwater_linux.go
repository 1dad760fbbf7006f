// SPDX-License-Identifier: Apache-2.0

package ingest

import "syscall"

func setLowWater(raw syscall.RawConn, n int) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
	}); e != nil {
		return e
	}
	return err
}
