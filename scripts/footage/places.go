// SPDX-License-Identifier: Apache-2.0

package main

import "math"

// sky is a late afternoon's, down to where the ground begins.
func sky(c *canvas, horizon int) {
	c.gradient(ink(0x9ec5dc), ink(0xf3e3cb), 0, horizon)
	for _, cloud := range []struct{ x, y, s float64 }{{360, 120, 1}, {1240, 80, 1.3}, {1690, 190, 0.8}} {
		for _, puff := range []struct{ dx, dy, r float64 }{{-80, 12, 44}, {-20, -10, 60}, {50, 0, 52}, {105, 16, 34}} {
			c.ellipse(glass(0xffffff, 120), cloud.x+puff.dx*cloud.s, cloud.y+puff.dy*cloud.s, puff.r*1.5*cloud.s, puff.r*0.62*cloud.s)
		}
	}
}

func lawn(c *canvas, from int) {
	c.gradient(ink(0x88a862), ink(0x567d3f), from, height)
	for i := range 900 {
		// A fixed, even scatter: multiples of the golden ratio.
		u := math.Mod(float64(i)*0.61803398875, 1)
		v := math.Mod(float64(i)*0.75487766625, 1)
		y := float64(from) + v*float64(height-from)
		s := 2 + 7*v
		c.polygon(glass(0x3f6630, 80), point{u * width, y}, point{u*width + s*0.4, y}, point{u*width + s*0.9, y - s*2})
	}
}

func tree(c *canvas, x, foot, tall float64) {
	c.ellipse(glass(0x1a2016, 55), x+tall*0.08, foot, tall*0.34, tall*0.05)
	c.polygon(ink(0x6b4f3a), point{x - tall*0.045, foot}, point{x - tall*0.022, foot - tall*0.55}, point{x + tall*0.022, foot - tall*0.55}, point{x + tall*0.055, foot})
	for i, leaf := range []struct{ dx, dy, r float64 }{{-0.17, -0.55, 0.17}, {0.18, -0.57, 0.18}, {0, -0.72, 0.23}, {-0.10, -0.62, 0.15}, {0.10, -0.76, 0.13}} {
		shade := []uint32{0x4d7a48, 0x55844e, 0x5f9157, 0x6a9c60, 0x7aab6c}[i]
		c.ellipse(ink(shade), x+leaf.dx*tall, foot+leaf.dy*tall, leaf.r*tall, leaf.r*tall*0.9)
	}
}

func window(c *canvas, x, y, w, h float64) {
	c.rect(ink(0xf6f1e7), x-12, y-12, w+24, h+24)
	c.rect(ink(0x49616f), x, y, w, h)
	c.polygon(glass(0xf7e3bd, 90), point{x, y}, point{x + w*0.55, y}, point{x, y + h*0.75})
	c.rect(ink(0xf6f1e7), x+w/2-5, y, 10, h)
	c.rect(ink(0xf6f1e7), x, y+h*0.45-4, w, 8)
	c.rect(ink(0xd9cfbd), x-22, y+h+12, w+44, 14)
}

func bricks(c *canvas, x, y, w, h float64) {
	c.rect(ink(0xb9785a), x, y, w, h)
	const rowH, brickW = 26, 84
	for row := 0; float64(row)*rowH < h; row++ {
		c.rect(glass(0xe6cdb8, 110), x, y+float64(row)*rowH, w, 3)
		for col := 0; float64(col)*brickW < w+brickW; col++ {
			bx := x + float64(col)*brickW - float64(row%2)*brickW/2
			if bx > x && bx < x+w {
				c.rect(glass(0xe6cdb8, 110), bx, y+float64(row)*rowH, 3, math.Min(rowH, h-float64(row)*rowH))
			}
		}
	}
}

// frontDoor is a brick front, a green door with a lamp, steps and a path.
func frontDoor(c *canvas) {
	sky(c, 800)
	lawn(c, 800)
	bricks(c, 250, 90, 1420, 720)
	c.polygon(ink(0x6d4438), point{190, 110}, point{1730, 110}, point{1640, -20}, point{280, -20})
	c.rect(glass(0x2a1a12, 60), 250, 110, 1420, 22)
	window(c, 380, 300, 300, 300)
	window(c, 1240, 300, 300, 300)
	c.rect(ink(0xf6f1e7), 828, 318, 264, 492)
	c.rect(ink(0x245c4e), 850, 340, 220, 470)
	for _, y := range []float64{370, 590} {
		c.rect(ink(0x2f7060), 878, y, 72, 180)
		c.rect(ink(0x2f7060), 970, y, 72, 180)
	}
	c.ellipse(ink(0xe3b24f), 1046, 585, 11, 11)
	c.rect(ink(0x2b2b2b), 1120, 520, 34, 84)
	c.ellipse(ink(0xbfe3ef), 1137, 545, 9, 9)
	c.ellipse(ink(0xf3d9a0), 1137, 582, 8, 8)
	c.ellipse(glass(0xffe6ad, 70), 960, 262, 92, 66)
	c.rect(ink(0x3c3a36), 932, 232, 56, 62)
	c.rect(ink(0xffe9b8), 942, 244, 36, 40)
	c.polygon(ink(0xcbbfa9), point{800, 810}, point{1120, 810}, point{1160, 850}, point{760, 850})
	c.polygon(ink(0xb9ac95), point{760, 850}, point{1160, 850}, point{1205, 895}, point{715, 895})
	c.polygon(ink(0xd7cab2), point{715, 895}, point{1205, 895}, point{1430, 1080}, point{490, 1080})
	for _, x := range []float64{330, 560, 1330, 1560} {
		c.ellipse(ink(0x4d7a48), x, 806, 120, 62)
		for i := range 9 {
			a := float64(i) * 2.4
			c.ellipse(ink([]uint32{0xf4d35e, 0xe07a5f, 0xf2e9e4}[i%3]), x+80*math.Cos(a)*float64(i)/9, 800+34*math.Sin(a)*float64(i)/9, 9, 9)
		}
	}
	tree(c, 95, 900, 620)
}

// garden is a lawn with a shed, a fence, a table and two trees.
func garden(c *canvas) {
	sky(c, 620)
	for x := -20.0; x < width; x += 62 {
		c.rect(ink(0xa98763), x, 380, 54, 250)
		c.polygon(ink(0xa98763), point{x, 381}, point{x + 27, 350}, point{x + 54, 381})
	}
	c.rect(ink(0x8c6e4f), 0, 430, width, 16)
	c.rect(ink(0x8c6e4f), 0, 560, width, 16)
	lawn(c, 620)
	c.rect(ink(0x7d8f86), 1270, 330, 430, 350)
	for x := 1270.0; x < 1700; x += 43 {
		c.rect(glass(0x2d3a34, 50), x, 330, 4, 350)
	}
	c.polygon(ink(0x54443b), point{1220, 340}, point{1485, 190}, point{1750, 340})
	c.rect(ink(0x5f4a3b), 1330, 440, 140, 240)
	window(c, 1540, 430, 110, 100)
	tree(c, 300, 760, 640)
	tree(c, 1010, 690, 420)
	c.ellipse(glass(0x1a2016, 60), 760, 905, 210, 26)
	c.limb(ink(0x6b4f3a), point{660, 800}, point{640, 900}, 16)
	c.limb(ink(0x6b4f3a), point{860, 800}, point{880, 900}, 16)
	c.ellipse(ink(0xc8a679), 760, 795, 190, 36)
	c.ellipse(ink(0xd8b98d), 760, 788, 190, 34)
	c.rect(ink(0xe9e2d4), 735, 735, 34, 50)
	c.ellipse(ink(0xe07a5f), 745, 722, 20, 16)
	c.ellipse(ink(0xf4d35e), 765, 726, 16, 14)
	for i := range 26 {
		x := 60 + float64(i)*72
		c.ellipse(ink(0x4d7a48), x, 640, 52, 34)
		c.ellipse(ink([]uint32{0xd98ba6, 0xf2e9e4, 0xf4d35e}[i%3]), x+math.Mod(float64(i)*17, 30)-15, 630, 8, 8)
	}
}

// driveway is a garage, a parked car and a hedge along the street.
func driveway(c *canvas) {
	sky(c, 640)
	lawn(c, 640)
	c.rect(ink(0xd9cdb8), 180, 230, 820, 460)
	c.polygon(ink(0x6d4438), point{120, 250}, point{590, 60}, point{1060, 250})
	c.rect(ink(0xf6f1e7), 268, 358, 424, 332)
	for i := range 5 {
		c.rect(ink(0x6f8794), 280, 370+float64(i)*64, 400, 58)
	}
	window(c, 770, 380, 150, 150)
	tree(c, 1330, 690, 520)
	c.polygon(ink(0xa9a49b), point{250, 690}, point{720, 690}, point{1180, 1080}, point{-120, 1080})
	for i := range 7 {
		y := 690 + math.Pow(float64(i+1)/7.5, 1.7)*390
		c.rect(glass(0x6e6a62, 60), 0, y, 1180, 3)
	}
	for x := 1100.0; x < width+80; x += 90 {
		c.ellipse(ink(0x4d7a48), x, 660, 80, 70)
		c.ellipse(ink(0x5f9157), x-12, 640, 56, 42)
	}
	c.ellipse(glass(0x1a2016, 80), 1530, 800, 330, 34)
	c.polygon(ink(0x8c2f39), point{1215, 760}, point{1230, 690}, point{1330, 672}, point{1410, 600}, point{1640, 600}, point{1720, 676}, point{1830, 694}, point{1845, 770}, point{1215, 780})
	c.polygon(ink(0xb9d3dd), point{1362, 672}, point{1424, 617}, point{1515, 617}, point{1515, 672})
	c.polygon(ink(0xb9d3dd), point{1535, 672}, point{1535, 617}, point{1630, 617}, point{1684, 672})
	c.rect(ink(0xf7e3bd), 1222, 704, 34, 20)
	c.rect(glass(0x3a0f14, 90), 1520, 690, 4, 80)
	for _, x := range []float64{1345, 1715} {
		c.ellipse(ink(0x1f1d1b), x, 778, 58, 58)
		c.ellipse(ink(0xb6b2aa), x, 778, 28, 28)
	}
}
