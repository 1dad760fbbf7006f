// SPDX-License-Identifier: Apache-2.0

// Command adversary attacks the road from the operator's place and says what came of it.
//
// It records two households once with the real programs, then stands between clients and cloud as a dishonest
// operator would, and makes ten attacks on each client: the command line, and the owner app in a real browser. Every
// attack has a control (the same place, nothing changed: the footage plays), must be refused by exactly the expected
// rule in words that the person sees, and has a mutant: in a build whose one check is switched off the same attack
// has to succeed, else the attack proves nothing. Bytes that are sealed to another key, or damaged, do not open
// without the check either; there the mutant shows an ordinary error in the place of the alarm.
//
// It trusts its own machine, ffmpeg and the browser. Everything lies in a folder that is removed at the end. It ends
// with 1 if anything was let through, a control failed, or a mutant was not fooled.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	asJSON := flag.Bool("json", false, "print one object of JSON a line")
	keep := flag.String("keep", "", "work in this folder and leave it")
	only := flag.String("only", "", "make only the attacks whose name holds this")
	flag.Parse()
	ok, err := attackAll(ctx, *keep, *only, *asJSON, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "adversary:", err)
	}
	if err != nil || !ok {
		stop()
		os.Exit(1)
	}
}

// attackAll runs the suite and prints it. It is true when everything was as it has to be.
func attackAll(ctx context.Context, dir, only string, asJSON bool, out, say io.Writer) (bool, error) {
	kept := dir != ""
	if !kept {
		var err error
		if dir, err = os.MkdirTemp("", "keyhold-adversary-"); err != nil {
			return false, fmt.Errorf("make a folder: %w", err)
		}
		defer os.RemoveAll(dir)
	}
	rows, err := Run(ctx, dir, only, kept, say)
	if err != nil {
		return false, err
	}
	if asJSON {
		return Judge(rows), printJSON(out, rows)
	}
	return Judge(rows), printTable(out, rows)
}

// Judge says whether all rows are as they have to be.
func Judge(rows []Row) bool {
	for _, r := range rows {
		if !r.OK || r.LetThrough {
			return false
		}
	}
	return len(rows) > 0
}

func count(rows []Row) (refused, through int) {
	for _, r := range rows {
		switch {
		case r.LetThrough:
			through++
		case r.OK:
			refused++
		}
	}
	return refused, through
}

func printTable(out io.Writer, rows []Row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\tclient\tcontrol\tmutant\trule\toutcome")
	for _, r := range rows {
		outcome := r.Outcome
		if r.OK {
			outcome = fmt.Sprintf("%s: %q", r.Outcome, r.Said)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Attack, r.Client, r.Control, r.Mutant, r.Rule, outcome)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	refused, through := count(rows)
	fmt.Fprintf(out, "%d refused, %d let through\n", refused, through)
	return nil
}

func printJSON(out io.Writer, rows []Row) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("print a row: %w", err)
		}
	}
	refused, through := count(rows)
	return enc.Encode(map[string]any{"name": "adversary", "refused": refused, "let_through": through, "ok": Judge(rows)})
}
