// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"keyhold/bench/setting"
)

// Each picture of the film carries its number as a row of black and white blocks: one of each, by which the two are told
// apart, the number's bits, and those of a checksum.
const (
	numberBits = 12
	sumBits    = 8
	blocks     = 2 + numberBits + sumBits
	// The row lies in the picture, in pixels.
	blockSize, rowLeft, rowTop = 64, 256, 32
	// contrast is how much brighter white is than black at least, of 255.
	contrast = 100

	filmRate, filmSeconds = 30, 20
	pictures              = filmRate * filmSeconds
)

var errBarCode = errors.New("no bar code with a number")

// sum is a CRC-8 of the number: any one block that is read wrongly, and any few beside each other, are noticed.
func sum(number int) int {
	rest := number << sumBits
	for bit := numberBits + sumBits - 1; bit >= sumBits; bit-- {
		if rest>>bit&1 == 1 {
			rest ^= 0x107 << (bit - sumBits)
		}
	}
	return rest
}

// encode gives the brightness of each block.
func encode(number int) []byte {
	row := []byte{255, 0}
	bits := number<<sumBits | sum(number)
	for bit := numberBits + sumBits - 1; bit >= 0; bit-- {
		row = append(row, byte(bits>>bit&1*255))
	}
	return row
}

// decode reads the number from the brightness of the blocks, as a camera's picture has it after it was packed and unpacked.
func decode(row []byte) (int, error) {
	if len(row) != blocks {
		return 0, errBarCode
	}
	white, black := int(row[0]), int(row[1])
	quarter := (white - black) / 4
	if white-black < contrast {
		return 0, errBarCode
	}
	bits := 0
	for _, v := range row[2:] {
		bits <<= 1
		switch v := int(v); {
		case v >= white-quarter:
			bits |= 1
		case v > black+quarter:
			return 0, errBarCode // neither
		}
	}
	number := bits >> sumBits
	if sum(number) != bits&(1<<sumBits-1) || number >= pictures {
		return 0, errBarCode
	}
	return number, nil
}

// film draws the numbered film into the cache, under a name that another recipe would change.
func film(ctx context.Context) (string, error) {
	var rows []byte
	for n := range pictures {
		rows = append(rows, encode(n)...)
	}
	recipe := []string{
		"-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx1", blocks), "-r", fmt.Sprint(filmRate), "-i", "-",
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=1920x1080:r=%d,noise=alls=12:allf=t", filmRate),
		"-filter_complex", fmt.Sprintf("[0]scale=%d:%d:flags=neighbor[row];[1][row]overlay=%d:%d", blocks*blockSize, blockSize, rowLeft, rowTop),
		"-frames:v", fmt.Sprint(pictures),
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0",
		"-b:v", "4M", "-maxrate", "4M", "-bufsize", "2M", "-pix_fmt", "yuv420p",
	}
	key := sha256.Sum256(append([]byte(strings.Join(recipe, " ")), rows...))
	name := "bench-numbered-" + hex.EncodeToString(key[:6]) + ".mp4"
	return setting.Film(ctx, name, rows, func(path string) error { return readable(ctx, path) }, recipe...)
}

// readable has ffmpeg show the film, and reads each of its pictures.
func readable(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", path, "-vf",
		fmt.Sprintf("crop=%d:%d:%d:%d,scale=%d:1:flags=area", blocks*blockSize, blockSize, rowLeft, rowTop, blocks), "-f", "rawvideo", "-pix_fmt", "gray", "-")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("show it with ffmpeg: %w", err)
	}
	if len(out) != pictures*blocks {
		return fmt.Errorf("it has %d pictures, not %d", len(out)/blocks, pictures)
	}
	n := 0
	for row := range slices.Chunk(out, blocks) {
		if got, err := decode(bytes.Clone(row)); err != nil || got != n {
			return fmt.Errorf("picture %d is read as %d: %w", n, got, errBarCode)
		}
		n++
	}
	return nil
}
