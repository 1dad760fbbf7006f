// SPDX-License-Identifier: Apache-2.0

import { appendFileSync } from 'node:fs';
import type { Rule } from '../src/rule.ts';

/** Adds a line about a crime to the file that KEYHOLD_CRIMES names (internal/crimes). */
export function tell(
  crime: { readonly name: string; readonly rule: Rule },
  outcome: string,
  mutant: string,
  ok: boolean,
): void {
  const file = process.env['KEYHOLD_CRIMES'];
  if (file === undefined) return;
  const line = {
    name: `adversary.${crime.name.replaceAll(' ', '-')}`,
    attack: crime.name,
    client: 'owner-app',
    control: 'works',
    mutant,
    rule: crime.rule,
    outcome,
    ok,
    let_through: outcome === 'let through',
  };
  appendFileSync(file, JSON.stringify(line) + '\n');
}
