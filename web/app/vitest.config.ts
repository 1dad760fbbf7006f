// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, type Plugin, type Rolldown } from 'vite';
import { defineConfig } from 'vitest/config';

const folder = fileURLToPath(new URL('./src/paraglide/', import.meta.url));

/** All messages in one module: as they are compiled each is one, which each file of tests would load anew. */
const oneOfAllMessages: Plugin = {
  name: 'one-of-all-messages',
  async load(id) {
    if (id !== `${folder}messages.js`) return null;
    const built = await build({
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      build: {
        write: false,
        minify: false,
        lib: { entry: id, formats: ['es'] },
        rolldownOptions: { external: `${folder}runtime.js` },
      },
    });
    const [{ output }] = built as Rolldown.RolldownOutput[];
    return output[0].code.replace(/(?<= from )"[^"]*runtime\.js"/, '"./runtime.js"');
  },
};

export default defineConfig({
  plugins: [oneOfAllMessages, svelte()],
  resolve: { conditions: ['browser'] },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    setupFiles: ['test/setup.ts'],
    pool: 'threads',
  },
});
