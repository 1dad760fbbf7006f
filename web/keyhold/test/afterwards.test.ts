// SPDX-License-Identifier: Apache-2.0

import { expect, test, vi } from 'vitest';
import { changed, notePauses, surroundings } from './afterwards.ts';

test.each([
  ['fetch', () => void vi.stubGlobal('fetch', () => undefined)],
  ['navigator', () => void vi.stubGlobal('navigator', {})],
  ['PushManager', () => void vi.stubGlobal('PushManager', class {})],
  ['setTimeout', () => void vi.spyOn(globalThis, 'setTimeout')],
  ['Date', () => void vi.useFakeTimers({ toFake: ['Date'] })],
  ['MODE', () => void vi.stubEnv('MODE', 'mutant')],
  ['__keyholdMutant', () => void (globalThis.__keyholdMutant = ['signature'])],
])('a file that leaves %s changed is found out', (name, change) => {
  const before = surroundings();
  expect(changed(before)).toEqual([]);
  change();
  try {
    expect(changed(before)).toEqual([name]);
  } finally {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    vi.useRealTimers();
    globalThis.__keyholdMutant = undefined;
  }
  expect(changed(before)).toEqual([]);
});

test('what a file leaves waiting is ended with it', async () => {
  let turns = 0;
  const end = notePauses();
  const round = (): void => {
    turns += 1;
    setTimeout(round, 1);
  };
  round();
  await vi.waitFor(() => expect(turns).toBeGreaterThan(3));
  await end();
  const then = turns;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(turns).toBe(then);
});
