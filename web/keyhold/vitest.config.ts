// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from 'vitest/config';

// Modules are loaded once in each worker and not for each file: tests put back what they change.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, isolate: false },
});
