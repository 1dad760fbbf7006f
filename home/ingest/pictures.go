// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// An orderer tells decoding times by what pictures say of their order.
type orderer interface {
	Initialize()
	Extract(au [][]byte, pts int64) (int64, error)
}

// pictures finds the decoding time of pictures that may be sent in another order than they are shown.
type pictures struct {
	order   orderer
	have    bool
	last    int64 // decoding time of the last picture
	plain   bool  // the order cannot be told; pictures are taken as they come
	missing bool  // a picture did not fit: nothing more before the next key frame
}

func (p *pictures) reset() { *p = pictures{} }

// dts gives the decoding time of a picture; false leaves it out. Decoding times rise.
func (p *pictures) dts(params *Params, units [][]byte, key bool, pts int64) (int64, bool) {
	if p.missing && !key {
		return 0, false
	}
	if p.order == nil || p.missing {
		p.order, p.missing = newOrderer(params.Codec), false
	}
	if key {
		p.plain = false
	}
	dts := pts
	if !p.plain {
		au := units
		if key {
			au = append(params.Sets(), units...)
		}
		var err error
		if dts, err = p.order.Extract(au, pts); err != nil {
			if p.have && pts <= p.last {
				p.missing = true
				return 0, false
			}
			// Pictures that come in the order of their times need no help.
			p.plain, dts = !key, pts
			p.order = nil
		}
	}
	if p.have && dts <= p.last {
		dts = p.last + 1
	}
	p.have, p.last = true, dts
	return dts, true
}

func newOrderer(c Codec) orderer {
	var o orderer = &h264.DTSExtractor{}
	if c == H265 {
		o = &h265.DTSExtractor{}
	}
	o.Initialize()
	return o
}
