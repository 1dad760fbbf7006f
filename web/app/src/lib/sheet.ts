// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';

/** What the recovery sheet says, on paper and in the file; the command line's says the same. */
export interface Sheet {
  words: readonly string[];
  household: string;
  cloud: string;
  /** When it was made. */
  made: number;
}

/** The rows under the words: what a stranger's computer has to be told to come back. */
export function sheetRows({ household, cloud, made }: Sheet): { name: string; text: string }[] {
  const half = household.length / 2;
  return [
    // In two halves, which fit on a line and are easier to compare.
    { name: m.household_id(), text: `${household.slice(0, half)} ${household.slice(half)}` },
    { name: m.sheet_paper_cloud(), text: cloud },
    { name: m.sheet_paper_made(), text: new Date(made).toISOString().slice(0, 10) },
  ];
}

/** A heading and its paragraphs. */
export function sheetParts({ cloud }: Sheet): { title: string; texts: string[] }[] {
  const command = m.sheet_paper_command({ cloud });
  return [
    {
      title: m.sheet_paper_for(),
      texts: [m.sheet_paper_for_text(), command, m.sheet_paper_for_more()],
    },
    { title: m.sheet_paper_keep(), texts: [m.sheet_paper_keep_text()] },
    { title: m.sheet_paper_who(), texts: [m.sheet_paper_who_text()] },
  ];
}

/** The sheet as a file. Words come first: a number in the text must not be taken for a word's. */
export function sheetText(sheet: Sheet): string {
  return [
    m.sheet_paper_title(),
    '',
    ...sheet.words.map((word, index) => `${String(index + 1).padStart(2)}  ${word}`),
    '',
    ...sheetRows(sheet).map(({ name, text }) => `${name}: ${text}`),
    ...sheetParts(sheet).flatMap(({ title, texts }) => ['', title, ...texts]),
    '',
  ].join('\n');
}
