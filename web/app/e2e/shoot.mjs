// SPDX-License-Identifier: Apache-2.0
// Takes pictures of drawn states into e2e/shots: node e2e/shoot.mjs [state…] with SIZE, THEME,
// LANGUAGE (each a list parted by commas) in the environment; WHOLE=0 stops at the screen's edge.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, sizes, watched } from './browser.mjs';
import { app, serve } from './server.mjs';

const list = (name, otherwise) => (process.env[name] ?? otherwise).split(',');
const server = await serve(join(app, 'dist-states'), 'states.html');
const browser = await launch();
mkdirSync(join(app, 'e2e', 'shots'), { recursive: true });
let count = 0;
for (const size of list('SIZE', 'phone,desk')) {
  for (const theme of list('THEME', 'light,dark')) {
    for (const language of list('LANGUAGE', 'en')) {
      const { context, page, faults } = await watched(
        browser,
        { viewport: sizes[size], locale: language },
        server.address,
      );
      await page.goto(server.address);
      const all = (await page.getAttribute('html', 'data-states')).split(' ');
      const wished = process.argv.slice(2);
      for (const state of wished.length > 0 ? wished : all) {
        await page.goto('about:blank');
        await page.goto(`${server.address}/?state=${state}&theme=${theme}&language=${language}`);
        await page.waitForFunction(() => document.documentElement.dataset.ready);
        const ready = await page.getAttribute('html', 'data-ready');
        if (ready !== 'yes') console.error(`${state}: ${ready}`);
        const name = `${state}-${theme}-${size}-${language}.png`;
        await page.screenshot({
          path: join(app, 'e2e', 'shots', name),
          fullPage: process.env.WHOLE !== '0',
        });
        count += 1;
      }
      for (const fault of new Set(faults)) console.error(fault);
      await context.close();
    }
  }
}
await browser.close();
await server.close();
console.log(`${count} pictures in e2e/shots`);
