// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';
import { random } from '../src/bytes.ts';
import { encode } from '../src/canon.ts';
import { seal } from '../src/crypto/box.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { signal } from '../src/statement/live.ts';
import { idOf, World } from './world.ts';

/** Key handles, IndexedDB and WebCrypto as Chromium really has them. */
const root = fileURLToPath(new URL('..', import.meta.url));
let server: ViteDevServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    server: { port: 0, host: 'localhost', hmr: false, fs: { allow: [root, `${root}/..`] } },
    optimizeDeps: { noDiscovery: true },
  });
  await server.listen();
  browser = await chromium.launch({
    executablePath: process.env['KEYHOLD_CHROMIUM'] ?? '/usr/bin/chromium-headless-shell',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--in-process-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  page = await browser.newPage();
  await visit();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function visit(): Promise<void> {
  await page.goto(`${server.resolvedUrls!.local[0]}test/page/index.html`);
  await page.waitForFunction(() => 'keyholdTests' in globalThis);
}

test("a device's keys cannot be exported and are there after a reload", async () => {
  const before = await page.evaluate(() => keyholdTests.device());
  expect(before.native).toBe(true);
  expect(before.recipient).toMatch(/^age1pq1/);
  await visit();
  expect(await page.evaluate(() => keyholdTests.device())).toEqual(before);
});

test('a device signs, and opens what was sealed to it', async () => {
  expect(await page.evaluate(() => keyholdTests.signs())).toBe(true);
  expect(await page.evaluate(() => keyholdTests.opensWhatWasSealed())).toBe('good evening');
});

test("a segment of 2.5 MB opens no slower than by age's own code", async () => {
  expect(await page.evaluate(() => keyholdTests.opensBesideAge())).toBeLessThan(1.3);
});

test('as many cameras as a view can have fit into an offer, and that into the mail', async () => {
  const sdp = await page.evaluate(() => keyholdTests.offer(16));
  expect(sdp.match(/^m=video/gm)).toHaveLength(16);
  const { member, roster, now } = await World.make();
  const offer = {
    at: now,
    body: sdp,
    cameras: Array.from({ length: 16 }, () => idOf('cam')).sort(),
    from: member.device,
    head: roster.head.hash,
    household: roster.household,
    kind: 'offer',
    nonce: random(16),
    to: 'hub',
    view: idOf('vie'),
  };
  const plain = (await Envelope.signed('signal', offer, member.signer)).encode();
  expect(Envelope.parse(plain).read('signal', signal).body).toBe(sdp);
  const info = encode({ household: roster.household, purpose: 'live' });
  const aad = encode({ from: member.device, to: 'hub' });
  const sealed = await seal(roster.hub.hpke, info, aad, plain);
  expect(sealed.length).toBeLessThanOrEqual(65_536);
});
