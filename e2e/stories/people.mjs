// SPDX-License-Identifier: Apache-2.0

// What the stories of the household share: words in three languages, a page and its parts, the hub's terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { person } from './person.mjs';

const run = promisify(execFile);

/** The app's own words in a language, so that a story reads the same in each. */
function wordsOf(language) {
  const texts = JSON.parse(readFileSync(new URL(`../../web/app/messages/${language}.json`, import.meta.url), 'utf8'));
  return (key, values = {}) => {
    const text = texts[key];
    if (text === undefined) throw new Error(`no word ${key} in ${language}`);
    return text.replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
  };
}

const tags = { en: 'en-GB', de: 'de-DE', nl: 'nl-NL' };

/**
 * What the nth person of a story speaks. The first speaks the language of the run, the others the ones after it: so every
 * run has several, and three runs have every person in each.
 */
export function tongue(nth) {
  const all = Object.keys(tags);
  const first = all.indexOf(process.env.LANGUAGE);
  if (first < 0) throw new Error(`a story in no language: ${process.env.LANGUAGE}`);
  return all[(first + nth) % all.length];
}

const plain = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Somebody with a browser, who speaks a language. */
export async function somebody(folder, language, options = {}) {
  const { context, faults } = await person(folder, { locale: tags[language], ...options });
  return speaking({ context, faults, page: context.pages()[0] ?? (await context.newPage()) }, language);
}

/** The same browser of somebody who speaks a language. */
export function speaking({ context, faults, page }, language) {
  const say = wordsOf(language);
  const origin = process.env.ORIGIN;
  return {
    page,
    context,
    faults,
    language,
    say,
    /** A text of which only some values are known. */
    like: (key, values = {}) => {
      const known = (name) => (name in values ? plain(String(values[name])) : '.*');
      return new RegExp(say(key).split(/\{(\w+)\}/).map((part, n) => (n % 2 ? known(part) : plain(part))).join(''));
    },
    /** A day of the week, 1 is Monday, as this browser shortens it. */
    weekday: (number) =>
      page.evaluate(
        ([tag, at]) => new Intl.DateTimeFormat(tag, { weekday: 'short', timeZone: 'UTC' }).format(at),
        [tags[language], Date.UTC(2024, 0, number)],
      ),
    /** Names as a list, in whatever order. */
    both: (one, other) => {
      const list = new Intl.ListFormat(tags[language]);
      return new RegExp([[one, other], [other, one]].map((names) => plain(list.format(names))).join('|'));
    },
    heading: (key, values) => page.getByRole('heading', { level: 1, name: say(key, values), exact: true }).waitFor(),
    button: (key, values) => page.getByRole('button', { name: say(key, values), exact: true }),
    link: (key, values) => page.getByRole('link', { name: say(key, values), exact: true }),
    field: (key) => page.getByLabel(say(key), { exact: true }),
    text: (key, values) => page.getByText(say(key, values), { exact: true }),
    see: (key, values) => page.getByText(say(key, values)).first().waitFor(),
    go: (place) => page.goto(`${origin}/#/${place}`),
    /** Opens what a camera is set up by, and one of those things. */
    async setUp(key) {
      const all = page.getByRole('button', { name: say('live_setup'), exact: true });
      if ((await all.getAttribute('aria-expanded')) === 'false') await all.click();
      await page.getByRole('button', { name: new RegExp(`^${plain(say(key))}\\b`) }).click();
    },
    /** The place in the bar or the rail. */
    place: (key) => page.getByRole('navigation').getByRole('link', { name: say(key), exact: true }),
    async close() {
      await context.close();
    },
  };
}

/** The six digits that somebody reads off the hub at home. */
export async function digits() {
  const { KEYHOLD, HUB } = process.env;
  for (let tries = 0; ; tries++) {
    try {
      const { stdout } = await run(KEYHOLD, ['hub', 'code', '--dir', HUB]);
      const [code] = /\b\d{6}\b/.exec(stdout) ?? [];
      if (code) return code;
    } catch (error) {
      if (tries > 40) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Types the hub's code where a page asks for it. */
export async function showPresence(who) {
  const field = who.field('digits_label');
  await field.waitFor();
  await field.fill(await digits());
  await who.button('digits_send').click();
}

/** Becomes a device of somebody who is there already. */
export async function joinAsDevice(who, link, name) {
  await who.page.goto(link);
  await who.field('device_name').fill(name);
  await who.button('join_go').click();
  await who.page.locator('nav').first().waitFor();
}

/** The link that stands under the code. */
export async function linkOf(who) {
  const field = who.field('invite_link');
  await field.waitFor();
  return field.inputValue();
}

/** Steps of a story: each needs the one before, and one that fails says what stood on every page. */
export function steps(t, everybody) {
  let failed = false;
  return (name, run) =>
    t.test(name, async () => {
      assert.ok(!failed, 'an earlier step failed');
      try {
        await run();
      } catch (error) {
        failed = true;
        for (const [called, { page, button }] of Object.entries(everybody)) {
          if (await button('alarm_save').count()) {
            const download = page.waitForEvent('download');
            await button('alarm_save').first().click();
            console.log(`${called}: ${readFileSync(await (await download).path(), 'utf8').replaceAll(/\s+/g, ' ')}`);
          }
          const text = await page.locator('body').innerText();
          console.log(`${called}, ${new URL(page.url()).hash}: ${text.replaceAll(/\s+/g, ' ').slice(0, 800)}`);
        }
        throw error;
      }
    });
}
