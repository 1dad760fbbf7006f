// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"keyhold/api"
	"keyhold/e2e/proxy"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Attack is one thing that a dishonest operator does.
type Attack struct {
	Name string
	// Rule is the one that has to speak.
	Rule rule.Name
	// Off are the checks that are switched off for the mutant: that of Rule, and what would speak in its place
	// because it guards the same bytes.
	Off []rule.Name
	// Early says that the device has not seen the present yet.
	Early bool
	// Hole says that the person also looks at the moment that is kept back.
	Hole bool
	// Later is whether the attack goes on until half an hour later by the device's own clock. Only the app can be told another time.
	Later bool
	// Begin sets the proxy up.
	Begin func(*Stage, *Loot, *proxy.Proxy) error
	// Elsewhere says that a client without the check comes to show another newest picture than before. It is waited for: until
	// then a page shows what it remembers.
	Elsewhere bool
	// Fooled says what a client without the check was made to believe, or why it was not. Nil where the bytes are of
	// another key or damaged: then nothing opens, which is a plain error and no alarm.
	Fooled func(control, mutant Sight) (string, error)
}

// Attacks are the ten that have names, and three more, each on another check.
func Attacks() []Attack {
	return []Attack{
		{
			Name: "segment forged with the public recipient", Rule: rule.FileHash, Off: []rule.Name{rule.FileHash},
			Begin:  objects(func(l *Loot) map[id.Object][]byte { return l.Forged }),
			Fooled: forgery,
		},
		{
			Name: "dropped", Rule: rule.SeqGap, Off: []rule.Name{rule.SeqGap}, Hole: true, Begin: dropped,
			Fooled: func(control, mutant Sight) (string, error) {
				if control.Hole || !mutant.Hole || len(mutant.Colours) == 0 {
					return "", fmt.Errorf("what is kept back is missing: %v, without the attack: %v; plays %v", mutant.Hole, control.Hole, mutant.Colours)
				}
				return "the rest plays as if it were all", nil
			},
		},
		{
			Name: "re-ordered", Rule: rule.FileHash, Off: []rule.Name{rule.FileHash},
			Begin: objects(func(l *Loot) map[id.Object][]byte { return l.Reverse }),
		},
		{
			Name: "swapped between cameras", Rule: rule.FileHash, Off: []rule.Name{rule.FileHash},
			Begin: objects(func(l *Loot) map[id.Object][]byte { return l.OfYard }),
		},
		{
			Name: "swapped between households", Rule: rule.FileHash, Off: []rule.Name{rule.FileHash},
			Begin: objects(func(l *Loot) map[id.Object][]byte { return l.OfOthers }),
		},
		{
			Name: "truncated", Rule: rule.FileSize, Off: []rule.Name{rule.FileSize, rule.FileHash},
			Begin: func(_ *Stage, l *Loot, p *proxy.Proxy) error {
				p.Use(nil, proxy.Truncate(l.doors))
				return nil
			},
		},
		{
			Name: "changed by a bit", Rule: rule.FileHash, Off: []rule.Name{rule.FileHash},
			Begin: func(_ *Stage, l *Loot, p *proxy.Proxy) error {
				p.Use(nil, proxy.FlipBit(l.doors))
				return nil
			},
		},
		{
			Name: "manifest rolled back", Rule: rule.RolledBack, Off: []rule.Name{rule.RolledBack},
			Begin:  func(s *Stage, _ *Loot, p *proxy.Proxy) error { return instead(p, s.Past.CloudURL(), nil) },
			Fooled: older,
		},
		{
			Name: "forked", Rule: rule.Forked, Off: []rule.Name{rule.Forked}, Elsewhere: true,
			Begin: func(s *Stage, _ *Loot, p *proxy.Proxy) error { return instead(p, s.Fork.CloudURL(), nil) },
			Fooled: func(control, mutant Sight) (string, error) {
				if mutant.Newest == control.Newest || mutant.Newest == 0 || mutant.Trust != control.Trust {
					return "", fmt.Errorf("the other history is not shown as true: newest %d and %d, trust %s", mutant.Newest, control.Newest, mutant.Trust)
				}
				return "the other history shows as true", nil
			},
		},
		{
			Name: "frozen", Rule: rule.Frozen, Off: []rule.Name{rule.Frozen}, Early: true,
			Begin: frozen, Fooled: older,
		},
		{
			Name: "segment and record forged", Rule: rule.NotIncluded, Off: []rule.Name{rule.NotIncluded},
			Begin: recordForged, Fooled: forgery,
		},
		{
			Name: "footage not handed out", Rule: rule.SeqGap, Off: []rule.Name{rule.SeqGap},
			Begin: func(_ *Stage, l *Loot, p *proxy.Proxy) error {
				p.Use(nil, proxy.Drop(l.doors))
				return nil
			},
		},
		{
			Name: "frozen, with the cloud's clock", Rule: rule.Frozen, Off: []rule.Name{rule.Frozen}, Early: true,
			Later: true,
			Begin: func(s *Stage, _ *Loot, p *proxy.Proxy) error { return instead(p, s.Past.CloudURL(), nil) },
			Fooled: func(control, mutant Sight) (string, error) {
				if mutant.Newest >= control.Newest || len(mutant.Colours) == 0 {
					return "", fmt.Errorf("the old state is not shown: newest %d and %d", mutant.Newest, control.Newest)
				}
				return "the old state plays; a line says how old", nil
			},
		},
	}
}

// forgery wants the forger's picture to have played.
func forgery(_, mutant Sight) (string, error) {
	if !slices.Contains(mutant.Colours, colours[shed]) {
		return "", fmt.Errorf("the forged picture did not play, but %v", mutant.Colours)
	}
	return "the forgery plays", nil
}

// older wants the mutant to have shown less as if it were the newest.
func older(control, mutant Sight) (string, error) {
	if mutant.Newest >= control.Newest || mutant.Newest == 0 || mutant.Trust != control.Trust {
		return "", fmt.Errorf("the old state is not shown as fresh: newest %d and %d, trust %s", mutant.Newest, control.Newest, mutant.Trust)
	}
	return "the old state shows as fresh", nil
}

// objects puts other bytes into the place of footage.
func objects(chosen func(*Loot) map[id.Object][]byte) func(*Stage, *Loot, *proxy.Proxy) error {
	return func(_ *Stage, l *Loot, p *proxy.Proxy) error {
		others := chosen(l)
		p.Use(nil, proxy.Whole(proxy.Objects, func(e *proxy.Exchange) []byte { return others[objectOf(e)] }))
		return nil
	}
}

// doors matches footage of the door.
func (l *Loot) doors(e *proxy.Exchange) bool {
	_, ok := l.Forged[objectOf(e)]
	return ok && proxy.Objects(e)
}

// dropped keeps one part of the door's record back, with the footage, in every answer that could tell of it.
func dropped(_ *Stage, l *Loot, p *proxy.Proxy) error {
	p.Use(nil, proxy.All(
		listed("pages", func(page api.PageRef) bool { return page.Epoch != l.Hidden }),
		listed("objects", func(o api.ObjectRef) bool { return !l.HiddenObjects[o.Object] }),
		proxy.Drop(func(e *proxy.Exchange) bool { return proxy.Objects(e) && l.HiddenObjects[objectOf(e)] }),
	))
	return nil
}

// recordForged serves forged footage with a record that names it, sealed to the right keys: all but the hub's signature.
func recordForged(_ *Stage, l *Loot, p *proxy.Proxy) error {
	p.Use(nil, proxy.All(
		// A page that a device has read before is read again only where it is said to be new.
		proxy.Edit(proxy.Fetches, func(answer map[string]json.RawMessage) bool {
			var all []api.PageRef
			if json.Unmarshal(answer["pages"], &all) != nil {
				return false
			}
			for i := range all {
				all[i].Updated++
			}
			text, err := json.Marshal(all)
			answer["pages"] = text
			return err == nil && len(all) > 0
		}),
		l.rewrite,
		proxy.Whole(proxy.Objects, func(e *proxy.Exchange) []byte { return l.Forged[objectOf(e)] }),
	))
	return nil
}

// listed takes out of a list in the answers to fetches what is not kept.
func listed[T any](field string, keep func(T) bool) proxy.Tamper {
	return proxy.Edit(proxy.Fetches, func(answer map[string]json.RawMessage) bool {
		var all, kept []T
		if json.Unmarshal(answer[field], &all) != nil {
			return false
		}
		kept = []T{}
		for _, one := range all {
			if keep(one) {
				kept = append(kept, one)
			}
		}
		text, err := json.Marshal(kept)
		if err != nil || len(kept) == len(all) {
			return false
		}
		answer[field] = text
		return true
	})
}

// instead lets another cloud answer everything but the messages between device and hub, which it holds back.
func instead(p *proxy.Proxy, cloud string, tamper proxy.Tamper) error {
	to, err := url.Parse(cloud)
	if err != nil {
		return fmt.Errorf("read the address of another cloud: %w", err)
	}
	p.Use(func(r *http.Request) *url.URL {
		if len(r.URL.Path) < 4 || r.URL.Path[:4] != "/v1/" {
			return nil
		}
		return to
	}, tamper)
	return nil
}

// frozen gives every answer as it once was, but for the hub's status: that one is small, fresh, and tells.
func frozen(s *Stage, _ *Loot, p *proxy.Proxy) error {
	return instead(p, s.Past.CloudURL(), proxy.Edit(proxy.Fetches, func(answer map[string]json.RawMessage) bool {
		if _, ok := answer["status"]; !ok {
			return false
		}
		answer["status"] = s.Status
		return true
	}))
}

// objectOf is the object that an exchange is about.
func objectOf(e *proxy.Exchange) id.Object {
	path := e.URL.Path
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return id.Object(path[i+1:])
		}
	}
	return ""
}
