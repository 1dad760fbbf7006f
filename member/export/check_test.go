// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/member/device"
	"keyhold/member/export"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// hub is one that recorded three packs of two segments.
type hub struct {
	t      testing.TB
	random io.Reader
	sign   ed25519.PrivateKey
	state  *roster.State
	camera id.Camera
	run    id.Run
	leaves [][]byte
	hashes []tlog.Hash
	// of each segment, in order
	parts   []part
	content [][]byte
	files   []manifest.File
}

func (h *hub) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = h.hashes[n]
	}
	return out, nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const begun = int64(1_800_000_000_000)

// newHub makes the same hub for the same seed, also in a fuzzer's other processes.
func newHub(t testing.TB, seed byte) *hub {
	t.Helper()
	random := rand.NewChaCha8([32]byte{seed})
	sign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	h := &hub{t: t, sign: sign, random: random}
	secret, err := device.NewSecret(random)
	check(t, err)
	words, err := keys.NewSheet(random)
	check(t, err)
	sheet, err := device.SheetSecret(words)
	check(t, err)
	mail, err := box.NewKey(bytes.Repeat([]byte{7}, 32))
	check(t, err)
	person, err := id.NewPerson(random)
	check(t, err)
	e, err := dsse.New(roster.ThingGenesis, roster.Genesis{
		At: begun, Device: secret.Public(), Nonce: make([]byte, 32), Person: person,
		Hub:   roster.HubKeys{HPKE: mail.Public(), Sign: sign.Public().(ed25519.PublicKey)},
		Sheet: roster.SheetKeys{Reader: sheet.Public().Reader, Sign: sheet.Public().Sign},
	})
	check(t, err)
	e.Sign(secret.ID(), secret.Sign())
	e.Sign(id.Sheet, sheet.Sign())
	e.Sign(id.Hub, sign)
	h.state, err = roster.Start(e.Encode(), "")
	check(t, err)
	h.camera, err = id.NewCamera(random)
	check(t, err)
	h.run, err = id.NewRun(random)
	check(t, err)
	for n := range int64(3) {
		h.pack(n)
	}
	return h
}

func (h *hub) pack(n int64) {
	object, err := id.NewObject(h.random)
	check(h.t, err)
	epoch, err := id.NewEpoch(h.random)
	check(h.t, err)
	leaf := &manifest.Pack{
		Header: manifest.Header{At: begun + 60_000*n + 9000, Camera: h.camera, Kind: manifest.KindPack, Salt: make([]byte, 16), Seq: n},
		Epoch:  epoch, Object: object, Session: n + 1, Size: 200,
	}
	for k := range int64(2) {
		one := recordedPart(int(2*n+k), int(k), k == 1)
		content := one.content
		h.parts, h.content = append(h.parts, one), append(h.content, content)
		leaf.Files = append(leaf.Files, manifest.File{
			Content: manifest.Content{SHA256: id.HashOf(content), Size: int64(len(content))}, Kind: manifest.FileSegment,
			Start: begun + 60_000*n + 4000*k, End: begun + 60_000*n + 4000*(k+1), Media: 4_000_000, Offset: 100 * k, Size: 100,
		})
	}
	h.files = append(h.files, leaf.Files...)
	raw, err := manifest.EncodeLeaf(leaf)
	check(h.t, err)
	more, err := tlog.StoredHashes(int64(len(h.leaves)), raw, h)
	check(h.t, err)
	h.hashes, h.leaves = append(h.hashes, more...), append(h.leaves, raw)
}

type object = map[string]any

// proof is the lines of an honest proof of all segments.
func (h *hub) proof() []object {
	size := int64(len(h.leaves))
	root, err := tlog.TreeHash(size, h)
	check(h.t, err)
	note, err := manifest.Checkpoint{Household: h.state.Household, Run: h.run, Size: size, Root: id.Hash(root), At: begun + 200_000}.Sign(h.sign)
	check(h.t, err)
	lines := []object{
		{"kind": "export", "version": 1, "household": h.state.Household, "camera": h.camera, "from": begun, "until": begun + 200_000},
		{"kind": "roster", "envelope": h.state.Chain[0]},
		{"kind": "checkpoint", "note": note},
	}
	for i, raw := range h.leaves {
		p, err := tlog.ProveRecord(size, int64(i), h)
		check(h.t, err)
		path := []string{}
		for _, hash := range p {
			path = append(path, id.Hash(hash).String())
		}
		lines = append(lines, object{"kind": "leaf", "run": h.run, "index": i, "leaf": raw, "proof": path})
	}
	for i := range h.leaves {
		lines = append(lines, object{"kind": "segment", "leaf": i, "file": 0}, object{"kind": "segment", "leaf": i, "file": 1})
	}
	return lines
}

func encode(t testing.TB, lines []object) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, l := range lines {
		b, err := canon.Marshal(l)
		check(t, err)
		out.Write(append(b, '\n'))
	}
	return out.Bytes()
}

func holds(t testing.TB, file, proof []byte) (*export.Proved, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.mp4")
	check(t, os.WriteFile(path, file, 0o600))
	check(t, os.WriteFile(path+export.Suffix, proof, 0o600))
	return export.Check(path)
}

func TestAnExportHolds(t *testing.T) {
	h := newHub(t, 1)
	p, err := holds(t, h.whole(), encode(t, h.proof()))
	if err != nil {
		t.Fatal(err)
	}
	if p.Segments != 6 || p.Household != h.state.Household || p.Camera != h.camera || len(p.Holes) != 2 || p.SignedAt != begun+200_000 || p.From != begun {
		t.Errorf("it says %+v", p)
	}
}

func TestAnExportThatWasTouchedDoesNotHold(t *testing.T) {
	other := newHub(t, 2)
	for _, c := range []struct {
		name   string
		rule   rule.Name
		change func(h *hub, lines []object) ([]object, []byte)
	}{
		{"a picture is changed", rule.FileHash, func(h *hub, l []object) ([]object, []byte) {
			f := h.whole()
			f[60] ^= 1
			return l, f
		}},
		{"a segment is cut out", rule.FileSize, func(h *hub, l []object) ([]object, []byte) { return l, h.mp4(h.content[1:]...) }},
		{"segments are swapped in the file", rule.FileHash, func(h *hub, l []object) ([]object, []byte) {
			c := slices.Clone(h.content)
			c[1], c[2] = c[2], c[1]
			return l, h.mp4(c...)
		}},
		{"segments are swapped in file and proof", rule.FileHash, func(h *hub, l []object) ([]object, []byte) {
			c := slices.Clone(h.content)
			c[1], c[2] = c[2], c[1]
			l[7], l[8] = l[8], l[7]
			return l, h.mp4(c...)
		}},
		{"a second box of pictures", rule.FileHash, func(h *hub, l []object) ([]object, []byte) {
			return l, append(h.whole(), "\x00\x00\x00\x09mdatx"...)
		}},
		{"the file is cut off", rule.FileSize, func(h *hub, l []object) ([]object, []byte) { f := h.whole(); return l, f[:len(f)-100] }},
		{"it is no MP4", rule.FileSize, func(h *hub, l []object) ([]object, []byte) { return l, []byte("GIF89a") }},
		{"a leaf says another hash", rule.NotIncluded, func(h *hub, l []object) ([]object, []byte) {
			l[3]["leaf"] = bytes.Replace(h.leaves[0], []byte(`"media":4000000`), []byte(`"media":4000001`), 1)
			return l, h.whole()
		}},
		{"a leaf at another place", rule.NotIncluded, func(h *hub, l []object) ([]object, []byte) { l[3]["index"] = 1; return l, h.whole() }},
		{"no checkpoint", rule.NotIncluded, func(h *hub, l []object) ([]object, []byte) { return slices.Delete(l, 2, 3), h.whole() }},
		{"a checkpoint by another key", rule.Checkpoint, func(h *hub, l []object) ([]object, []byte) {
			h.sign = other.sign
			return h.proof(), h.whole()
		}},
		{"another camera", rule.WrongCamera, func(h *hub, l []object) ([]object, []byte) {
			l[0]["camera"] = other.camera
			return l, h.whole()
		}},
		{"another household", rule.Household, func(h *hub, l []object) ([]object, []byte) {
			l[0]["household"] = other.state.Household
			return l, h.whole()
		}},
		{"another household's hub", rule.WrongHousehold, func(h *hub, l []object) ([]object, []byte) {
			l[0]["household"], l[1]["envelope"] = other.state.Household, other.state.Chain[0]
			return l, h.whole()
		}},
		{"genesis is changed", rule.Household, func(h *hub, l []object) ([]object, []byte) {
			l[1]["envelope"] = bytes.Replace(h.state.Chain[0], payloadHead(h, 30), flipped(payloadHead(h, 30)), 1)
			return l, h.whole()
		}},
		{"a segment that no leaf names", rule.Shape, func(h *hub, l []object) ([]object, []byte) { l[6]["file"] = 2; return l, h.whole() }},
		{"lines out of order", rule.Shape, func(h *hub, l []object) ([]object, []byte) { l[2], l[3] = l[3], l[2]; return l, h.whole() }},
		{"a line of an unknown kind", rule.Shape, func(h *hub, l []object) ([]object, []byte) { l[3]["kind"] = "note"; return l, h.whole() }},
		{"a field too many", rule.Shape, func(h *hub, l []object) ([]object, []byte) { l[0]["name"] = "Door"; return l, h.whole() }},
		{"another version", rule.Field, func(h *hub, l []object) ([]object, []byte) { l[0]["version"] = 2; return l, h.whole() }},
		{"nothing in it", rule.Shape, func(h *hub, l []object) ([]object, []byte) { return l[:2], h.mp4() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHub(t, 1)
			lines, file := c.change(h, h.proof())
			if _, err := holds(t, file, encode(t, lines)); rule.Of(err) != c.rule {
				t.Errorf("refused as %q (%v), want %q", rule.Of(err), err, c.rule)
			}
		})
	}
}

// payloadHead is a piece of genesis' payload as it stands in its envelope.
func payloadHead(h *hub, n int) []byte {
	e, err := dsse.Parse(h.state.Chain[0])
	check(h.t, err)
	return []byte(base64.StdEncoding.EncodeToString(e.Payload)[:n])
}

// flipped changes the last digit of the time, which stands at the head of the payload.
func flipped(b []byte) []byte {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimRight(string(b[:len(b)/4*4]), "="))
	if err != nil {
		panic(err)
	}
	i := bytes.IndexByte(raw, ',') - 1
	raw[i] ^= 1
	return append([]byte(base64.StdEncoding.EncodeToString(raw)), b[len(b)/4*4:]...)
}

func FuzzProof(f *testing.F) {
	h := newHub(f, 1)
	f.Add(encode(f, h.proof()), h.whole())
	f.Add([]byte("{\"kind\":\"segment\"}\n"), []byte("\x00\x00\x00\x01mdat"))
	f.Add([]byte{}, []byte("\x00\x00\x00\x00mdat"))
	f.Fuzz(func(t *testing.T, proof, file []byte) {
		p, err := export.ReadProof(bytes.NewReader(proof))
		if err != nil {
			return
		}
		got, err := p.Check(bytes.NewReader(file))
		if err == nil && got.Household != h.state.Household {
			t.Error("a proof of a household that does not exist holds")
		}
	})
}

// FuzzFile keeps the proof honest, so that the fuzzer reaches the file.
func FuzzFile(f *testing.F) {
	h := newHub(f, 1)
	proof := encode(f, h.proof())
	whole := h.whole()
	f.Add(whole)
	f.Add(append([]byte("\x00\x00\x00\x09freex"), whole...))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := export.ReadProof(bytes.NewReader(proof))
		check(t, err)
		if _, err := p.Check(bytes.NewReader(file)); err == nil && !bytes.Contains(file, bytes.Join(h.content, nil)) {
			t.Error("a file without the hub's pictures holds")
		}
	})
}
