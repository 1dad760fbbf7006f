// SPDX-License-Identifier: Apache-2.0

package restream

import (
	"slices"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// handler is what gortsplib asks. All that concerns one connection comes one after the other.
type handler struct{ *Server }

// OnConnOpen begins a connection.
func (h handler) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	ctx.Conn.SetUserData(newCaller())
}

// OnConnClose ends what was asked for and never read.
func (h handler) OnConnClose(ctx *gortsplib.ServerHandlerOnConnCloseCtx) {
	if by, ok := ctx.Conn.UserData().(*caller); ok && by.reading != nil {
		by.reading.drop()
	}
}

// OnDescribe says what a camera sends.
func (h handler) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return h.reach(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup prepares the picture for a reader.
func (h handler) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, stream, err := h.reach(ctx.Conn, ctx.Request, ctx.Path)
	if by, ok := ctx.Conn.UserData().(*caller); ok && stream != nil {
		ctx.Session.SetUserData(by.reading)
	}
	return res, stream, err
}

// reach gives a camera to whoever may have it. That it is allowed now is asked again when it is to play.
func (h handler) reach(conn *gortsplib.ServerConn, req *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	by, ok := conn.UserData().(*caller)
	if !ok {
		return &base.Response{StatusCode: base.StatusInternalServerError}, nil, nil
	}
	account, no, err := h.login(conn, by, req)
	if no != nil {
		return no, nil, err
	}
	camera := id.Camera(first(path))
	source, there := h.c.Find(camera)
	if !there || !slices.Contains(account.Cameras, camera) && !rule.Off(rule.Camera) {
		// One that is not its business is not there for it.
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	if r := by.reading; r == nil || r.camera != camera || r.account != account {
		fresh, err := h.prepare(conn, account, camera, source)
		if err != nil {
			h.c.Log.Info("an integration cannot read a camera now", "camera", string(camera), "error", err)
			return &base.Response{StatusCode: base.StatusServiceUnavailable}, nil, nil
		}
		if r != nil {
			r.drop()
		}
		by.reading = fresh
	}
	return &base.Response{StatusCode: base.StatusOK}, by.reading.stream, nil
}

// OnPlay begins to read, once that is written down.
func (h handler) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	r, ok := ctx.Session.UserData().(*Reading)
	if !ok || r.conn != ctx.Conn {
		return &base.Response{StatusCode: base.StatusBadRequest}, nil
	}
	if r.begun {
		return &base.Response{StatusCode: base.StatusOK}, nil
	}
	if r.refused {
		return &base.Response{StatusCode: base.StatusForbidden}, nil
	}
	if !h.enter(r) {
		return &base.Response{StatusCode: base.StatusNotEnoughBandwidth}, nil
	}
	if err := h.c.Begin(r.account, r.camera, r); err != nil {
		h.leave(r)
		r.refused = true
		close(r.done)
		h.c.Log.Info("an integration may not read a camera", "camera", string(r.camera), "error", err)
		return &base.Response{StatusCode: base.StatusForbidden}, nil
	}
	r.begun = true
	h.wg.Go(r.run)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnResponse is called once gortsplib takes packets for a reader that is to play.
func (h handler) OnResponse(conn *gortsplib.ServerConn, _ *base.Response) {
	if by, ok := conn.UserData().(*caller); ok && by.reading != nil && by.reading.begun {
		by.reading.answered()
	}
}

// OnSessionClose ends a reading.
func (h handler) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if r, ok := ctx.Session.UserData().(*Reading); ok {
		r.gone()
	}
}

// OnStreamWriteError hears of a reader that is too slow.
func (h handler) OnStreamWriteError(ctx *gortsplib.ServerHandlerOnStreamWriteErrorCtx) {
	if r, ok := ctx.Session.UserData().(*Reading); ok {
		r.behind.Store(true)
	}
}
