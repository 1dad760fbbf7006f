// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"fmt"
	"net/http"

	"keyhold/statement/rule"
)

// Kind is the small fixed set of reasons for which the cloud does not do something.
type Kind string

// The kinds of docs/protocol.md section 6. What a caller does about them differs; what went wrong within a kind is
// the rule's business.
const (
	Invalid         Kind = "invalid"
	Unauthenticated Kind = "unauthenticated"
	Denied          Kind = "denied"
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict"
	TooMany         Kind = "too_many"
	Unavailable     Kind = "unavailable"
	Internal        Kind = "internal"
)

const problemPrefix = "urn:keyhold:"

// Problem is a refusal (RFC 9457). Its sentence is safe to show; its id is in the cloud's log beside the cause.
type Problem struct { //nolint:errname // RFC 9457 calls it a problem
	Type   string    `json:"type" doc:"urn:keyhold: and the kind"`
	Title  string    `json:"title" doc:"a sentence for a person"`
	Status int       `json:"status"`
	Rule   rule.Name `json:"rule" doc:"the rule that refused, or empty"`
	ID     string    `json:"id" doc:"names this one answer in the operator's log"`
}

// NewProblem makes a refusal; the server adds the id.
func NewProblem(k Kind, r rule.Name, title string) *Problem {
	return &Problem{Type: problemPrefix + string(k), Title: title, Status: k.Status(), Rule: r}
}

// Kind returns the problem's kind; one that this version does not know is Internal.
func (p *Problem) Kind() Kind {
	if len(p.Type) > len(problemPrefix) && p.Type[:len(problemPrefix)] == problemPrefix {
		if k := Kind(p.Type[len(problemPrefix):]); k.Status() != http.StatusInternalServerError {
			return k
		}
	}
	return Internal
}

func (p *Problem) Error() string {
	if p.Rule != "" {
		return fmt.Sprintf("%s (%s)", p.Title, p.Rule)
	}
	return p.Title
}

// GetStatus and ContentType let an HTTP framework write a Problem as it is.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of RFC 9457, whatever was asked for.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// Status maps a kind to its HTTP status.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return http.StatusBadRequest
	case Unauthenticated:
		return http.StatusUnauthorized
	case Denied:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// KindOf returns the kind of the Problem in err, or "" if there is none: the cloud was not reached.
func KindOf(err error) Kind {
	var p *Problem
	if errors.As(err, &p) {
		return p.Kind()
	}
	return ""
}
