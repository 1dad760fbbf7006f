// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromBase64, type Bytes } from '../src/bytes.ts';
import type { PageName } from '../src/manifest/page.ts';
import { ruleOf } from '../src/rule.ts';
import { Roster } from '../src/statement/roster.ts';

export interface Vector {
  name: string;
  on?: string;
  /** The roster that it goes on from, and the folder of its file. */
  base?: string[];
  folder?: string;
  camera?: string;
  device?: string;
  action?: string;
  at?: number;
  expect: 'accept' | 'refuse';
  rule?: string;
  input?: string;
  text?: string;
  thing?: string;
  household?: string;
  key?: string;
  old?: string;
  signers?: { id: string; key: string }[];
  chain?: string[];
  leaves?: string[];
  page?: PageName;
  tail?: number;
  index?: number;
  result?: unknown;
}

interface VectorFile {
  vectors: Vector[];
  /** Rosters by name, which vectors go on from. */
  chains?: Record<string, string[]>;
}

const here = new URL('../../../vectors/', import.meta.url);

/** Where vectors lie: those of today, and those that earlier versions froze (docs/evolution.md). */
const folders = [
  here,
  ...readdirSync(new URL('golden/', here), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => new URL(`golden/${entry.name}/vectors/`, here)),
];

export function load(file: string, folder: URL): Vector[] {
  const text = readFileSync(new URL(`${file}.json`, folder), 'utf8');
  const { vectors, chains = {} } = JSON.parse(text) as VectorFile;
  return vectors.map((v) => ({ ...v, folder: folder.href, base: chains[v.on ?? ''] ?? [] }));
}

export const raw = (text: string | undefined): Bytes => fromBase64(text ?? '')!;

/** Holds this implementation to a file of vectors: verdict, rule and result. */
export function run(file: string, check: (vector: Vector) => unknown): void {
  for (const folder of folders) {
    // What came later is not among what was frozen earlier; a frozen file that is gone is missed by its sum.
    if (folder === here || existsSync(new URL(`${file}.json`, folder))) runIn(file, folder, check);
  }
}

function runIn(file: string, folder: URL, check: (vector: Vector) => unknown): void {
  describe(folder === here ? file : `${folder.pathname.split('/').at(-3)} ${file}`, () => {
    test.each(load(file, folder).map((v) => [v.name, v] as const))('%s', async (_name, vector) => {
      let verdict: string | null = null;
      let result: unknown;
      try {
        result = await check(vector);
      } catch (error) {
        verdict = ruleOf(error);
        if (verdict === null) throw error;
      }
      expect(verdict).toBe(vector.expect === 'refuse' ? vector.rule : null);
      if (vector.expect === 'accept' && result !== undefined && vector.result !== undefined) {
        expect(JSON.parse(JSON.stringify(result))).toEqual(vector.result);
      }
    });
  });
}

/** Replays what a vector goes on from, once, and then its own chain. */
export function replayer(): (v: Vector) => Promise<Roster> {
  const bases = new Map<string, Promise<Roster>>();
  return async (v) => {
    const name = `${v.folder ?? ''} ${v.on ?? ''} ${v.household ?? ''}`;
    let base = bases.get(name);
    if (base === undefined) {
      base = Roster.replay((v.base ?? []).map(raw), v.household ?? null);
      bases.set(name, base);
    }
    let roster = await base;
    for (const link of v.chain ?? []) roster = await roster.append(raw(link));
    return roster;
  };
}
