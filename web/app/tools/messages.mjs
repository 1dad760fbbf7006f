// SPDX-License-Identifier: Apache-2.0
// What makes src/paraglide of the catalogues. Run by itself it does so before anything is built, as a
// build would: whichever comes first compiles, the others find that nothing has changed.
import { pathToFileURL } from 'node:url';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { resolveConfig } from 'vite';

export const messages = () =>
  paraglideVitePlugin({
    project: './project.inlang',
    outdir: './src/paraglide',
    strategy: ['globalVariable', 'baseLocale'],
    emitGitIgnore: false,
    emitReadme: false,
  });

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const plugin = messages();
  await resolveConfig(
    { configFile: false, plugins: [plugin] },
    'build',
    'production',
    'production',
  );
  await plugin.buildStart.call({});
}
