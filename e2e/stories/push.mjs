// SPDX-License-Identifier: Apache-2.0

// Alerts on a phone. The browser's push service is played by this script (push_test.go says why): it gives the page a
// subscription, decrypts what is brought to it, and hands that to the worker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createDecipheriv, createECDH, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, until } from './person.mjs';

const { LINK, OUT, ORIGIN, DESK, KEYHOLD, DOORBELL } = process.env;
const run = promisify(execFile);

const ask = async (what) => (await fetch(DESK, { method: 'POST', body: JSON.stringify(what) })).json();
const hmac = (key, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest();
const derive = (secret, salt, info, size) => hmac(hmac(salt, secret), info, Buffer.of(1)).subarray(0, size);

/** What a browser does with a message (RFC 8291). */
function decrypt(body, own, auth) {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body[20]);
  const input = derive(own.computeSecret(sender), auth, Buffer.concat([Buffer.from('WebPush: info\0'), own.getPublicKey(), sender]), 32);
  const key = derive(input, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(input, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const text = body.subarray(21 + body[20]);
  const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(text.subarray(-16));
  const plain = Buffer.concat([cipher.update(text.subarray(0, -16)), cipher.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

/** Runs in the page: a push service in the place of the one that this browser lacks. */
function pretend({ p256dh, auth }) {
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16)).buffer;
  // A browser knows it on every page.
  const place = 'the test’s push service';
  const held = () => {
    const kept = localStorage.getItem(place);
    if (kept === null) return null;
    const { endpoint, key } = JSON.parse(kept);
    return {
      endpoint,
      options: { applicationServerKey: Uint8Array.from(atob(key), (one) => one.charCodeAt(0)).buffer },
      getKey: (name) => bytes(name === 'auth' ? auth : p256dh),
      unsubscribe: async () => {
        localStorage.removeItem(place);
        return true;
      },
    };
  };
  PushManager.prototype.getSubscription = async () => held();
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new Error('a browser would refuse that');
    const key = btoa(String.fromCharCode(...new Uint8Array(applicationServerKey)));
    localStorage.setItem(place, JSON.stringify({ endpoint: await globalThis.registerEndpoint(key), key }));
    return held();
  };
}

const shown = ({ page }) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration('/push/');
    const all = (await registration?.getNotifications()) ?? [];
    return all.map(({ title, body, tag, silent, image }) => ({ title, body, tag, silent, image }));
  });

/** The colour of the bar at the top of a picture, red, green and blue. */
const colourOf = ({ page }, image) =>
  page.evaluate(async (image) => {
    const bytes = Uint8Array.from(atob(image.replace(/^.*,/, '')), (one) => one.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    const pen = new OffscreenCanvas(1, 1).getContext('2d');
    pen.drawImage(picture, picture.width / 2, picture.height / 10, 1, 1, 0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, image);

test('alerts on a phone', async (t) => {
  // The small browser of the other stories shows no messages.
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { executablePath: process.env.KEYHOLD_CHROMIUM_WHOLE ?? '/usr/bin/chromium' });
  const step = steps(t, { anna });
  const own = createECDH('prime256v1');
  const p256dh = own.generateKeys();
  const auth = randomBytes(16);
  let have = 0;
  await anna.context.grantPermissions(['notifications'], { origin: ORIGIN });
  await anna.context.exposeFunction('registerEndpoint', async (key) => (await ask({ key })).endpoint);
  await anna.context.addInitScript(pretend, { p256dh: p256dh.toString('hex'), auth: auth.toString('hex') });
  const devtools = await anna.context.newCDPSession(anna.page);
  const registrations = [];
  devtools.on('ServiceWorker.workerRegistrationUpdated', (event) => registrations.push(...event.registrations));
  await devtools.send('ServiceWorker.enable');

  /** Waits for the next message, and hands it to the worker as a browser would. */
  const bring = async () => {
    const all = await ask({ have });
    const message = all[have++];
    const data = decrypt(Buffer.from(message.Body, 'base64'), own, auth);
    await hand(data);
    return data;
  };
  const hand = (data) => {
    const { registrationId } = registrations.findLast(({ scopeURL }) => scopeURL.endsWith('/push/'));
    return devtools.send('ServiceWorker.deliverPushMessage', { origin: ORIGIN, registrationId, data });
  };
  const reads = (body) => until(body, async () => (await shown(anna)).some((one) => one.body === body));

  await step('Anna has a phone', async () => {
    await joinAsDevice(anna, LINK, 'Phone');
    await anna.go('settings');
  });

  await step('she wants alerts there', async () => {
    await anna.button('alerts_turn_on').click();
    await anna.text('alerts_on').waitFor();
    await anna.text('alerts_never').waitFor();
    await accessible(anna.page, 'alerts');
  });

  let message = '';
  await step('a test alert comes, and how long it took is said', async () => {
    await anna.button('alerts_test').click();
    await anna.text('alerts_test_sent').waitFor();
    message = await bring();
    await reads(anna.say('push_test'));
    await anna.page.getByText(anna.like('alerts_took')).waitFor();
    await anna.text('alerts_way_home').waitFor();
    await accessible(anna.page, 'the way of an alert');
  });

  await step('the same message again is shown as late, and without a sound', async () => {
    await hand(message);
    await until('a word that it is late', async () => {
      const all = await shown(anna);
      return all.length === 1 && anna.like('push_test_late').test(all[0].body) && all[0].silent;
    });
  });

  await step('what anybody else sends is shown as what it is', async () => {
    await hand(`${message.slice(0, -4)}AAAA`);
    await reads(anna.say('push_unreadable'));
  });

  await step('who rings is seen in the message, a moment after the words', async () => {
    await anna.page.goto('about:blank'); // no page is open
    // The worker of the one that was may outlive it for a moment, and would be told in place of the next.
    await until('its worker gone', () => anna.page.workers().length === 0);
    const began = Date.now();
    await run(KEYHOLD, ['camera', 'press', '--at', DOORBELL]);
    await bring();
    console.log(`figure: from a press to the worker's hands ${Date.now() - began} ms`);
    await anna.page.goto(ORIGIN); // what a browser shows is told to pages of its origin
    await anna.go('settings');
    const { value } = await until('a picture in the message', async () => (await shown(anna)).find(({ image }) => image));
    console.log(`figure: from a press to the picture in the message ${Date.now() - began} ms`);
    assert.equal(value.title, 'Porch');
    assert.match(value.body, anna.like('push_pressed'));
    assert.ok(value.silent, 'it makes itself heard twice');
    const [red, green, blue] = await colourOf(anna, value.image);
    // Sea green is 46, 139, 87.
    assert.ok(Math.abs(red - 46) < 40 && Math.abs(green - 139) < 40 && Math.abs(blue - 87) < 40, `${red} ${green} ${blue}`);
    await anna.button('call_not_now').click(); // it rings still
  });

  await step('no more', async () => {
    await anna.button('alerts_turn_off').click();
    await anna.button('alerts_turn_on').waitFor();
  });

  await anna.close();
  assert.deepEqual(anna.faults, []);
});
