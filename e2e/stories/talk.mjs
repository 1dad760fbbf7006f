// SPDX-License-Identifier: Apache-2.0

// Somebody talks by a camera's speaker, held by a finger and by a key, and by that of a camera that is not ours; a second
// page is told who talks; who has looked tells of it. What the speakers heard is measured by whoever plays this story,
// against the times that it prints.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, byNow, until, within } from './person.mjs';

/** SPEAKER is where the camera takes sound, if somebody has to say so. */
const { LINK, LINK2, OUT, VOICE, CAMERA, OTHER, SPEAKER } = process.env;
const owner = 'Thessaly Quillfeather';

const devices = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

/** Remembers when the microphone first gave the tone, when a finger was lifted, and when nothing was taken from it any more. */
function overhear() {
  globalThis.voice = { began: 0, open: 0, lifted: 0, closed: 0 };
  addEventListener('pointerup', ({ timeStamp }) => (globalThis.voice.lifted = timeStamp), true);
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wish) => {
    const stream = await ask(wish);
    globalThis.voice.open += 1;
    globalThis.wish = wish;
    const ears = new AudioContext();
    const meter = ears.createAnalyser();
    meter.fftSize = 256;
    ears.createMediaStreamSource(stream).connect(meter);
    const wave = new Float32Array(meter.fftSize);
    const timer = setInterval(() => {
      meter.getFloatTimeDomainData(wave);
      const loud = wave.some((one) => Math.abs(one) > 0.05);
      if (loud && !globalThis.voice.began) globalThis.voice.began = Date.now();
    }, 2);
    const [track] = stream.getTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      void ears.close();
      globalThis.voice.open -= 1;
      globalThis.voice.closed = performance.now();
      stop();
    };
    return stream;
  };
}

test('talking by a camera', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), {
    permissions: ['microphone'],
    args: [...devices, `--use-file-for-fake-audio-capture=${VOICE}%noloop`],
  });
  const { page } = anna;
  const tablet = await somebody(join(OUT, 'tablet'), tongue(1), { permissions: ['microphone'], args: devices });
  const step = steps(t, { anna, tablet });
  await page.addInitScript(overhear);
  const talk = page.locator('.talk').getByRole('button');
  const pressed = () => talk.getAttribute('aria-pressed');

  /** Holds the button with a finger until one may talk. */
  async function hold() {
    await talk.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await talk.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    const began = Date.now();
    await page.mouse.down();
    await anna.text('talk_on').waitFor();
    return Date.now() - began;
  }
  /** Says where the camera takes sound, at first with another password, and that the two notes were heard there. */
  async function say() {
    await anna.setUp('speaker_button');
    const dialog = page.getByRole('dialog');
    const address = dialog.getByLabel(anna.say('speaker_address'));
    await address.fill(SPEAKER.replace(/:[^:@/]+@/, ':another@'));
    await anna.button('speaker_set').click();
    await anna.text('error_camera_password').waitFor();
    await accessible(page, "a speaker's address that the camera refused");
    await address.fill(SPEAKER);
    await anna.button('speaker_set').click();
    await anna.text('speaker_ask', { camera: CAMERA }).waitFor();
    await accessible(page, 'two notes were played');
    await anna.button('speaker_yes').click();
    await anna.text('speaker_good').waitFor();
    assert.equal(await anna.field('speaker_other').inputValue(), '', 'the address is shown again');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
  const said = () => until('all of the tone', async () => Date.now() - ((await page.evaluate(() => globalThis.voice.began)) || Infinity) > 5_600);

  await step('there are two browsers', async () => {
    await joinAsDevice(anna, LINK, 'Handy');
    await joinAsDevice(tablet, LINK2, 'Tablet');
  });

  await step('where the camera has a speaker there is a button', async () => {
    await until('a camera', async () => (await page.locator('a.tile').count()) > 0);
    await page.locator('a.tile', { hasText: CAMERA }).click();
    await anna.text('live_now').waitFor();
    if (SPEAKER) await say();
    await talk.waitFor();
    await anna.text('talk_off_said').waitFor();
    assert.equal(await page.evaluate(() => globalThis.voice?.open ?? 0), 0, 'the microphone is open before anybody talks');
    await accessible(page, 'live, with a button to talk');
  });

  const { page: other } = tablet;
  const second = other.locator('.talk').getByRole('button');
  await step('the second looks on', async () => {
    await other.goto(page.url());
    await second.waitFor();
    await anna.button('news_read').click(); // that there is another device stands over the page until it is read
  });

  await step('held, it chimes, and then she is heard', async () => {
    console.log(`figure: one may talk ${await hold()} ms after the press`);
    assert.equal(await pressed(), 'true');
    await accessible(page, 'talking');
  });

  await step('the second is told who talks, and may not', async () => {
    await tablet.text('talk_busy', { person: owner }).waitFor();
    await tablet.see('talking_you', { cameras: CAMERA });
    await second.focus();
    await other.keyboard.down('Space');
    await until('a refusal', async () => (await second.getAttribute('aria-pressed')) === 'false');
    await tablet.text('talk_busy', { person: owner }).waitFor();
    await other.keyboard.up('Space');
    assert.equal(await second.getAttribute('aria-pressed'), 'false');
  });

  await step('let go, she is not heard any more', async () => {
    await said();
    await page.mouse.up();
    const let_go = Date.now();
    await within(5_000, 'the microphone to be closed', async () => (await page.evaluate(() => globalThis.voice.open)) === 0);
    // By the page's own clock, which does not wait for whoever asks.
    const { lifted, closed } = await page.evaluate(() => globalThis.voice);
    console.log(`figure: the microphone is closed ${Math.round(closed - lifted)} ms after the finger was lifted`);
    assert.ok(lifted > 0 && closed - lifted >= 0 && closed - lifted <= byNow(200), `closed at ${closed}, lifted at ${lifted}`);
    assert.equal(await pressed(), 'false');
    const { echoCancellation } = await page.evaluate(() => globalThis.wish.audio);
    assert.equal(echoCancellation, true);
    console.log(`voice: ${JSON.stringify({ began: await page.evaluate(() => globalThis.voice.began), let_go })}`);
  });

  await step('by the key T, and by a press of a screen reader', async () => {
    await talk.evaluate((button) => button.blur());
    await page.keyboard.down('t');
    await anna.text('talk_on').waitFor();
    await page.keyboard.up('t');
    await until('silence', async () => (await pressed()) === 'false');
    await talk.evaluate((button) => button.click());
    await anna.text('talk_on').waitFor();
    await talk.evaluate((button) => button.click());
    await until('silence', async () => (await pressed()) === 'false');
    assert.equal(await page.evaluate(() => globalThis.voice.open), 0);
  });

  await step('by a camera that is not ours she is heard as well', async () => {
    await anna.go('home');
    await page.locator('a.tile', { hasText: OTHER }).click();
    await page.reload(); // its microphone begins anew
    await talk.waitFor();
    await hold();
    await said();
    await page.mouse.up();
    await until('silence', async () => (await page.evaluate(() => globalThis.voice.open)) === 0);
  });

  await step('who has looked tells of it', async () => {
    await anna.go('looks');
    await anna.heading('looks_title');
    const row = page.locator('.row', { hasText: anna.say('looks_what', { kind: anna.say('looks_talk'), cameras: CAMERA }) });
    await until('talk on the record', async () => (await row.count()) === 3);
    await accessible(page, 'who has looked, with talk');
  });

  await tablet.close();
  await anna.close();
  assert.deepEqual(anna.faults ?? [], []);
});
