// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
)

// One message that waits for a cloud that does not answer is not to hold up the others.
func TestNobodyWaitsForAnothersQuestionToTheCloud(t *testing.T) {
	t.Parallel()
	asked, asking := atomic.Int64{}, make(chan struct{})
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			close(asking)
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte(`{"now":1,"retention_days":30,"to":"AQ=="}`)) // whoever asked has gone
	}))
	defer cloud.Close()
	c := &courier{hub: &Hub{client: &api.Client{Base: cloud.URL, HTTP: cloud.Client()}}}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.cloud(ctx)
		first <- err
	}()
	<-asking
	second := make(chan error, 1)
	go func() {
		_, err := c.cloud(t.Context())
		second <- err
	}()
	select {
	case err := <-second:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the answer to the first")
	}
	cancel()
	if err := <-first; err == nil {
		t.Error("the first has an answer")
	}
}
