// SPDX-License-Identifier: Apache-2.0

package find

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

const (
	// maxPixels bounds a picture before it is decoded.
	maxPixels = 24 << 20
	// smallWidth is how wide a small picture is at most.
	smallWidth = 480
)

// small makes a camera's JPEG one of at most most bytes. It is drawn anew, so that nothing of the camera's bytes goes on.
func small(b []byte, most int) ([]byte, error) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("find: the camera's picture is no JPEG: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxPixels/cfg.Height {
		return nil, fmt.Errorf("find: the camera's picture has %d×%d pixels", cfg.Width, cfg.Height)
	}
	in, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("find: the camera's picture is no JPEG: %w", err)
	}
	for _, width := range []int{smallWidth, smallWidth / 2} {
		drawn := shrink(in, width)
		for _, quality := range []int{80, 60, 40} {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, drawn, &jpeg.Options{Quality: quality}); err != nil {
				return nil, fmt.Errorf("find: draw a picture: %w", err)
			}
			if out.Len() <= most {
				return out.Bytes(), nil
			}
		}
	}
	return nil, fmt.Errorf("find: the camera's picture does not get smaller than %d bytes", most)
}

// shrink draws a picture at most so wide; each of its points is the mean of those that it stands for.
func shrink(in image.Image, width int) image.Image {
	b := in.Bounds()
	if b.Dx() <= width {
		return in
	}
	height := max(1, b.Dy()*width/b.Dx())
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		top, bottom := b.Min.Y+y*b.Dy()/height, b.Min.Y+(y+1)*b.Dy()/height
		for x := range width {
			left, right := b.Min.X+x*b.Dx()/width, b.Min.X+(x+1)*b.Dx()/width
			var red, green, blue, n uint32
			for v := top; v < max(bottom, top+1); v++ {
				for u := left; u < max(right, left+1); u++ {
					r, g, bl, _ := in.At(u, v).RGBA()
					red, green, blue, n = red+r>>8, green+g>>8, blue+bl>>8, n+1
				}
			}
			out.SetRGBA(x, y, color.RGBA{R: uint8(red / n), G: uint8(green / n), B: uint8(blue / n), A: 0xff})
		}
	}
	return out
}
