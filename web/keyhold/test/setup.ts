// SPDX-License-Identifier: Apache-2.0

import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { changed, notePauses, surroundings } from './afterwards.ts';

let before: ReadonlyMap<string, unknown>;
let end: () => Promise<void>;

beforeAll(() => {
  before = surroundings();
  end = notePauses();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

afterAll(async () => {
  await end();
  const left = changed(before);
  if (left.length > 0) throw new Error(`not put back for the files after this: ${left.join(', ')}`);
});
