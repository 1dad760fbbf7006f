// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from 'vitest/config';

// A thread runs many files with the same modules: what they compute with is loaded once, and compiled well. What
// a test puts in the place of something else test/setup.ts takes back, and finds out what else a file leaves.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 30_000,
    pool: 'threads',
    isolate: false,
  },
});
