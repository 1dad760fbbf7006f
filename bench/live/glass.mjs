// SPDX-License-Identifier: Apache-2.0

// A person who goes on looking live, in a browser: in the app and on a plain page beside it, one after the other. Of each
// picture it takes when it came, when it was there to be shown, when it is seen, and how bright the blocks of its bar code
// are. Prints one line of JSON.
import { browser, join } from '../setting/browser.mjs';

const { LINK, ORIGIN, MEMORY, PEER, RUNS, SECONDS, ROW } = process.env;

const context = await browser(MEMORY, 60_000);

/** The time of the day by this machine's clock, finer than its milliseconds. */
const ahead = (() => {
  const before = Date.now();
  while (Date.now() === before);
  return Date.now() - performance.now();
})();
await context.exposeFunction('wall', () => ahead + performance.now());

await context.addInitScript(
  ({ blocks, size, left, top }) => {
    const peers = [];
    const Own = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Own {
      constructor(...given) {
        super(...given);
        peers.push(this);
      }
    };

    /** By how much this page's clock is behind the machine's, by the quickest of many questions. */
    const clock = async () => {
      let best = { trip: Infinity, behind: 0 };
      for (let i = 0; i < 60; i++) {
        const asked = performance.now();
        const wall = await globalThis.wall();
        const told = performance.now();
        const trip = told - asked;
        if (trip < best.trip) {
          best = { trip, behind: wall - performance.timeOrigin - (asked + told) / 2 };
        }
      }
      return best;
    };

    const counts = async () => {
      for (const peer of peers) {
        for (const one of (await peer.getStats()).values()) {
          if (one.type === 'inbound-rtp' && one.kind === 'video' && one.framesDecoded > 0) return one;
        }
      }
      throw new Error('no connection brings pictures');
    };

    /** A strip through the middle of the blocks, as it was decoded: nothing is drawn, and little is copied. */
    const rect = { x: left, y: top + size / 2 - 8, width: blocks * size, height: 16 };
    const read = async (frame) => {
      if (!['I420', 'NV12'].includes(frame.format)) throw new Error(`pictures are ${frame.format}`);
      const room = new Uint8Array(frame.allocationSize({ rect }));
      await frame.copyTo(room, { rect });
      frame.close();
      return Array.from({ length: blocks }, (_, block) => {
        let sum = 0;
        for (let y = 4; y < 12; y++) {
          for (let x = size / 2 - 8; x < size / 2 + 8; x++) sum += room[y * rect.width + block * size + x];
        }
        return Math.round(sum / 128);
      });
    };

    globalThis.watch = async (seconds) => {
      const all = [];
      const reads = [];
      let before = null;
      await new Promise((done, fail) => {
        const patience = setTimeout(
          () => fail(new Error(`only ${all.length} pictures came: ${document.body.innerText}`)),
          20_000 + seconds * 1000,
        );
        /** Where pictures are shown: another place, once there is another. */
        let video = null;
        const find = () => {
          const one = document.querySelector('video');
          if (one === null || one === video) return;
          video = one;
          one.requestVideoFrameCallback(shown(one));
        };
        const looking = setInterval(find, 20);
        const shown = (place) => (_now, about) => {
          if (place !== video) return;
          const began = performance.now();
          const one = {
            got: about.receiveTime,
            there: about.presentationTime,
            seen: Math.max(about.expectedDisplayTime, about.presentationTime),
            stamp: about.rtpTimestamp,
          };
          all.push(one);
          reads.push(read(new VideoFrame(video)).then((row) => (one.row = row)));
          one.cost = performance.now() - began;
          const since = one.seen - all[0].seen;
          before ??= since > 1000 ? counts() : null;
          if (since < seconds * 1000) return video.requestVideoFrameCallback(shown(video));
          clearTimeout(patience);
          clearInterval(looking);
          done();
        };
      });
      await Promise.all(reads);
      const stats = { before: await before, after: await counts() };
      return { origin: performance.timeOrigin, clock: await clock(), stats, pictures: all };
    };
  },
  JSON.parse(ROW),
);

if (LINK) await join(context, LINK);

async function look(page, tap, end) {
  await page.waitForTimeout(1000 + Math.random() * 2000); // key frames come every two seconds
  const watched = page.evaluate((seconds) => globalThis.watch(seconds), Number(SECONDS) + 1);
  await tap();
  const result = await watched;
  await end();
  await page.close();
  return result;
}

async function inApp() {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/#/`);
  await page.locator('.line.good, .line.warning').waitFor();
  await page.locator('a.tile[href*="/live?"]').first().waitFor();
  return look(
    page,
    () => page.locator('a.tile').first().click(),
    async () => {
      await page.keyboard.press('Escape');
      await page.locator('a.tile').first().waitFor();
      await page.waitForTimeout(300); // the hub is told that it is over before the page is gone
    },
  );
}

async function onPlainPage() {
  const page = await context.newPage();
  await page.goto(PEER);
  return look(
    page,
    () => page.locator('button').click(),
    async () => undefined,
  );
}

const result = { app: [], plain: [] };
for (let run = 1; run <= Number(RUNS); run++) {
  result.app.push(await inApp());
  result.plain.push(await onPlainPage());
  process.stderr.write(`glass: run ${run} of ${RUNS}\n`);
}
await context.close();
process.stdout.write(JSON.stringify(result) + '\n');
