// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';

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

test('a segment of 2.5 MB opens within the time of a frame', async () => {
  expect(await page.evaluate(() => keyholdTests.opensQuickly())).toBeLessThan(40);
});

test('as many cameras as a view can have fit into an offer', async () => {
  const { length, videos } = await page.evaluate(() => keyholdTests.offer(16));
  expect(videos).toBe(16);
  expect(length).toBeLessThan(36_864);
});
