// SPDX-License-Identifier: Apache-2.0
// What the programs embed: nothing of the states page, nothing inline, no other host, small at first;
// and, in a real browser under the real headers, a page that says what it can without a cloud.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { launch, sizes, watched } from './browser.mjs';
import { app, serve } from './server.mjs';

const folder = join(app, 'dist');
function files(at) {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(at, entry.name)) : [join(at, entry.name)],
  );
}

describe('the release', () => {
  const all = files(folder);
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const script = all.filter((path) => path.endsWith('.js'));

  test('holds nothing of the states page', () => {
    const marks = ['cam_garden', 'data-states', 'dataset.states', 'OffscreenCanvas(640'];
    // The same marks are found where they belong, else this test would prove nothing.
    const drawn = files(join(app, 'dist-states')).filter((path) => path.endsWith('.js'));
    const text = (paths) => paths.map((path) => readFileSync(path, 'utf8')).join('\n');
    const [release, states] = [text(script), text(drawn)];
    assert.ok(states.includes('cam_garden') && states.includes('dataset.states'));
    for (const mark of marks) assert.ok(!release.includes(mark), mark);
    for (const path of all) assert.doesNotMatch(relative(folder, path), /states|\.mp4$|\.map$/);
  });

  test('keeps everything in files of its own, as the content policy wants it', () => {
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)/);
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
    assert.match(page, /data-place="operator"/);
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g))
      assert.match(address, /^\//);
  });

  test('names no other host', () => {
    // Namespaces and links in error texts of libraries; nothing is ever fetched from them.
    const known = [
      'www.w3.org',
      'svelte.dev',
      'aomedia.org',
      'paraglidejs.com',
      'example.com',
      'fallback.com',
      'cloud.example', // what an address looks like
      '192.168.1.9', // what a lock's address looks like, where it is asked for
      '192.168.1.20', // and a speaker's
    ];
    for (const path of all.filter((one) => /\.(js|css|html|webmanifest)$/.test(one))) {
      for (const [, host] of readFileSync(path, 'utf8').matchAll(
        /https?:\/\/(?:\w+:\w+@)?([\w.-]+)/g,
      )) {
        assert.ok(known.includes(host), `${host} in ${relative(folder, path)}`);
      }
    }
  });

  test('is small at first: the player and dialogs come when they are wanted', () => {
    const first = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(
      (one) => one[1],
    );
    const size = (path) => gzipSync(readFileSync(join(folder, path))).length;
    const total = first.reduce((sum, path) => sum + size(path), 0);
    console.log(`first load: ${first.length} files, ${(total / 1000).toFixed(1)} kB gzipped`);
    assert.ok(total < 66_000, `${total} bytes`);
    const player = script.filter((path) => /hls/.test(relative(folder, path)));
    assert.equal(player.length, 1, 'one file holds the player');
    assert.ok(statSync(player[0]).size > 300_000);
    assert.ok(!first.some((path) => player[0].endsWith(path)));
  });
});

describe('the release in a browser', () => {
  let server;
  let browser;
  before(async () => {
    server = await serve(folder);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test('an invitation leaves the address bar before anything else happens', async () => {
    const { context, page, faults } = await watched(
      browser,
      { viewport: sizes.phone },
      server.address,
    );
    await page.goto(`${server.address}/join#drawn-and-broken`);
    await page.waitForSelector('form button[type=submit]');
    assert.equal(page.url(), `${server.address}/join`);
    await page.click('form button[type=submit]');
    await page.waitForSelector('[role=alert]');
    assert.match(await page.textContent('[role=alert]'), /not a whole invitation/);
    const stored = await page.evaluate(() =>
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    assert.ok(!stored.includes('drawn-and-broken'));
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('without a household it asks for an invitation, in the reader’s language', async () => {
    const options = { viewport: sizes.desk, locale: 'nl-NL' };
    const { context, page, faults } = await watched(browser, options, server.address);
    await page.goto(server.address);
    await page.waitForSelector('h1');
    assert.equal(await page.textContent('h1'), 'Meedoen met een uitnodiging');
    assert.equal(await page.getAttribute('html', 'lang'), 'nl');
    await page.selectOption('select', 'de');
    assert.equal(await page.textContent('h1'), 'Mit einer Einladung beitreten');
    await page.reload();
    await page.waitForSelector('h1');
    assert.equal(await page.textContent('h1'), 'Mit einer Einladung beitreten');
    assert.deepEqual(faults, []);
    await context.close();
  });
});
