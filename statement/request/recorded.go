// SPDX-License-Identifier: Apache-2.0

package request

import "keyhold/statement/id"

// Forms of recording.
const (
	// RecordSent: as the camera sends it.
	RecordSent = "sent"
	// RecordMade: what is not H.264 is made into that by the hub, as it comes.
	RecordMade = "made"
	// RecordSmall: the camera's second stream in the place of its first.
	RecordSmall = "small"
)

// Recording says whether a text is a form of recording.
func Recording(form string) bool {
	return form == RecordSent || form == RecordMade || form == RecordSmall
}

// Recorded is in which form a camera is recorded.
type Recorded struct {
	Camera id.Camera `json:"camera"`
	// Cost is about how much of a processor core the hub needs to make its pictures anew, or would need, in percent; 0
	// where that is not known. Measured: it does, and so much it is.
	Cost     int64  `json:"cost"`
	Form     string `json:"form"`
	Measured bool   `json:"measured"`
	// Sent is how the picture is coded that the camera sends: h264, h265; "" before the first.
	Sent string `json:"sent"`
	// Small says that it has a second stream.
	Small bool `json:"small"`
}
