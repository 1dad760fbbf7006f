// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { messages } from './tools/messages.mjs';

// The service worker: one file of its own at the root, beside what vite.config.ts has built. Its name
// carries no hash, since a browser asks for a newer one under the name that it knows.
export default defineConfig(({ mode }) => ({
  plugins: [messages()],
  resolve: {
    alias: [
      { find: /^crypto$/, replacement: fileURLToPath(new URL('./tools/none.ts', import.meta.url)) },
    ],
  },
  logLevel: 'warn',
  publicDir: false,
  build: {
    target: 'es2023',
    outDir: process.env['KEYHOLD_DIST'] ?? (mode === 'mutant' ? 'dist-mutant' : 'dist'),
    emptyOutDir: false,
    modulePreload: false,
    rolldownOptions: {
      // Of import.meta a library wants what a file without parts does not need.
      checks: { pluginTimings: false, emptyImportMeta: false },
      input: fileURLToPath(new URL('./src/push/worker.ts', import.meta.url)),
      output: { format: 'iife', entryFileNames: 'push.js', codeSplitting: false },
    },
  },
}));
