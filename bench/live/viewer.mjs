// SPDX-License-Identifier: Apache-2.0

// A person who looks live, in a browser: each time on a fresh page, from home, at a moment of chance. Prints the
// milliseconds from the lift of the finger to the first picture, as one line of JSON.
import { browser, join } from '../setting/browser.mjs';

const { LINK, ORIGIN, MEMORY, ROUNDS } = process.env;

const context = await browser(MEMORY, 60_000);
await context.addInitScript(() => {
  globalThis.first = new Promise((resolve, reject) => {
    const lifted = (event) => {
      setTimeout(() => reject(new Error(`no picture came: ${document.body.innerText}`)), 20_000);
      const watch = () => {
        const video = document.querySelector('video');
        if (!video) return requestAnimationFrame(watch);
        video.requestVideoFrameCallback(() => resolve(performance.now() - event.timeStamp));
      };
      watch();
    };
    addEventListener('pointerup', lifted, { capture: true, once: true });
  });
});

if (LINK) await join(context, LINK);

/** One look from its beginning to its end. */
async function look() {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/#/`);
  await page.locator('.line.good, .line.warning').waitFor();
  await page.locator('a.tile[href*="/live?"]').first().waitFor(); // the hub is run without what draws small pictures
  // The camera's key frames come every two seconds: each tap meets another moment between them.
  await page.waitForTimeout(2500 + Math.random() * 2000);
  await page.locator('a.tile').first().click();
  const took = await page.evaluate(() => globalThis.first);
  await page.locator('.age.live').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('a.tile').first().waitFor();
  // The hub is told that it is over before the page is gone.
  await page.waitForTimeout(300);
  await page.close();
  return took;
}

await look(); // what comes first after the hub's start is not what a day is like
const all = [];
for (let round = 0; round < Number(ROUNDS); round++) all.push(await look());
await context.close();
process.stdout.write(JSON.stringify(all) + '\n');
