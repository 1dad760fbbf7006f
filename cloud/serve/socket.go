// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/statement/id"
)

// socketRoute registers the WebSocket, which the framework knows nothing of, and documents it.
func (s *Server) socketRoute(mux *http.ServeMux, h huma.API) {
	mux.HandleFunc("GET /v1/socket", func(w http.ResponseWriter, r *http.Request) {
		// A socket lives as long as its reader and the server do; its frames have times of their own.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		ctx, cancel := context.WithCancel(s.life)
		defer cancel()
		s.mailbox.Socket(ctx, w, r)
	})
	h.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "socket", Method: http.MethodGet, Path: "/v1/socket", Tags: []string{"mail"},
		Summary: "A WebSocket that brings mail, and to the hub fetch statements",
		Description: "The first frame is the envelope of a session statement. The server sends {\"ready\":true}, or {\"problem\":…} and closes; " +
			"then deliveries in order, until {\"ack\":N} acknowledges all up to N.",
		Responses: map[string]*huma.Response{"101": {Description: http.StatusText(http.StatusSwitchingProtocols)}},
	})
}

// newest returns the newest checkpoint of a household's newest run.
func (s *Server) newest(ctx context.Context, h id.Household) (string, error) {
	runs, err := s.store.Runs(ctx, h)
	if err != nil || len(runs) == 0 {
		return "", err
	}
	return runs[len(runs)-1].Checkpoint, nil
}
