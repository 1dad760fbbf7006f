// SPDX-License-Identifier: Apache-2.0

package main

import (
	"image"
	"image/color"
	"math"
	"sort"
)

// point is a place in the 1920x1080 picture.
type point struct{ x, y float64 }

// canvas paints filled shapes with smooth edges.
type canvas struct {
	*image.RGBA
	touched image.Rectangle // what was painted since the last reset
}

func newCanvas() *canvas {
	return &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height))}
}

const subLines = 4 // scan lines in each pixel row; horizontally the coverage is exact

// polygon fills a closed outline by the even-odd rule.
func (c *canvas) polygon(ink color.NRGBA, pts ...point) {
	minY, maxY := math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		minY, maxY = math.Min(minY, p.y), math.Max(maxY, p.y)
	}
	from, to := max(0, int(minY)), min(height-1, int(maxY)+1)
	cover := make([]float64, width)
	for y := from; y <= to; y++ {
		lo, hi := width, -1
		for s := range subLines {
			at := float64(y) + (float64(s)+0.5)/subLines
			xs := crossings(pts, at)
			for i := 0; i+1 < len(xs); i += 2 {
				a, b := spread(cover, xs[i], xs[i+1])
				lo, hi = min(lo, a), max(hi, b)
			}
		}
		for x := lo; x <= hi; x++ {
			c.mix(x, y, ink, math.Min(cover[x]/subLines, 1))
			cover[x] = 0
		}
		if hi >= lo {
			c.touched = c.touched.Union(image.Rect(lo, y, hi+1, y+1))
		}
	}
}

// crossings are the sorted places where the outline crosses a horizontal line.
func crossings(pts []point, at float64) []float64 {
	var xs []float64
	for i, p := range pts {
		q := pts[(i+1)%len(pts)]
		if (p.y <= at) != (q.y <= at) {
			xs = append(xs, p.x+(at-p.y)*(q.x-p.x)/(q.y-p.y))
		}
	}
	sort.Float64s(xs)
	return xs
}

// spread adds the span from a to b to the row's coverage and returns the pixels it reached.
func spread(cover []float64, a, b float64) (int, int) {
	a, b = math.Max(a, 0), math.Min(b, width)
	if b <= a {
		return width, -1
	}
	first, last := int(a), min(int(b), width-1)
	for x := first; x <= last; x++ {
		cover[x] += math.Min(b, float64(x+1)) - math.Max(a, float64(x))
	}
	return first, last
}

// mix lays ink over one pixel.
func (c *canvas) mix(x, y int, ink color.NRGBA, share float64) {
	share *= float64(ink.A) / 255
	i := c.PixOffset(x, y)
	for k, v := range [3]uint8{ink.R, ink.G, ink.B} {
		old := float64(c.Pix[i+k])
		c.Pix[i+k] = uint8(old + (float64(v)-old)*share + 0.5)
	}
	c.Pix[i+3] = 255
}

func (c *canvas) rect(ink color.NRGBA, x, y, w, h float64) {
	c.polygon(ink, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

func (c *canvas) ellipse(ink color.NRGBA, cx, cy, rx, ry float64) {
	const corners = 64
	pts := make([]point, corners)
	for i := range pts {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		pts[i] = point{cx + rx*cos, cy + ry*sin}
	}
	c.polygon(ink, pts...)
}

// limb is a line with a width and round ends.
func (c *canvas) limb(ink color.NRGBA, a, b point, thick float64) {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	nx, ny := -dy/length*thick/2, dx/length*thick/2
	c.polygon(ink, point{a.x + nx, a.y + ny}, point{b.x + nx, b.y + ny}, point{b.x - nx, b.y - ny}, point{a.x - nx, a.y - ny})
	c.ellipse(ink, a.x, a.y, thick/2, thick/2)
	c.ellipse(ink, b.x, b.y, thick/2, thick/2)
}

// gradient fills whole rows, from one colour to another.
func (c *canvas) gradient(top, bottom color.NRGBA, y0, y1 int) {
	blend := func(a, b uint8, t float64) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t) }
	for y := y0; y < y1; y++ {
		t := float64(y-y0) / float64(y1-y0)
		ink := color.RGBA{blend(top.R, bottom.R, t), blend(top.G, bottom.G, t), blend(top.B, bottom.B, t), 255}
		for x := range width {
			c.SetRGBA(x, y, ink)
		}
	}
}

// ink reads a colour like 0xRRGGBB.
func ink(rgb uint32) color.NRGBA {
	return color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255}
}

// glass is a colour that lets some of what lies under it through.
func glass(rgb uint32, alpha uint8) color.NRGBA {
	n := ink(rgb)
	n.A = alpha
	return n
}
