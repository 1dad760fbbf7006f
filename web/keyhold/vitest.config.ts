// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from 'vitest/config';

// A thread for each file begins in less time than a process.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, pool: 'threads' },
});
