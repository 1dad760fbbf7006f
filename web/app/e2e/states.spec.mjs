// SPDX-License-Identifier: Apache-2.0
// Every drawn state in a real browser, under the real headers: on a phone and on a desk, light and
// dark, in three languages. Looks for what axe-core finds, for text that does not fit, for anything
// the content policy refuses, for errors, and for requests to another host. Prints what it counted.
// SHORT=1 leaves axe-core out on the desk and lays out German alone there, the longest; and it draws
// some states in a row on one page, where the full run loads the page anew for each. STATES=invite
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
/** How many states one page draws before another is loaded. */
const inRow = short ? 100 : 1;
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

/** Everything to be seen of a state at one size, in the page itself: each word to it takes its time. */
async function look({ themes, languages }) {
  const found = { axe: 0, passes: 0, fits: 0, targets: 0, faults: [] };
  const page = document.documentElement;
  for (const theme of themes) {
    // Colours follow at once; in the dark nothing but them is another.
    page.dataset.theme = theme;
    const runOnly =
      theme === 'light'
        ? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
        : { type: 'rule', values: ['color-contrast'] };
    const wish = { resultTypes: ['violations'], elementRef: true, runOnly };
    const result = await globalThis.axe.run(document, wish);
    found.axe += 1;
    found.passes += result.passes.length;
    for (const { id, nodes } of result.violations) {
      found.faults.push([id, theme, ...nodes.map(({ element }) => element.outerHTML)]);
    }
  }
  for (const language of languages) {
    if (page.lang !== language) {
      globalThis.speak(language);
      await globalThis.settle();
    }
    const { found: less, count } = globalThis.small();
    for (const fault of [...globalThis.overflow(), ...less]) found.faults.push([fault, language]);
    found.fits += 1;
    found.targets += count;
  }
  return found;
}

/** A page on which states can be drawn, with what looks at them. */
async function load(page) {
  await page.goto(server.address);
  await page.evaluate(
    `${axe}; axe.configure({ noHtml: true });
    Object.assign(globalThis, { look: ${look}, overflow: ${overflow}, small: ${small} })`,
  );
  return (await page.getAttribute('html', 'data-states')).split(' ');
}

/**
 * Lays a page out at one of the sizes. It is drawn at a twentieth of that: nobody looks at a picture
 * here, and drawing one costs as much as laying it out.
 */
function sizing(tools, size) {
  const { width, height } = sizes[size];
  const screen = { screenWidth: width, screenHeight: height };
  const wish = { width, height, ...screen, deviceScaleFactor: 1, mobile: false, scale: 0.05 };
  return tools.send('Emulation.setDeviceMetricsOverride', wish);
}

/** One state at every size, drawn on a phone in one of the languages and then taken away. */
async function lookAt(page, tools, state, drawn) {
  // German comes last on the phone, so that it is there on the desk.
  const others = ['en', 'nl', 'de'].filter((language) => language !== drawn);
  for (const size of Object.keys(sizes)) {
    const brief = short && size === 'desk';
    await sizing(tools, size);
    const { faults, ...counted } = await page.evaluate(
      async ({ show, leave, wish }) => {
        await (show ? globalThis.show(...show) : globalThis.settle());
        const found = await globalThis.look(wish);
        if (leave) await globalThis.leave();
        return found;
      },
      {
        show: size === 'phone' && [state, 'light', drawn],
        leave: size === 'desk',
        wish: {
          themes: brief ? [] : ['light', 'dark'],
          languages: brief ? ['de'] : [drawn, ...others],
        },
      },
    );
    assert.deepEqual(faults, [], size);
    counts.pages += 1;
    for (const [what, count] of Object.entries(counted)) counts[what] += count;
  }
}

describe('the drawn states', () => {
  test('all of them, on a phone and on a desk', async (t) => {
    const { context, page, faults } = await watched(
      browser,
      { viewport: sizes.phone },
      server.address,
    );
    const tools = await context.newCDPSession(page);
    const every = await load(page);
    assert.ok(every.length > 60, 'the states are there');
    const all = every.filter((one) => one.startsWith(process.env.STATES ?? ''));
    let row = 0;
    for (const [index, state] of all.entries()) {
      await t.test(state, async () => {
        faults.length = 0;
        if (row === 0) await load(page);
        // After a fault the page is nothing to draw on.
        const after = (row + 1) % inRow;
        row = 0;
        // Each state begins in another language; the others follow in place.
        await lookAt(page, tools, state, languages[index % 3]);
        assert.deepEqual(faults, []);
        row = after;
      });
    }
    await context.close();
  });
});
