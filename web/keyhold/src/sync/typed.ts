// SPDX-License-Identifier: Apache-2.0

import { equal } from '../bytes.ts';
import { Sheet } from '../crypto/sheet.ts';
import type { Signer } from '../crypto/sign.ts';
import { RuleError } from '../rule.ts';
import type { Roster } from '../statement/roster.ts';
import { Fault } from './fault.ts';

/** Typed words as a sheet; what is none is a fault that says which word it is. */
export function readSheet(words: string): Sheet {
  try {
    return Sheet.parse(words);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new Fault('sheet-wrong', String(error.details['position'] ?? 0));
  }
}

/** Does something with the sheet that was typed, if it is the one in force; it is forgotten afterwards. */
export async function withSheet(
  words: string,
  roster: Roster,
  use: (signer: Signer) => Promise<void>,
): Promise<'right' | 'another'> {
  const sheet = readSheet(words);
  try {
    const signer = await sheet.signer();
    if (!equal(signer.publicKey, roster.sheet.sign)) return 'another';
    await use(signer);
    return 'right';
  } finally {
    sheet.forget();
  }
}
