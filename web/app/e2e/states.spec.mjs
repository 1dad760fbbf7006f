// SPDX-License-Identifier: Apache-2.0
// Every drawn state in a real browser, under the real headers: on a phone and on a desk, light and
// dark, in three languages. Looks for what axe-core finds, for text that does not fit, for anything
// the content policy refuses, for errors, and for requests to another host. Prints what it counted.
// SHORT=1 leaves axe-core out on the desk and lays out German alone there, the longest. STATES=invite
// looks at those alone whose names begin so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { launch, sizes, watched } from './browser.mjs';
import { app, serve } from './server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const languages = ['en', 'de', 'nl'];
const short = process.env.SHORT === '1';
const counts = { pages: 0, axe: 0, passes: 0, fits: 0, targets: 0 };

let server;
let browser;
before(async () => {
  execFileSync('node', [join(app, 'tools', 'footage.mjs')], { stdio: 'inherit' });
  server = await serve(join(app, 'dist-states'), 'states.html');
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
  console.log(
    `states: ${counts.pages} pages, ${counts.axe} axe-core runs (${counts.passes} rules passed), ` +
      `${counts.fits} layouts without overflow, ${counts.targets} targets of 44 px`,
  );
});

/** What sticks out of its place, with the least of a name. */
function overflow() {
  const found = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) found.push('the page scrolls sideways');
  for (const element of document.querySelectorAll(
    'h1, h2, p, a, button, label, dt, dd, input, .name',
  )) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (box.width <= 1 || style.visibility === 'hidden' || style.clipPath !== 'none') continue;
    if (element.closest('.sr-only, .skip, .ruler, .trim')) continue;
    const name = `${element.tagName} "${element.textContent.trim().slice(0, 40)}"`;
    if (box.right > wide + 1 || box.left < -1) found.push(`${name} leaves the page`);
    if (element.scrollWidth > element.clientWidth + 1 && style.display !== 'inline') {
      if (!['INPUT'].includes(element.tagName)) found.push(`${name} does not fit`);
    }
  }
  return found;
}

/** Buttons, fields and lone links smaller than a finger. */
function small() {
  const found = [];
  let count = 0;
  for (const element of document.querySelectorAll(
    'button, select, input, nav a, .btn, [role=slider], summary',
  )) {
    // A box to tick is as large as the words beside it.
    const whole = ['checkbox', 'radio'].includes(element.type) && element.closest('label');
    const box = (whole || element).getBoundingClientRect();
    if (box.width <= 1 || element.closest('.sr-only')) continue;
    count += 1;
    if (box.height < 43.5 || box.width < 43.5) {
      found.push(`${element.tagName} "${element.textContent.trim()}" ${box.width}x${box.height}`);
    }
  }
  return { found, count };
}

async function names() {
  const { context, page } = await watched(browser, {}, server.address);
  await page.goto(server.address);
  const all = (await page.getAttribute('html', 'data-states')).split(' ');
  await context.close();
  return all;
}

/** Rules of axe-core that a page breaks; in the dark nothing but the colours is another. */
async function violations(page, theme) {
  const result = await page.evaluate(
    async (what) => {
      const { passes, violations } = await globalThis.axe.run(document, what);
      const short = violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
      return { passes: passes.length, violations: short };
    },
    {
      resultTypes: ['violations'],
      runOnly:
        theme === 'light'
          ? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
          : { type: 'rule', values: ['color-contrast'] },
    },
  );
  counts.axe += 1;
  counts.passes += result.passes;
  return result.violations.map(([id, nodes]) => [id, theme, nodes]);
}

/** One state that is loaded, at one size. */
async function look(page, size) {
  const brief = short && size === 'desk';
  await page.setViewportSize(sizes[size]);
  counts.pages += 1;
  for (const theme of brief ? [] : ['light', 'dark']) {
    await page.evaluate((next) => (document.documentElement.dataset.theme = next), theme);
    await page.evaluate(() => globalThis.settle());
    assert.deepEqual(await violations(page, theme), [], size);
  }
  for (const language of brief ? ['de'] : languages) {
    await page.evaluate((next) => globalThis.speak(next), language);
    await page.evaluate(() => globalThis.settle());
    assert.deepEqual(await page.evaluate(overflow), [], `${size}, ${language}`);
    counts.fits += 1;
    const targets = await page.evaluate(small);
    assert.deepEqual(targets.found, [], `${size}, ${language}`);
    counts.targets += targets.count;
  }
}

describe('the drawn states', () => {
  test('all of them, on a phone and on a desk', async (t) => {
    const every = await names();
    assert.ok(every.length > 60, 'the states are there');
    const all = every.filter((one) => one.startsWith(process.env.STATES ?? ''));
    const { context, page, faults } = await watched(
      browser,
      { viewport: sizes.phone },
      server.address,
    );
    for (const [index, state] of all.entries()) {
      await t.test(state, async () => {
        faults.length = 0;
        await page.setViewportSize(sizes.phone);
        // Each state begins in another language; the others follow in place.
        const first = languages[index % 3];
        await page.goto(`${server.address}/?state=${state}&theme=light&language=${first}`);
        await page.waitForFunction(() => document.documentElement.dataset.ready);
        assert.equal(await page.getAttribute('html', 'data-ready'), 'yes');
        await page.evaluate(axe);
        for (const size of Object.keys(sizes)) await look(page, size);
        assert.deepEqual(faults, []);
      });
    }
    await context.close();
  });
});
