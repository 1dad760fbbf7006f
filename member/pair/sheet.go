// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"fmt"
	"strings"
	"time"

	"keyhold/statement/id"
)

const (
	sheetColumns = 3
	sheetRows    = 8
)

// SheetPage lays out the page that a person prints or writes off and puts away.
func SheetPage(words []string, household id.Household, cloud string, made time.Time) string {
	var b strings.Builder
	line := strings.Repeat("─", 64)
	b.WriteString("KEYHOLD  RECOVERY SHEET\n" + line + "\n\n")
	for row := range sheetRows {
		for col := range sheetColumns {
			n := col*sheetRows + row
			if n < len(words) {
				fmt.Fprintf(&b, "   %2d  %-14s", n+1, words[n])
			}
		}
		trimRight(&b)
		b.WriteByte('\n')
	}
	b.WriteString("\n" + line + "\n")
	fmt.Fprintf(&b, "household  %s\n           %s\n", household[:26], household[26:])
	fmt.Fprintf(&b, "cloud      %s\n", cloud)
	fmt.Fprintf(&b, "made       %s\n", made.Format("2006-01-02"))
	b.WriteString(line + `

What it is for
  If every phone and computer of yours is lost, these words bring you
  back, with everything that was recorded:

      keyhold recover --sheet FILE --cloud ADDRESS

  Without FILE it asks for the words. Upper or lower case, spaces and
  line breaks do not matter; their order does.

What to do with it
  Print it or write it off. Keep the paper where you keep what a burglar
  would not look for, and away from the hub. Then delete this file.

Who may see it
  Nobody. Whoever has these words can watch everything this household
  has recorded. No employee will ever ask for them. Type them only into
  "keyhold recover" or "keyhold app" on a computer of your own.
`)
	return b.String()
}

func trimRight(b *strings.Builder) {
	s := strings.TrimRight(b.String(), " ")
	b.Reset()
	b.WriteString(s)
}
