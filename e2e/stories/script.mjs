// SPDX-License-Identifier: Apache-2.0

// Somebody gets a script into the page, by a fault of ours or by whoever serves it: what it cannot carry away, and, so
// that nobody believes too much, what it can do while the page is open (docs/threat-model.md).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { joinAsDevice, somebody } from './people.mjs';
import { steps } from './person.mjs';

/** What a hostile script does with the device's keys. Runs in the page, with all that the page's own scripts have. */
async function plunder() {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open('keyhold');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const member = await new Promise((resolve, reject) => {
    const request = database.transaction('values').objectStore('values').get('member');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  database.close();
  const tries = async (key) => {
    const got = [];
    for (const format of ['pkcs8', 'jwk', 'raw', 'raw-seed', 'raw-secret', 'raw-private']) {
      try {
        await crypto.subtle.exportKey(format, key);
        got.push(format);
      } catch {
        // What was wanted.
      }
    }
    // Wrapping is exporting by another name.
    const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['wrapKey']);
    for (const format of ['pkcs8', 'jwk', 'raw-seed']) {
      try {
        await crypto.subtle.wrapKey(format, key, wrapping, { name: 'AES-GCM', iv: new Uint8Array(12) });
        got.push(`wrapped ${format}`);
      } catch {
        // What was wanted.
      }
    }
    return got;
  };
  const keys = {};
  for (const [name, value] of Object.entries(member.device)) {
    if (value instanceof CryptoKey) keys[name] = { type: value.type, extractable: value.extractable, got: await tries(value) };
  }
  const open = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  const signature = await crypto.subtle.sign('Ed25519', member.device.signing, new Uint8Array(3)).then((s) => s.byteLength, String);
  return { keys, control: await tries(open.privateKey), signature, bytes: JSON.stringify(member).length };
}

/** What a script tries that has to slip in first, and then to send something away. Runs in the page. */
async function slip({ elsewhere, patience }) {
  const out = {};
  try {
    document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="globalThis.stolen = 1">');
    out.markup = 'taken';
  } catch (error) {
    out.markup = error.name;
  }
  try {
    const script = document.createElement('script');
    script.textContent = 'globalThis.ran = 1';
    document.head.append(script);
    out.script = 'taken';
  } catch (error) {
    out.script = error.name;
  }
  out.away = await fetch(elsewhere).then(
    () => 'sent',
    (error) => error.name,
  );
  for (const end = Date.now() + patience; globalThis.stolen === undefined && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { ...out, stolen: globalThis.stolen ?? 0, ran: globalThis.ran ?? 0 };
}

/** Tells what an attack got, what the same tries got without the check, and whether what is right works. */
const tell = (attack, got, without, works) => console.log(`crime: ${JSON.stringify({ attack, got, without, works })}`);

/** What went through of what a script tried. */
const through = ({ markup, script, away, stolen, ran }) =>
  Object.entries({ markup: markup === 'taken' && stolen === 1, script: script === 'taken' && ran === 1, away: away === 'sent' }).flatMap(([what, done]) => (done ? [what] : []));

test('a hostile script in the page', async (t) => {
  const { LINK, OUT, WEAK, ELSEWHERE } = process.env;
  const step = steps(t);
  const who = await somebody(join(OUT, 'browser'), 'en');
  const { page } = who;
  try {
    await step('a browser becomes a device', () => joinAsDevice(who, LINK, 'Laptop'));

    await step('no key of the device leaves it', async () => {
      const { keys, control, signature } = await page.evaluate(plunder);
      assert.deepEqual(Object.keys(keys).sort(), ['mlkem', 'signing', 'x25519']);
      tell("a script in the page carries the device's keys away", Object.values(keys).flatMap((one) => one.got), control, signature === 64);
      for (const [name, { type, extractable, got }] of Object.entries(keys)) {
        assert.deepEqual({ type, extractable, got }, { type: 'private', extractable: false, got: [] }, name);
      }
      // The same tries work on a key that may be exported, and the device's key works where it is.
      assert.ok(control.includes('pkcs8') && control.includes('jwk') && control.includes('wrapped pkcs8'), control.join());
      assert.equal(signature, 64);
    });

    await step('markup that was slipped in runs nothing, and nothing is sent elsewhere', async () => {
      const done = await page.evaluate(slip, { elsewhere: ELSEWHERE, patience: 500 });
      const stands = (await page.locator('nav').count()) > 0;
      assert.deepEqual(done, { markup: 'TypeError', script: 'TypeError', away: 'TypeError', stolen: 0, ran: 0 });
      // The same page without its policy: all of it works.
      await page.goto(WEAK);
      await page.locator('h1').first().waitFor();
      const weak = await page.evaluate(slip, { elsewhere: ELSEWHERE, patience: 60_000 });
      tell('a script is slipped into the page and sends something away', through(done), through(weak), stands);
      assert.deepEqual(weak, { markup: 'taken', script: 'taken', away: 'sent', stolen: 1, ran: 1 });
    });
  } finally {
    await who.close();
  }
});
