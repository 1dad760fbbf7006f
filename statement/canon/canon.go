// SPDX-License-Identifier: Apache-2.0

// Package canon is Keyhold's canonical JSON: one spelling per value, one verdict per input.
//
// What is signed or hashed is written by Marshal and read by Unmarshal. Unmarshal refuses everything that Marshal
// would not have written, because lenient readers are how two programs come to see two meanings in one signature:
// encoding/json takes duplicate and differently cased keys, JSON.parse takes duplicate ones. The rules and their order
// are docs/protocol.md 1.1. It trusts nothing about its input but that it fits into memory.
package canon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"keyhold/statement/rule"
)

const (
	// MaxDepth is the deepest nesting; the outermost value has depth 1.
	MaxDepth = 16
	// MaxBytes is the longest text unless a caller says otherwise.
	MaxBytes = 49152
)

// Checker is a payload that refuses values which the JSON types allow: step 5 of the reading order. Its errors are
// reported under the rule "field" unless they name one.
type Checker interface{ Check() error }

// Chooser is a payload whose fields depend on a word in it. Choose is given what stands in the payload and returns a
// pointer to the struct that reads it, or a refusal; Chosen is given that struct when it has been read.
type Chooser interface {
	Choose(tree any) (any, error)
	Chosen(read any)
}

// Marshal returns the canonical form of v, a struct with JSON tags. A struct without omitempty fields is written whole.
func Marshal(v any) ([]byte, error) {
	loose, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canon: marshal: %w", err)
	}
	tree, err := parse(loose, true)
	if err != nil {
		return nil, err
	}
	return appendValue(make([]byte, 0, len(loose)), tree)
}

// Unmarshal reads canonical JSON of at most MaxBytes into v.
func Unmarshal(in []byte, v any) error { return UnmarshalMax(in, v, MaxBytes) }

// UnmarshalMax reads canonical JSON of at most limit bytes into v, or refuses it under the rule that spoke first.
func UnmarshalMax(in []byte, v any, limit int) error {
	tree, err := Parse(in, limit)
	if err != nil {
		return err
	}
	if c, ok := v.(Chooser); ok {
		read, err := c.Choose(tree)
		if err != nil {
			return err
		}
		if err := decode(in, tree, read); err != nil {
			return err
		}
		c.Chosen(read)
	} else if err := decode(in, tree, v); err != nil {
		return err
	}
	if c, ok := v.(Checker); ok {
		if err := c.Check(); err != nil {
			if rule.Of(err) != "" {
				return err
			}
			return rule.Errorf(rule.Field, "%v", err)
		}
	}
	return nil
}

// decode reads in, whose value is tree, into the struct that v points to.
func decode(in []byte, tree, v any) error {
	if err := shape(tree, reflect.TypeOf(v).Elem()); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(in))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return rule.Errorf(rule.Field, "canonical JSON: %v", err)
	}
	again, err := Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, in) {
		// Two spellings of one value, such as base64 with line breaks.
		return rule.Errorf(rule.Field, "canonical JSON: a value has another spelling")
	}
	return nil
}

// Parse does steps 1 to 3 of the reading order and returns the value as map[string]any, []any, string, int64 or bool.
func Parse(in []byte, limit int) (any, error) {
	if len(in) > limit {
		return nil, rule.Errorf(rule.Length, "canonical JSON: longer than %d bytes", limit)
	}
	tree, err := parse(in, false)
	if err != nil {
		return nil, err
	}
	again, err := appendValue(make([]byte, 0, len(in)), tree)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, in) {
		return nil, rule.Errorf(rule.NotCanonical, "canonical JSON: not the canonical spelling")
	}
	return tree, nil
}

func appendValue(out []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case map[string]any:
		out = append(out, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				out = append(out, ',')
			}
			if !validKey(k) {
				return nil, rule.Errorf(rule.Key, "canonical JSON: a key outside the allowed form")
			}
			out = append(appendString(out, k), ':')
			var err error
			if out, err = appendValue(out, v[k]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case []any:
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ',')
			}
			var err error
			if out, err = appendValue(out, e); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case string:
		if !norm.NFC.IsNormalString(v) {
			v = norm.NFC.String(v)
		}
		return appendString(out, v), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case int64:
		return strconv.AppendInt(out, v, 10), nil
	case json.Number:
		return nil, errNumber()
	case nil:
		return nil, rule.Errorf(rule.Null, "canonical JSON: null is not used (a nil slice? make it empty)")
	}
	return nil, fmt.Errorf("canon: marshal: %T has no canonical form", v)
}

func sortedKeys(m map[string]any) []string {
	keys := slices.AppendSeq(make([]string, 0, len(m)), maps.Keys(m))
	slices.Sort(keys)
	return keys
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0 // where what is written as it stands begins
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		if c < 0x20 {
			const hex = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			out = append(out, '\\', c)
		}
	}
	return append(append(out, s[from:]...), '"')
}

// fields are those that encoding/json would read, among others. To find out which of an embedded struct's are visible costs
// more than all the rest, and most structs have none.
func fields(t reflect.Type) iter.Seq[reflect.StructField] {
	for f := range t.Fields() {
		if f.Anonymous {
			return slices.Values(reflect.VisibleFields(t))
		}
	}
	return t.Fields()
}

// shape checks step 4: every field of the Go type is there, none besides, each of the JSON type that the Go type
// wants. Optional fields carry omitempty.
func shape(v any, t reflect.Type) error {
	wrong := func() error {
		return rule.Errorf(rule.Shape, "canonical JSON: a field is missing, unknown or of another type")
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()) {
		if _, ok := v.(string); !ok {
			return wrong()
		}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shape(v, t.Elem())
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		seen := 0
		for f := range fields(t) {
			name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "" || name == "-" {
				continue
			}
			e, ok := m[name]
			if !ok {
				if strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero") {
					continue
				}
				return wrong()
			}
			seen++
			if err := shape(e, f.Type); err != nil {
				return err
			}
		}
		if seen != len(m) {
			return wrong()
		}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			if _, ok := v.(string); !ok {
				return wrong()
			}
			return nil
		}
		l, ok := v.([]any)
		if !ok {
			return wrong()
		}
		for _, e := range l {
			if err := shape(e, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.String:
		if _, ok := v.(string); !ok {
			return wrong()
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return wrong()
		}
	case reflect.Int64, reflect.Int, reflect.Int32:
		if _, ok := v.(int64); !ok {
			return wrong()
		}
	case reflect.Interface, reflect.Map:
	default:
		return fmt.Errorf("canon: %s has no canonical form", t)
	}
	return nil
}
