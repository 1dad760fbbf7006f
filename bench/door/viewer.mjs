// SPDX-License-Identifier: Apache-2.0

// A person at whose door it rings, in a browser. Each round: a page is open, somebody presses (the desk does that, and
// the peer's round before), the page shows it; then all is closed, and a touch on the phone's message opens the door's
// page anew. Prints one line of JSON: by the machine's clock when the page showed it, and how long the picture took.
import { browser, join } from '../setting/browser.mjs';

const { LINK, ORIGIN, DESK, CAMERA, ROUNDS } = process.env;

const context = await browser('', 60_000);
await context.addInitScript(() => {
  /** When the call was drawn. */
  globalThis.rang = new Promise((resolve) => {
    const look = () => {
      if (!document.querySelector('dialog[open] h1')) return;
      watch.disconnect();
      requestAnimationFrame(() => resolve(Date.now()));
    };
    const watch = new MutationObserver(look);
    watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['open'] });
  });
  /** The first picture of a fresh page, from its very beginning: the touch. */
  globalThis.seen = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no picture came: ${document.body.innerText}`)), 20_000);
    const watch = () => {
      const video = document.querySelector('video');
      if (!video) return requestAnimationFrame(watch);
      video.requestVideoFrameCallback(() => resolve(performance.now()));
    };
    watch();
  });
  globalThis.seen.catch(() => undefined); // a page of which nobody asks that
});
await join(context, LINK);

async function round() {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/#/`);
  await page.locator('.line.good, .line.warning').waitFor();
  // A page that has been open for a while; and each press meets another moment between the camera's key frames.
  await page.waitForTimeout(2500 + Math.random() * 2000);
  const answer = await fetch(DESK, { method: 'POST' });
  if (!answer.ok) throw new Error(`nobody pressed: ${await answer.text()}`);
  const rang = await page.evaluate(() => globalThis.rang);
  await page.close();
  const door = await context.newPage();
  await door.goto(`${ORIGIN}/#/live?camera=${CAMERA}`);
  const seen = await door.evaluate(() => globalThis.seen);
  await door.close();
  return { rang, seen };
}

const all = [];
for (let n = 0; n < Number(ROUNDS); n++) all.push(await round());
await context.close();
process.stdout.write(JSON.stringify(all) + '\n');
