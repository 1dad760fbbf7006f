// SPDX-License-Identifier: Apache-2.0

// A program of the home may read a camera: the app allows it, shows once where, and ends it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { showPresence } from './people.mjs';
import { accessible, until } from './person.mjs';

const run = promisify(execFile);
const name = 'Recorder';

/** What a program that is not ours finds at an address. */
async function probe(address) {
  const show = ['-show_entries', 'stream=codec_type', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', ...show, address]);
  return stdout.trim();
}

/** The steps of it, on an owner's page. */
export async function reads(anna, step) {
  let address;

  await step('she lets a program see the camera', async () => {
    await anna.go('outside');
    await anna.button('told_systems_add').click();
    await anna.field('told_name').fill(name);
    await anna.page.getByLabel(anna.say('reads_told'), { exact: true }).uncheck();
    await anna.page.getByLabel(anna.say('reads_sees'), { exact: true }).check();
    await anna.text('reads_unsealed').waitFor();
    await anna.page.getByRole('dialog').locator('label:has-text("Porch")').click();
    await accessible(anna.page, 'a program that sees');
    await anna.button('told_add').click();
    await showPresence(anna);
    await anna.text('reads_once').waitFor();
    await accessible(anna.page, 'where it reads');
    address = await anna.page.getByLabel(anna.say('reads_address', { camera: 'Porch' }), { exact: true }).inputValue();
    const { host, username, password } = new URL(address.replace('rtsp:', 'http:'));
    assert.equal(host, process.env.READS);
    assert.equal(await anna.field('reads_user').inputValue(), username);
    assert.equal(await anna.field('reads_password').inputValue(), password);
    await anna.button('reads_done').click();
    await anna.text('told_reads').waitFor();
    assert.equal(await anna.page.locator('#main').getByText(password).count(), 0);
  });

  await step('it reads by what the page has shown, until she ends it', async () => {
    assert.equal(await probe(address), 'video');
    const copy = ['-c', 'copy', '-f', 'framecrc', '-flush_packets', '1', 'pipe:1'];
    const reader = spawn('ffmpeg', ['-v', 'error', '-rtsp_transport', 'tcp', '-i', address, ...copy]);
    const over = once(reader, 'exit');
    try {
      let frames = 0;
      reader.stderr.resume();
      reader.stdout.on('data', (text) => (frames += String(text).split('\n').length - 1));
      await until('pictures for a program', async () => frames > 30);
      await anna.button('device_remove_named', { device: name }).click();
      await anna.text('reads_remove_does').waitFor();
      await anna.button('device_remove_verb').click();
      await anna.text('told_systems_none').waitFor();
      await Promise.race([over, new Promise((_, no) => setTimeout(no, 30_000, new Error('it still reads')).unref())]);
    } finally {
      reader.kill('SIGKILL');
    }
    await assert.rejects(probe(address));
  });

  await step('that it looked stands on the record, under its name', async () => {
    await anna.go('looks');
    await anna.see('looks_from', { device: name });
  });
}
