// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
)

// sceneSeconds is the drawn loop's length: every walker is out of the picture at both ends of it.
const sceneSeconds = 40

// scene is one camera's drawn view: what stands still, and who walks through.
type scene struct {
	still   func(*canvas)
	walkers []walker
}

// walker is a person on a straight way; nearer (lower in the picture) means larger.
type walker struct {
	from, to   point // of the feet
	start, end float64
	coat, legs uint32
	parcel     bool
}

var scenes = []*scene{
	{frontDoor, []walker{
		{point{-120, 1010}, point{905, 850}, 2, 12, 0x9c3d2e, 0x2d3142, true},
		{point{905, 850}, point{-120, 1010}, 15, 24, 0x9c3d2e, 0x2d3142, false},
		{point{2040, 1030}, point{-160, 1030}, 25, 39, 0x2f5d73, 0x3b3a36, false},
	}},
	{garden, []walker{
		{point{2030, 800}, point{-110, 760}, 3, 21, 0x7a5c99, 0x3a3f4b, false},
		{point{-130, 960}, point{2050, 990}, 20, 39, 0xc98a2b, 0x4a3f35, false},
	}},
	{driveway, []walker{
		{point{-120, 880}, point{2040, 840}, 1, 18, 0x37705a, 0x2b2b33, false},
		{point{2040, 1000}, point{-140, 1000}, 17, 36, 0x4c5f9e, 0x33302c, true},
	}},
}

// painter makes one picture after the other; only what moved is put back from the still picture.
type painter struct {
	scene *scene
	still *image.RGBA
	page  *canvas
}

func newPainter(s *scene) *painter {
	base := newCanvas()
	s.still(base)
	page := newCanvas()
	draw.Draw(page.RGBA, page.Bounds(), base.RGBA, image.Point{}, draw.Src)
	return &painter{scene: s, still: base.RGBA, page: page}
}

// frame paints the picture of a moment and returns its bytes, which the next call overwrites.
func (p *painter) frame(at float64) []byte {
	draw.Draw(p.page.RGBA, p.page.touched, p.still, p.page.touched.Min, draw.Src)
	p.page.touched = image.Rectangle{}
	at = math.Mod(at, sceneSeconds)
	for _, w := range p.scene.walkers {
		if at >= w.start && at <= w.end {
			w.paint(p.page, (at-w.start)/(w.end-w.start), at)
		}
	}
	return p.page.Pix
}

// paint draws the person at a share of the way.
func (w walker) paint(c *canvas, share, at float64) {
	feet := point{w.from.x + (w.to.x-w.from.x)*share, w.from.y + (w.to.y-w.from.y)*share}
	tall := 150 + (feet.y-650)*0.62
	swing := math.Sin(at * 2 * math.Pi * 0.95)
	face := 1.0
	if w.to.x < w.from.x {
		face = -1
	}
	hip := point{feet.x, feet.y - tall*0.47}
	neck := point{feet.x + face*tall*0.02, feet.y - tall*0.80}
	reach := swing * tall * 0.17
	c.ellipse(glass(0x1a2016, 70), feet.x, feet.y, tall*0.26, tall*0.05)
	leg := func(off float64) {
		knee := point{hip.x + off*0.55 + face*tall*0.03, feet.y - tall*0.24}
		foot := point{hip.x + off, feet.y - math.Max(0, -off*face)*0.16}
		c.limb(ink(w.legs), hip, knee, tall*0.095)
		c.limb(ink(w.legs), knee, foot, tall*0.08)
		c.limb(ink(0x241f1c), foot, point{foot.x + face*tall*0.06, foot.y}, tall*0.05)
	}
	leg(-reach)
	shoulder := point{neck.x, neck.y + tall*0.05}
	c.limb(ink(w.coat), shoulder, point{hip.x + reach*0.9, hip.y - tall*0.02}, tall*0.07)
	leg(reach)
	c.limb(ink(w.coat), point{neck.x, neck.y + tall*0.07}, point{hip.x, hip.y - tall*0.02}, tall*0.19)
	hand := point{hip.x - reach*0.9, hip.y - tall*0.02}
	if w.parcel {
		hand = point{neck.x + face*tall*0.17, neck.y + tall*0.22}
		c.rect(ink(0xb98a55), hand.x-tall*0.10, hand.y-tall*0.10, tall*0.20, tall*0.15)
		c.rect(ink(0xe0c08d), hand.x-tall*0.015, hand.y-tall*0.10, tall*0.03, tall*0.15)
	}
	c.limb(glass(0x000000, 26), shoulder, hand, tall*0.085)
	c.limb(ink(w.coat), shoulder, hand, tall*0.065)
	c.ellipse(ink(0xd9a582), hand.x, hand.y, tall*0.035, tall*0.035)
	c.ellipse(ink(0xd9a582), neck.x+face*tall*0.015, neck.y-tall*0.075, tall*0.068, tall*0.08)
	c.ellipse(ink(0x3a2a20), neck.x-face*tall*0.012, neck.y-tall*0.105, tall*0.072, tall*0.065)
}

// drawStills leaves one PNG a camera, at a moment when somebody is in view.
func drawStills(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for the stills: %w", err)
	}
	for i, cam := range cameras {
		p := newPainter(scenes[i])
		p.frame(8.2)
		f, err := os.Create(filepath.Join(dir, cam.name+".png"))
		if err != nil {
			return fmt.Errorf("keep a still: %w", err)
		}
		if err := errors.Join(png.Encode(f, p.page.RGBA), f.Close()); err != nil {
			return fmt.Errorf("keep a still: %w", err)
		}
	}
	return nil
}
