// SPDX-License-Identifier: Apache-2.0

package canon_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/rule"
)

type sample struct {
	Name string   `json:"name"`
	N    int64    `json:"n"`
	Tags []string `json:"tags"`
	Note string   `json:"note,omitempty"`
}

func TestMarshalSortsKeysAndWritesOneSpelling(t *testing.T) {
	got, err := canon.Marshal(sample{Name: "a\"b\\c\n\u2028<é", N: -5, Tags: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	want := "{\"n\":-5,\"name\":\"a\\\"b\\\\c\\u000a\u2028<é\",\"tags\":[]}"
	if string(got) != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestMarshalComposesWhatIsDecomposed(t *testing.T) {
	got, err := canon.Marshal(sample{Name: "u\u0308", Tags: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	var back sample
	if err := canon.Unmarshal(got, &back); err != nil || back.Name != "ü" {
		t.Fatalf("%q, %v", back.Name, err)
	}
}

func TestMarshalUndoesTheEscapesOfGo(t *testing.T) {
	for in, want := range map[string]string{
		"<&>\u2028\u2029":      "\"<&>\u2028\u2029\"",
		"\U0001f512\x7f":       "\"\U0001f512\x7f\"",
		"\b\f\n\r\t\x00a/\\\"": `"\u0008\u000c\u000a\u000d\u0009\u0000a/\\\""`,
		"no\xffutf":            "\"no\ufffdutf\"",
		`\u0041`:               `"\\u0041"`,
	} {
		if got, err := canon.Marshal(in); err != nil || string(got) != want {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
}

func TestMarshalRefusesWhatTheSubsetLacks(t *testing.T) {
	for name, v := range map[string]any{
		"a nil slice":   sample{},
		"a float":       map[string]any{"x": 1.5},
		"2^53":          map[string]any{"x": int64(1) << 53},
		"a foreign key": map[string]any{"a b": 1},
		"no UTF-8":      json.RawMessage("\"\xff\""),
	} {
		if b, err := canon.Marshal(v); err == nil {
			t.Errorf("%s: written as %s", name, b)
		}
	}
}

func TestMarshalNamesTheFaultThatWouldBeWrittenFirst(t *testing.T) {
	for in, want := range map[string]rule.Name{
		`{"b":null,"a":1.5}`:            rule.Number,
		`{"b":1.5,"a":null}`:            rule.Null,
		`{"b":null,"A B":1.5}`:          rule.Key,
		`{"a":[9007199254740992,null]}`: rule.Number,
	} {
		if b, err := canon.Marshal(json.RawMessage(in)); rule.Of(err) != want {
			t.Errorf("%s: refused by %q, want %q (%s)", in, rule.Of(err), want, b)
		}
	}
}

func TestUnmarshalRefusesWhatGoWouldTake(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want rule.Name
	}{
		"a key twice":             {`{"n":1,"n":2,"name":"","tags":[]}`, rule.DuplicateKey},
		"a key in another case":   {`{"N":1,"name":"","tags":[]}`, rule.Shape},
		"a field missing":         {`{"name":"","tags":[]}`, rule.Shape},
		"an empty optional field": {`{"n":1,"name":"","note":"","tags":[]}`, rule.Field},
		"null for an array":       {`{"n":1,"name":"","tags":null}`, rule.Null},
	} {
		var v sample
		if err := canon.Unmarshal([]byte(c.in), &v); rule.Of(err) != c.want {
			t.Errorf("%s: refused by %q, want %q", name, rule.Of(err), c.want)
		}
	}
}

// FuzzParse holds the parser to two promises: what it takes is what it would write, and encoding/json reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[true,false,"x\u0000"]`, `"\ud83d\ude00"`, `-1`, `{"a":{"b":[]}}`, ` 1`, `1.0`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		tree, err := canon.Parse(in, 4096)
		if err != nil {
			if rule.Of(err) == "" {
				t.Fatalf("a refusal without a rule: %v", err)
			}
			return
		}
		again, err := canon.Marshal(tree)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("taken but written as %q (%v)", again, err)
		}
		var std any
		if err := json.Unmarshal(in, &std); err != nil {
			t.Fatalf("taken but no JSON: %v", err)
		}
	})
}
