// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { messages } from './tools/messages.mjs';

// Three modes: `production` is what the programs embed; `mutant` is the same with the hook that
// adversary tests use to switch single checks off; `states` is the page of drawn states alone.
export default defineConfig(({ mode }) => ({
  plugins: [messages(), svelte()],
  // What a library asks for where there is no WebCrypto. Browsers have it.
  resolve: {
    alias: [
      { find: /^crypto$/, replacement: fileURLToPath(new URL('./tools/none.ts', import.meta.url)) },
    ],
  },
  worker: { format: 'es', rolldownOptions: { checks: { pluginTimings: false } } },
  // What goes wrong is said; a list of files is for nobody.
  logLevel: 'warn',
  publicDir: 'public',
  build: {
    target: 'es2023',
    outDir:
      process.env['KEYHOLD_DIST'] ??
      (mode === 'states' ? 'dist-states' : mode === 'mutant' ? 'dist-mutant' : 'dist'),
    emptyOutDir: mode !== 'production',
    // The content policy lets nothing in from data: addresses but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    ...(mode === 'states' && { chunkSizeWarningLimit: Infinity }),
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: mode === 'states' ? 'states.html' : 'index.html',
      // The drawn states are loaded hundreds of times: one file in the place of forty.
      output: mode === 'states' ? { codeSplitting: false } : {},
    },
  },
}));
