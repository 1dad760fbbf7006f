// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"keyhold/bench/setting"
)

const (
	// opening is how long after the first picture a look is at its beginning; its pictures are figures of their own.
	opening = 1000.0
	// oldest is more than any picture is that the hub begins with, and far less than the film lasts.
	oldest = 5000.0
	// later is a second of which is shown that it is over.
	later, latest = 3000.0, 4000.0
	// steady pictures are looked at together, and slack is how much older than all of the look they may be.
	steady, slack = filmRate / 2, 20.0
	// wrong is the share of pictures that may have no bar code, mixed that of those with another than the browser says.
	wrong, mixed = 0.01, 0.1
)

// aged is what came of the looks at one program: how old pictures were when they were seen, and what that is made of, in
// ms; each number is a picture's, or of what is counted by the look, a look's.
type aged struct {
	age, first, third       []float64
	camera, way, held, draw []float64
	buffer, decode          []float64 // by the browser's counts, a look
	settles                 []float64 // after the first picture, a look
	missing                 []float64 // pictures that were not seen, in percent, a look
	behind, trip, cost      []float64
	crossed                 int
}

// add takes in one look.
func (a *aged) add(l looked, by *tap) error {
	if len(l.Pictures) == 0 {
		return errors.New("no picture was seen")
	}
	wall := func(ms float64) time.Time {
		return time.UnixMicro(int64((l.Origin + ms + l.Clock.Behind) * 1000))
	}
	begun := l.Pictures[0].Seen
	var ages, since []float64
	numbers, crossed, err := l.numbers()
	if err != nil {
		return err
	}
	a.crossed += crossed
	for i, p := range l.Pictures {
		n := numbers[i]
		if n < 0 {
			continue
		}
		at, ok := by.when(n, wall(p.Seen))
		if !ok {
			return fmt.Errorf("picture %d was seen and never left the camera", n)
		}
		age, old := between(at.first, wall(p.Seen)), p.Seen-begun
		if old < opening && age > oldest {
			continue // the page was late, and the bar code is that of a picture that was not there yet
		}
		ages, since = append(ages, age), append(since, old)
		if old < opening {
			a.first = append(a.first, age)
			continue
		}
		a.age = append(a.age, age)
		if old >= later && old < latest {
			a.third = append(a.third, age)
		}
		a.camera = append(a.camera, between(at.first, at.last))
		a.way = append(a.way, between(at.last, wall(p.Got)))
		a.held = append(a.held, p.There-p.Got)
		a.draw = append(a.draw, p.Seen-p.There)
		a.cost = append(a.cost, p.Cost)
	}
	last := l.Pictures[len(l.Pictures)-1].Seen - begun
	due := last / 1000 * filmRate
	a.missing = append(a.missing, max(0, 100*(due-float64(len(l.Pictures)-1))/due))
	a.settles = append(a.settles, settles(ages, since))
	from, to := l.Stats.Before, l.Stats.After
	a.buffer = append(a.buffer, 1000*(to.Held-from.Held)/(to.Emitted-from.Emitted))
	a.decode = append(a.decode, 1000*(to.Decode-from.Decode)/(to.Decoded-from.Decoded))
	a.behind, a.trip = append(a.behind, math.Abs(l.Clock.Behind)), append(a.trip, l.Clock.Trip)
	return nil
}

// numbers says which picture of the film each is. Where the page was late, its bar code may be that of the next one
// already, not of the one that the browser tells of: there the time stamp counts, which elsewhere goes with the number.
func (l *looked) numbers() (all []int, crossed int, err error) {
	begun, at := l.Pictures[0].Seen, l.Pictures[len(l.Pictures)-1].Stamp
	steps := make([]int, len(l.Pictures)) // from the time stamps to the numbers
	votes := map[int]int{}
	bad := 0
	for i, p := range l.Pictures {
		n, err := decode(p.Row)
		if err != nil {
			n = -1
			bad++
		}
		all = append(all, n)
		steps[i] = inFilm(n - int(math.Round(float64(int32(p.Stamp-at))/(90_000/filmRate))))
		if n >= 0 && p.Seen-begun >= opening {
			votes[steps[i]]++
		}
	}
	step, most := 0, 0
	for s, n := range votes {
		if n > most {
			step, most = s, n
		}
	}
	for i, p := range l.Pictures {
		if p.Seen-begun >= opening && (all[i] < 0 || steps[i] != step) {
			all[i] = inFilm(all[i] + step - steps[i])
			crossed++
		}
	}
	if float64(bad) > wrong*float64(len(all)) || float64(crossed) > mixed*float64(len(all)) {
		err = fmt.Errorf("of %d pictures %d have no bar code, and %d that of another than the browser says", len(all), bad, crossed)
	}
	return all, crossed, err
}

// inFilm is a number of the film, which loops.
func inFilm(n int) int { return (n%pictures + pictures) % pictures }

// settles says how long after the first picture they are as old as they stay: from there on, half a second of them is at
// the median.
func settles(ages, since []float64) float64 {
	usual := setting.At(0.5, ages)
	for i := range len(ages) - steady {
		if ages[i] <= usual+slack && setting.At(0.5, ages[i:i+steady]) <= usual+slack {
			return since[i]
		}
	}
	return since[len(since)-1] // not while anybody looked
}

func between(a, b time.Time) float64 { return float64(b.Sub(a).Microseconds()) / 1000 }
