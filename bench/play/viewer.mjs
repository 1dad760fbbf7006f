// SPDX-License-Identifier: Apache-2.0

// A person who watches, in a browser: first frames and seeks, in the app and on a plain page beside it, one after the
// other so that both meet the same machine. Prints one line of JSON with milliseconds.
import { browser, join } from '../setting/browser.mjs';

const { LINK, ORIGIN, PEER, ROUNDS, SEEKS } = process.env;

const context = await browser('', 30_000);
await context.addInitScript(() => {
  /** From the lift of the finger to the first frame that is shown; for a seek, to the first at the new place. */
  const film = 'video:not([autoplay])'; // not the live picture
  globalThis.measure = (seek) => {
    globalThis.measured = new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`no frame came: ${document.body.innerText}`)), 15_000);
      const taken = (answer) => (clearTimeout(patience), resolve(answer));
      const lifted = (event) => {
        const before = document.querySelector(film)?.currentTime ?? 0;
        let place = null;
        const watch = () => {
          const video = document.querySelector(film);
          if (!video) return requestAnimationFrame(watch);
          const frame = (_now, { mediaTime }) => {
            const there = place !== null && mediaTime > place - 0.2 && mediaTime < place + 2;
            if (!seek || there) taken({ took: performance.now() - event.timeStamp, place: mediaTime });
            else video.requestVideoFrameCallback(frame);
          };
          video.requestVideoFrameCallback(frame);
        };
        watch();
        // The page's own listeners have moved the video by then.
        if (seek) {
          setTimeout(() => {
            place = document.querySelector(film).currentTime;
            if (Math.abs(place - before) < 5) taken(null);
          });
        }
      };
      addEventListener('pointerup', lifted, { capture: true, once: true });
    });
  };
});

async function measured(page, seek, tap) {
  await page.evaluate((one) => globalThis.measure(one), seek);
  await tap();
  return page.evaluate(() => globalThis.measured);
}

/** Taps somewhere on the recorded hour. */
async function tapStrip(page) {
  const pieces = await page.evaluate(() =>
    [...document.querySelectorAll('.strip i')].map((piece) => {
      const strip = piece.closest('.strip').getBoundingClientRect();
      const { left, right, top, height } = piece.getBoundingClientRect();
      return { from: Math.max(left, strip.left) + 1, until: Math.min(right, strip.right) - 1, y: top + height / 2 };
    }),
  );
  // The longest is the hour; beside it is what has been recorded since.
  const piece = pieces.reduce((a, b) => (b.until - b.from > a.until - a.from ? b : a));
  await page.mouse.click(piece.from + Math.random() * (piece.until - piece.from), piece.y);
}

const moves = (page) =>
  page.waitForFunction(() => {
    const video = document.querySelector('video');
    const now = performance.now();
    if (globalThis.before?.time !== undefined && video.currentTime > globalThis.before.time + 0.4) {
      globalThis.before = undefined;
      return true;
    }
    // After a jump back it is counted afresh.
    if (!globalThis.before || now - globalThis.before.now > 3000) globalThis.before = { now, time: video.currentTime };
    return false;
  });

async function seeks(page, into, places) {
  for (let done = 0; done < Number(SEEKS); ) {
    await page.evaluate(() => (globalThis.before = undefined));
    await moves(page);
    const one = await measured(page, true, () => tapStrip(page));
    if (one === null) continue; // too near to tell the old place from the new
    into.push(one.took);
    places.push(one.place);
    done++;
  }
}

/** Waits until all was checked. A hub that has just sent an hour may still be said to be behind. */
async function checked(page) {
  await page.locator('.line.good, .line.warning').waitFor();
  const alarms = await page.locator('[role=alert].alarm section').allInnerTexts();
  if (alarms.length > 0) throw new Error(`the app raises an alarm: ${alarms}`);
}

const result = { before: [], strip: [], seek: [], peerFirst: [], peerSeek: [], places: [] };
await join(context, LINK);

const fresh = async (address) => {
  const page = await context.newPage();
  await page.goto(address);
  return page;
};
for (let round = 1; round <= Number(ROUNDS); round++) {
  let page = await fresh(`${ORIGIN}/#/`);
  await checked(page);
  await page.locator('a.tile canvas').first().waitFor();
  await page.locator('a.tile').first().click();
  await page.locator('.age.live').waitFor();
  result.before.push((await measured(page, false, () => page.locator('.actions a[href*="history?camera="]').click())).took);
  await page.close();

  page = await fresh(`${ORIGIN}/#/history`);
  await page.locator('.strip i').first().waitFor();
  result.strip.push((await measured(page, false, () => tapStrip(page))).took);
  await seeks(page, result.seek, result.places);
  await page.close();

  page = await fresh(PEER);
  await page.locator('.strip i').waitFor();
  result.peerFirst.push((await measured(page, false, () => tapStrip(page))).took);
  await seeks(page, result.peerSeek, []);
  await page.close();
  process.stderr.write(
    `round ${round} of ${ROUNDS}: first frame ${result.before.at(-1).toFixed(0)} ms (from live), ${result.strip.at(-1).toFixed(0)} ms (strip), ` +
      `plain ${result.peerFirst.at(-1).toFixed(0)} ms; last seek ${result.seek.at(-1).toFixed(0)} ms, plain ${result.peerSeek.at(-1).toFixed(0)} ms\n`,
  );
}
await context.close();
process.stdout.write(JSON.stringify(result) + '\n');
