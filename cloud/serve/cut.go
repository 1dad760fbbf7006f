// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

type connectionKey struct{}

// withConnection lets a handler find the connection that its request came by.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// cut ends an answer that is under way, however slowly it is read: what waits to be written fails, and what the kernel
// still holds for the caller is thrown away with the connection. Over HTTP/2 it is the stream that ends.
func cut(x *raw) {
	if c, ok := x.r.Context().Value(connectionKey{}).(net.Conn); ok && x.r.ProtoMajor == 1 {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn()
		}
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	}
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now())
}
