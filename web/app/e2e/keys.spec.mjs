// SPDX-License-Identifier: Apache-2.0
// Every page by keyboard alone: no mouse is used anywhere below.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { launch, sizes, watched } from './browser.mjs';
import { app, serve } from './server.mjs';

let server;
let browser;
/** One page for nearly all: what it loads is fetched and compiled once. */
let usual;
const fresh = () => watched(browser, { viewport: sizes.desk, locale: 'en' }, server.address);
before(async () => {
  server = await serve(join(app, 'dist-states'), 'states.html');
  browser = await launch();
  usual = await fresh();
  // Nothing that a test has set stays for the next.
  await usual.page.addInitScript(() => localStorage.clear());
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** Loads a state; on a page of its own if that is to be prepared. */
async function open(state, prepare) {
  const { page, faults } = prepare ? await fresh() : usual;
  await prepare?.(page);
  faults.length = 0;
  await page.goto(`${server.address}/?state=${state}&theme=light&language=en`);
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes');
  return { page, faults };
}

/** Presses Tab until something with this name has the focus. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === document.body) return '';
      const label = at.id && document.querySelector(`label[for="${at.id}"]`);
      const words =
        at.getAttribute('aria-label') ?? label?.textContent ?? at.closest('label')?.textContent;
      return (words ?? at.textContent).trim();
    });
    if (found.includes(name)) return;
  }
  assert.fail(`"${name}" cannot be reached by Tab`);
}

const title = (page) => page.textContent('h1');

/** Waits, with a deadline, for a heading. */
async function heading(page, text) {
  await page.waitForFunction((wish) => document.querySelector('h1')?.textContent === wish, text);
}

describe('by keyboard alone', () => {
  test('the first run, from the language to the first picture', async () => {
    const { page, faults } = await open('first-language');
    await tabTo(page, 'Next');
    await page.keyboard.press('Enter');
    await heading(page, 'How do you want to begin?');
    await tabTo(page, 'Start a new household');
    await page.keyboard.press('Enter');
    await heading(page, 'Who are you?');
    await tabTo(page, 'Your name');
    await page.keyboard.type('Anna');
    await page.keyboard.press('Enter');
    await heading(page, 'Find your hub');
    await tabTo(page, 'The hub’s code');
    await page.keyboard.type('ABCD efgh');
    await page.keyboard.press('Enter');
    await heading(page, 'Your recovery sheet');
    await tabTo(page, 'Save');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Next');
    await page.keyboard.press('Enter');
    await heading(page, 'Three words, to be sure');
    for (const [number, word] of [
      [3, 'cradle'],
      [9, ' Island '],
      [17, 'quarter'],
    ]) {
      await tabTo(page, `Word ${number}`);
      await page.keyboard.type(word);
    }
    await page.keyboard.press('Enter');
    await heading(page, 'The first camera');
    await tabTo(page, 'Type its address instead');
    await page.keyboard.press('Enter');
    await tabTo(page, 'The camera’s address');
    await page.keyboard.type('rtsp://192.168.1.20/stream');
    await tabTo(page, 'Its name');
    await page.keyboard.type('Front door');
    await page.keyboard.press('Enter');
    await heading(page, 'Your cameras');
    await tabTo(page, 'That is all for now');
    await page.keyboard.press('Enter');
    await heading(page, 'The first picture is on its way');
    assert.deepEqual(faults, []);
  });

  test('the skip link, the places, and the short cuts between them', async () => {
    const { page } = await open('home');
    await page.keyboard.press('Tab');
    assert.equal(
      await page.evaluate(() => document.activeElement.textContent),
      'Skip to the content',
    );
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await tabTo(page, 'Front door');
    await page.keyboard.press('Enter');
    await heading(page, 'Front door');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await heading(page, 'Home');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await heading(page, 'History');
  });

  test('the strip: arrows, minutes, the ends of the day, and words for each moment', async () => {
    const { page } = await open('history');
    const text = () => page.getAttribute('[role=slider]', 'aria-valuetext');
    await tabTo(page, 'Front door, the day');
    const start = await text();
    assert.match(start, /^\d\d:\d\d:\d\d, recorded$/);
    const seconds = (words) =>
      words
        .slice(0, 8)
        .split(':')
        .reduce((sum, part) => sum * 60 + Number(part), 0);
    await page.keyboard.press('ArrowLeft');
    assert.equal(seconds(start) - seconds(await text()), 5);
    await page.keyboard.press('Shift+ArrowLeft');
    assert.equal(seconds(start) - seconds(await text()), 65);
    await page.keyboard.press('PageUp');
    await page.keyboard.press('Home');
    assert.equal(await text(), '00:00:00, recorded');
    await page.keyboard.press('End');
    assert.match(await text(), /^23:59:59, nothing here$/);
    await page.keyboard.press('2');
    assert.equal(await page.textContent('.name.selected'), 'Hall');
  });

  test('playing, pausing, moving and zooming by single keys', async () => {
    const { page, faults } = await open('history-playing');
    const video = (wish) =>
      page.waitForFunction(
        (paused) => document.querySelector('video').paused === paused,
        wish === 'paused',
      );
    await video('playing');
    await page.keyboard.press('k');
    await video('paused');
    const before = await page.$eval('video', (one) => one.currentTime);
    await page.keyboard.press('l');
    await page.waitForFunction(
      (at) => document.querySelector('video').currentTime > at + 9,
      before,
    );
    await page.keyboard.press('j');
    await page.waitForFunction(
      (at) => document.querySelector('video').currentTime < at + 1,
      before,
    );
    await page.keyboard.press(' ');
    await video('playing');
    await page.keyboard.press('m');
    const zoomed = await page.$$eval('.ruler span', (all) => all.length > 0 && all[0].textContent);
    await page.keyboard.press('+');
    await page.waitForFunction(
      (was) => document.querySelector('.ruler span').textContent !== was,
      zoomed,
    );
    assert.deepEqual(faults, []);
  });

  test('an export: its two ends, saving, and closing', async () => {
    const { page } = await open('history');
    await page.keyboard.press('e');
    await tabTo(page, 'Beginning of the export');
    const at = () => page.evaluate(() => document.activeElement.getAttribute('aria-valuetext'));
    const begin = await at();
    await page.keyboard.press('ArrowLeft');
    assert.notEqual(await at(), begin);
    await tabTo(page, 'Save the film');
    const files = [];
    page.on('download', (file) => files.push(file.suggestedFilename()));
    const both = page.waitForEvent('download', { predicate: () => files.length === 2 });
    await page.keyboard.press('Enter');
    await both;
    const [film, proof] = files.sort();
    assert.match(film, /^Front door 2026-11-22 14\.0\d\.\d\d\.mp4$/);
    assert.equal(proof, `${film}.proof`);
    await page.waitForSelector('.export .done');
  });

  test('the list of keys opens, closes, gives the focus back, and the keys can be turned off', async () => {
    const { page } = await open('settings');
    await tabTo(page, 'Show all keys');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=dialog]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[role=dialog]', { state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Show all keys');
    await page.keyboard.press('?');
    await page.waitForSelector('[role=dialog]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[role=dialog]', { state: 'detached' });
    await tabTo(page, 'Single keys on');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('?');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    assert.equal(await title(page), 'Settings');
    assert.equal(await page.locator('[role=dialog]').count(), 0);
  });

  test('inviting a guest: who, what, from where, and the code of the hub', async () => {
    const { page, faults } = await open('invite-by-hand');
    await tabTo(page, 'Their name');
    await page.keyboard.type('Eva');
    await page.keyboard.press('Enter');
    await heading(page, 'What may Eva see?');
    await tabTo(page, 'Front door');
    await page.keyboard.press('Space');
    await tabTo(page, 'At any time');
    await page.keyboard.press('ArrowRight');
    await tabTo(page, 'Monday');
    await page.keyboard.press('Space');
    await tabTo(page, 'Next');
    await page.keyboard.press('Enter');
    await heading(page, 'How does Eva come in?');
    await tabTo(page, 'Make the invitation');
    await page.keyboard.press('Enter');
    await heading(page, 'Is this Eva?');
    await tabTo(page, 'Yes, come in');
    await page.keyboard.press('Enter');
    await tabTo(page, 'The six digits');
    await page.keyboard.type('123 456');
    await page.keyboard.press('Enter');
    await heading(page, 'Eva is in');
    assert.deepEqual(faults, []);
  });

  test('a door that wants digits has them typed at once', async () => {
    const { page, faults } = await open('open-digits');
    await page.keyboard.type('123 456');
    assert.equal(await page.inputValue('.open input'), '123 456');
    assert.deepEqual(faults, []);
  });

  test('removing a device: asked once, given up, asked again, and then not in force yet', async () => {
    const { page, faults } = await open('person');
    await tabTo(page, 'Remove Firefox at work');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=dialog]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[role=dialog]', { state: 'detached' });
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=dialog]');
    await tabTo(page, 'Remove now');
    await page.keyboard.press('Enter');
    await page.getByText('Not in force yet').waitFor();
    assert.deepEqual(faults, []);
  });

  test('news of a new device stays above every page until somebody says that they know', async () => {
    const { page } = await open('news');
    const news = page.getByRole('alert').filter({ hasText: 'Jan has a new device' });
    await news.waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await heading(page, 'People');
    await news.waitFor();
    await tabTo(page, 'I know about it');
    await page.keyboard.press('Enter');
    await news.waitFor({ state: 'detached' });
  });

  test('over a call keys are for the call, and the page behind it stays', async () => {
    const { page, faults } = await open('ring-call-talk');
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.keyboard.press('?');
    assert.equal(await title(page), 'Home');
    assert.equal(await page.locator('[role=dialog]').count(), 0);
    const talk = page.locator('dialog .talk button');
    await page.keyboard.down('t');
    assert.equal(await talk.getAttribute('aria-pressed'), 'true');
    await page.keyboard.up('t');
    assert.equal(await talk.getAttribute('aria-pressed'), 'false');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal(await title(page), 'Home');
    assert.deepEqual(faults, []);
  });

  const call = 'dialog[aria-labelledby=call-title]';
  test('a call ends by itself two minutes after the newest press', async () => {
    const { page } = await open('ring-call', (page) => page.clock.install());
    await page.clock.fastForward('01:40');
    await page.clock.fastForward('01:00');
    assert.equal(await page.locator(call).count(), 1);
    await page.clock.fastForward('01:10');
    await page.waitForSelector(call, { state: 'detached' });
  });

  test('a call does not end while somebody talks', async () => {
    const { page } = await open('ring-call-talk', (page) => page.clock.install());
    await page.keyboard.down('t');
    await page.clock.fastForward('03:00');
    assert.equal(await page.locator(call).count(), 1);
    await page.keyboard.up('t');
    await page.clock.fastForward('02:10');
    await page.waitForSelector(call, { state: 'detached' });
  });

  test('a child’s room: what goes wrong is said where a screen reader listens already', async () => {
    const { page } = await open('talk-child');
    const listens = await page.$eval('.child [role=status]', (one) => one.checkVisibility());
    assert.ok(listens);
  });

  test('an alarm stays over every page until it is acknowledged, and its proof can be saved', async () => {
    const { page } = await open('alarm-changed');
    await heading(page, 'A recording is not the one your hub made');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    assert.equal(await title(page), 'A recording is not the one your hub made');
    await tabTo(page, 'Save the proof');
    const download = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    assert.match((await download).suggestedFilename(), /^keyhold-proof-.*\.json$/);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Home');
    assert.match(await page.textContent('.line'), /Something did not pass the check/);
  });
});

test('the recovery sheet is printed dark on white, even in a dark theme', async () => {
  const { page } = await open('first-sheet');
  await page.evaluate(() => (document.documentElement.dataset.theme = 'dark'));
  await page.emulateMedia({ media: 'print' });
  const colours = await page.evaluate(() => [
    getComputedStyle(document.documentElement).backgroundColor,
    getComputedStyle(document.querySelector('.paper li')).color,
    getComputedStyle(document.querySelector('.paper .title')).display,
    getComputedStyle(document.querySelector('.actions')).display,
  ]);
  assert.deepEqual(colours, ['rgb(255, 255, 255)', 'rgb(29, 27, 25)', 'block', 'none']);
  await page.emulateMedia({ media: null });
});
