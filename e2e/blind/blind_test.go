// SPDX-License-Identifier: Apache-2.0

package blind_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"keyhold/e2e/blind"
)

const (
	camera   = "Grüne Pforte 7c"
	person   = "Thessaly Quill"
	password = `hunter "2"\+mole`
	code     = "QR-4b1d7e90aa"
	hz       = 1873.0
)

func canaries() []blind.Canary {
	return []blind.Canary{
		{Name: "camera", Kind: blind.Text, Text: camera},
		{Name: "person", Kind: blind.Text, Text: person},
		{Name: "password", Kind: blind.Text, Text: password},
		{Name: "code", Kind: blind.QR, Text: code},
		{Name: "tone", Kind: blind.Sound, Hz: hz},
	}
}

// scan looks at one file with this content.
func scan(t *testing.T, content []byte) blind.Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "material")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := blind.Scan(t.Context(), canaries(), file)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// noise is what sealed things look like.
func noise(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return b
}

// among hides content between noise, at an odd place.
func among(content []byte) []byte {
	return slices.Concat(noise(70_001), content, noise(50_003))
}

func packed(t *testing.T, w io.WriteCloser, b *bytes.Buffer, content []byte) []byte {
	t.Helper()
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t *testing.T, content []byte) []byte {
	var b bytes.Buffer
	return packed(t, gzip.NewWriter(&b), &b, content)
}

func zl(t *testing.T, content []byte) []byte {
	var b bytes.Buffer
	return packed(t, zlib.NewWriter(&b), &b, content)
}

func TestTextIsFoundInEverySpelling(t *testing.T) {
	t.Parallel()
	utf16 := func(s string) []byte {
		var b []byte
		for _, r := range s {
			b = append(b, byte(r), byte(r>>8))
		}
		return b
	}
	text := func(s string) []byte { return []byte(s) }
	asJSON := func(s string) []byte {
		b, err := json.Marshal(map[string]string{"a": s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b64 := base64.StdEncoding
	for _, secret := range []struct{ name, text string }{{"camera", camera}, {"person", person}, {"password", password}} {
		s := secret.text
		spelled := map[string][]byte{
			"plain":                 text(s),
			"small":                 text(strings.ToLower(s)),
			"utf-16":                utf16(s),
			"base64":                text(b64.EncodeToString(text(s + "!"))),
			"base64 after one":      text(b64.EncodeToString(text("x" + s + "yy"))),
			"base64 after two":      text(b64.EncodeToString(text("xx" + s + "y"))),
			"base64url":             text(base64.RawURLEncoding.EncodeToString(text("{" + s + "}"))),
			"base64 of utf-16":      text(b64.EncodeToString(utf16("k" + s))),
			"hex":                   text(hex.EncodeToString(text(s))),
			"large hex":             text(strings.ToUpper(hex.EncodeToString(text(s)))),
			"query":                 text(url.QueryEscape(s)),
			"path":                  text(url.PathEscape(s)),
			"json":                  asJSON(s),
			"json in json":          asJSON(string(asJSON(s))),
			"gzip":                  gz(t, text("some words, then "+s)),
			"zlib":                  zl(t, text("some words, then "+s)),
			"gzip in base64":        text(b64.EncodeToString(gz(t, text(s)))),
			"base64 of base64":      text(b64.EncodeToString(text("{\"payload\":\"" + b64.EncodeToString(text("{\"name\":\""+s+"\"}")) + "\"}"))),
			"base64 after letters":  text("abc" + b64.EncodeToString(gz(t, text(s)))),
			"gzip that breaks off":  gz(t, slices.Concat(text(s), noise(40_000)))[:30_000],
			"zlib in gzip":          gz(t, zl(t, text(s))),
			"base64 in a log line":  text(`level=INFO body=` + b64.EncodeToString(asJSON(s)) + ` n=3`),
			"percent in a log line": text("GET /v1/x?name=" + url.QueryEscape(s) + "&y=1 HTTP/1.1"),
		}
		for how, content := range spelled {
			if found := scan(t, among(content)).Found(); !slices.Equal(found, []string{secret.name}) {
				t.Errorf("%s as %s: found %q", secret.name, how, found)
			}
		}
	}
}

func TestTextIsFoundInZstd(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "zstd", "-q", "-c")
	cmd.Stdin = strings.NewReader(strings.Repeat("words before it; ", 40) + person)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if found := scan(t, among(out)).Found(); !slices.Equal(found, []string{"person"}) {
		t.Errorf("found %q", found)
	}
}

// A long value of a database lies in pieces in its file.
func TestTextIsFoundInADatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b#c.db")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	secret := hex.EncodeToString(noise(1000)) + person + hex.EncodeToString(noise(9000))
	for _, q := range []string{`CREATE TABLE t (a TEXT, b BLOB)`, `INSERT INTO t VALUES ('x', x'00')`} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 { // somewhere the name lies across the border of two pages
		value := strings.Repeat("-", i) + secret
		if _, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES ($1, $2)`, value, gz(t, []byte(camera))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := blind.Scan(t.Context(), canaries(), filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if found := report.Found(); !slices.Equal(found, []string{"camera", "person"}) {
		t.Errorf("found %q", found)
	}
	if !slices.ContainsFunc(report.Findings, func(f blind.Finding) bool { return strings.HasSuffix(f.Where, " > t.a") }) {
		t.Errorf("the values themselves were not looked at: %v", report.Findings)
	}
}

func TestNameOfAFileIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "objects", person), 0o700); err != nil {
		t.Fatal(err)
	}
	report, err := blind.Scan(t.Context(), canaries(), dir)
	if err != nil || !slices.Equal(report.Found(), []string{"person"}) {
		t.Errorf("found %q, %v", report.Found(), err)
	}
}

// picture is a photograph-like picture with a QR code in it.
func picture(t *testing.T, text string) *image.RGBA {
	t.Helper()
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	pic := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for i := range pic.Pix {
		pic.Pix[i] = byte(90 + i%71)
	}
	draw.Draw(pic, image.Rect(0, 0, 640, 40), image.NewUniform(color.RGBA{20, 60, 90, 255}), image.Point{}, draw.Src)
	draw.Draw(pic, image.Rect(200, 80, 440, 320), q.Image(240), image.Point{}, draw.Src)
	return pic
}

func writePNG(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "picture.png")
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(t, text), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCodeIsFoundInAPicture(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(t, code), &jpeg.Options{Quality: 70}); err != nil {
		t.Fatal(err)
	}
	for how, content := range map[string][]byte{
		"as it is": b.Bytes(), "in base64": []byte("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), "in gzip": gz(t, b.Bytes()),
	} {
		report := scan(t, among(content))
		if found := report.Found(); !slices.Equal(found, []string{"code"}) {
			t.Errorf("%s: %s", how, report)
		}
	}
}

// filmed makes a film with a code in its picture and a tone in its sound.
func filmed(t *testing.T, format, text string, tone float64, more ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "film."+format)
	args := []string{
		"-v", "error", "-loop", "1", "-framerate", "10", "-i", writePNG(t, dir, text),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%g:sample_rate=48000,volume=0.3[a];anoisesrc=c=pink:a=0.02:r=48000[b];[a][b]amix=2:normalize=0", tone),
		"-t", "3", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac",
	}
	args = append(append(args, more...), out)
	if said, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, said)
	}
	film, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return film
}

func TestCodeAndToneAreFoundInAFilm(t *testing.T) {
	t.Parallel()
	whole := filmed(t, "mp4", code, hz)
	fragments := filmed(t, "mp4", code, hz, "-g", "10", "-movflags", "frag_keyframe+empty_moov+default_base_moof")
	for how, content := range map[string][]byte{
		"whole": whole, "fragmented": fragments, "two end to end": slices.Concat(fragments, fragments), "in gzip": gz(t, whole),
		"fragmented, cut off": fragments[:len(fragments)*3/4],
	} {
		report := scan(t, among(content))
		if want := []string{"code", "tone"}; !slices.Equal(report.Found(), want) {
			t.Errorf("%s: %s", how, report)
		}
	}
	if report := scan(t, among(filmed(t, "h264", code, hz, "-an"))); !slices.Equal(report.Found(), []string{"code"}) {
		t.Errorf("bare h264: %s", report)
	}
	if report := scan(t, among(filmed(t, "wav", code, hz, "-vn", "-c:a", "pcm_s16le"))); !slices.Equal(report.Found(), []string{"tone"}) {
		t.Errorf("wav: %s", report)
	}
}

// What is not there is not found, though the scanner decodes all of it.
func TestOtherSecretsAreNotFound(t *testing.T) {
	t.Parallel()
	other := slices.Concat(noise(1<<20), []byte("Thessaly Quail"), gz(t, []byte("Gruene Pforte 7c")), filmed(t, "mp4", "QR-4b1d7e90ab", 1750))
	report := scan(t, other)
	if len(report.Findings) != 0 {
		t.Errorf("found %v", report.Findings)
	}
	if report.Streams == 0 || report.Pictures == 0 || report.Sounds == 0 {
		t.Errorf("it did not look: %s", report)
	}
}
