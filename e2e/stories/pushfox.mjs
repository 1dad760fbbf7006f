// SPDX-License-Identifier: Apache-2.0

// Alerts in Firefox: it subscribes, its push service brings a message, it decrypts that by itself, and the worker shows it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { desk, steps, until } from './person.mjs';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');
const { LANGUAGE, LINK, ORIGIN, OUT, PUSH } = process.env;
const memory = join(OUT, 'profile');
mkdirSync(memory);
const texts = JSON.parse(readFileSync(new URL(`../../web/app/messages/${LANGUAGE}.json`, import.meta.url), 'utf8'));

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: process.env.KEYHOLD_FIREFOX ?? '/usr/bin/firefox-esr',
  headless: true,
  userDataDir: memory,
  defaultViewport: desk,
  extraPrefsFirefox: {
    'dom.push.enabled': true,
    // The desktop's own way of showing messages is not there.
    'alerts.useSystemBackend': false,
    'dom.push.connection.enabled': true,
    'dom.push.serverURL': PUSH,
    'dom.push.testing.allowInsecureServerURL': true,
    'permissions.default.desktop-notification': 1,
    'intl.accept_languages': LANGUAGE,
  },
});
after(() => browser.close());
const faults = [];
const [page] = await browser.pages();
page.setDefaultTimeout(60_000);
page.on('pageerror', (error) => faults.push(`an error: ${error.message}`));
page.on('console', (message) => {
  if (message.type() === 'error') faults.push(`on the console: ${message.text()}`);
});

const button = (key) => page.waitForSelector(`::-p-text(${texts[key]})`);
/** Presses a button. Once in some hundred times Firefox says nothing of a press that it never made, while the page goes on: then it is pressed again. */
async function press(key) {
  for (let tries = 1; tries <= 3; tries++) {
    const pressed = (await button(key)).click().then(() => true);
    const silent = new Promise((resolve) => setTimeout(resolve, 20_000, false).unref());
    if (await Promise.race([pressed, silent])) return;
  }
  assert.fail(`Firefox did not press ${key}`);
}
/** What the worker has on the screen. */
const shown = () =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration('/push/');
    const all = (await registration?.getNotifications()) ?? [];
    return all.map(({ title, body, tag }) => ({ title, body, tag }));
  });

test('alerts in Firefox', async (t) => {
  const step = steps(t);

  await step('the link makes it a device', async () => {
    await page.goto(LINK);
    const input = await page.waitForSelector('form input');
    await input.click({ count: 3 });
    await input.type('A laptop');
    await page.keyboard.press('Enter');
    await page.waitForSelector('nav');
  });

  await step('it subscribes', async () => {
    await page.goto(`${ORIGIN}/#/settings`);
    await press('alerts_turn_on');
    await button('alerts_on');
  });

  await step('a test alert comes, and Firefox opens what its push service was brought', async () => {
    await press('alerts_test');
    const { took } = await until('the alert', async () => (await shown()).some(({ body }) => body === texts.push_test));
    console.log(`figure: a test alert is on the screen of Firefox ${took} ms after the press of the button`);
  });

  await step('how long it took is said', async () => {
    const before = texts.alerts_took.split('{')[0];
    await until('its time', () => page.evaluate((before) => document.body.innerText.includes(before), before));
  });

  await step('no more', async () => {
    await press('alerts_turn_off');
    await button('alerts_turn_on');
  });
  assert.deepEqual(faults, []);
});
