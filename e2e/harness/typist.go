// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Init runs `keyhold init` with the given arguments, --sheet-out among them, and types back the words that it asks
// for, as a person does who reads them from the sheet. What the program said comes with an error.
func Init(ctx context.Context, keyhold, sheet string, args ...string) error {
	cmd := exec.CommandContext(ctx, keyhold, append([]string{"init", "--sheet-out", sheet}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("keyhold init: %w", err)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("keyhold init: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("keyhold init: %w", err)
	}
	text, typed := typeWords(said, in, sheet)
	if err := errors.Join(typed, cmd.Wait()); err != nil {
		return fmt.Errorf("keyhold init: %w\n%s", err, text)
	}
	return nil
}

var (
	question  = regexp.MustCompile(`Word (\d+): $`)
	sheetWord = regexp.MustCompile(`(\d+) +([a-z]{3,8})\b`)
)

// typeWords answers every question until the program says no more, and returns all it said.
func typeWords(said io.Reader, answers io.Writer, sheet string) (string, error) {
	var all strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := said.Read(buf)
		all.Write(buf[:n])
		if q := question.FindStringSubmatch(all.String()); q != nil && n > 0 {
			word, err := wordOf(sheet, q[1])
			if err != nil {
				return all.String(), err
			}
			if _, err := io.WriteString(answers, word+"\n"); err != nil {
				return all.String(), fmt.Errorf("type word %s: %w", q[1], err)
			}
		}
		if err != nil {
			return all.String(), nil // a program that has ended says no more
		}
	}
}

// wordOf reads one word from the sheet.
func wordOf(sheet, number string) (string, error) {
	text, err := os.ReadFile(sheet)
	if err != nil {
		return "", fmt.Errorf("read the recovery sheet: %w", err)
	}
	for _, w := range sheetWord.FindAllStringSubmatch(string(text), -1) {
		if w[1] == number {
			return w[2], nil
		}
	}
	return "", fmt.Errorf("the recovery sheet has no word %s", number)
}

// SheetWords reads all words of a sheet, in order.
func SheetWords(sheet string) ([]string, error) {
	var words []string
	for n := 1; n <= 24; n++ {
		word, err := wordOf(sheet, fmt.Sprint(n))
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}
