// SPDX-License-Identifier: Apache-2.0

// Everything is saved into a folder; everything is deleted, taken back, and deleted again. With AFTER=1, seven days later.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { joinAsDevice, linkOf, showPresence, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, until } from './person.mjs';

const run = promisify(execFile);
const { AFTER, LINK, OUT } = process.env;
const browsers = [
  ['anna', tongue(0), { viewport: desk }],
  ['phone', tongue(2), {}],
  ['jan', tongue(1), {}],
];
const open = async () => Object.fromEntries(await Promise.all(browsers.map(async ([name, language, options]) => [name, await somebody(join(OUT, name), language, options)])));

/** A folder of this browser's own in place of one that a person picks: what is written there is written for good. */
const pickOwnFolder = (who) =>
  who.context.addInitScript(() => {
    globalThis.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('saved', { create: true });
  });

/** Every file of that folder with its bytes in base64. */
const saved = (who) =>
  who.page.evaluate(async () => {
    const files = {};
    const walk = async (folder, path) => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === 'directory') await walk(handle, `${path}${name}/`);
        else {
          const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
          let text = '';
          for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
          files[path + name] = btoa(text);
        }
      }
    };
    await walk(await globalThis.showDirectoryPicker(), '');
    return files;
  });

test('leaving', { skip: AFTER === '1' }, async (t) => {
  const everybody = await open();
  const { anna, phone, jan } = everybody;
  const step = steps(t, everybody);
  const hour = 3_600_000;
  let savedAt = 0;
  const pictures = (who) => who.page.locator('a.tile canvas').count();
  const banner = (who) => who.page.getByRole('region', { name: who.say('erasing_label') });

  await step('Anna, her phone, and Jan', async () => {
    await pickOwnFolder(anna);
    await joinAsDevice(anna, LINK, 'Computer');
    await until('pictures', async () => (await pictures(anna)) === 2);
    await anna.go('add');
    await joinAsDevice(phone, await linkOf(anna), 'Telefoon');
    await anna.heading('mine_done');
    await anna.go('people');
    await anna.link('invite').click();
    await anna.field('invite_name').fill('Jan');
    await anna.page.locator('input[value=guardian]').check();
    await anna.button('next').click();
    await anna.page.locator('input[value=all]').check();
    await anna.button('invite_make').click();
    await jan.page.goto(await linkOf(anna));
    await jan.field('device_name').fill('Handy');
    await jan.button('join_go').click();
    await anna.button('invite_yes').click();
    await showPresence(anna);
    await jan.see('join_done');
    await jan.button('join_done_go').click();
    await until('pictures for Jan', async () => (await pictures(jan)) === 2);
  });

  await step('she saves everything into a folder, read back and checked', async () => {
    await anna.place('nav_settings').click();
    await anna.heading('nav_settings');
    await accessible(anna.page, 'settings');
    await anna.page.getByRole('link', { name: anna.say('all_title') }).click();
    await anna.heading('all_title');
    await accessible(anna.page, 'saving everything');
    await anna.button('all_choose').click();
    await anna.text('all_done').waitFor({ timeout: 120_000 });
    await accessible(anna.page, 'everything is saved');
  });

  await step('what is damaged or gone is written again, what is whole is left alone', async () => {
    const before = await saved(anna);
    const films = Object.keys(before).filter((one) => one.endsWith('.mp4'));
    assert.ok(films.length >= 2, `films of two cameras: ${films}`);
    assert.ok(before['index.json'], 'the index is there');
    await anna.page.evaluate(
      async ([spoil, lose]) => {
        const at = async (path) => {
          const parts = path.split('/');
          let folder = await globalThis.showDirectoryPicker();
          for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part);
          return [folder, parts.at(-1)];
        };
        const [folder, name] = await at(spoil);
        const handle = await folder.getFileHandle(name);
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
        bytes[5000] ^= 1;
        const stream = await handle.createWritable();
        await stream.write(bytes);
        await stream.close();
        const [other, gone] = await at(lose);
        await other.removeEntry(gone);
      },
      [films[0], `${films[1]}.proof`],
    );
    savedAt = Date.now();
    await anna.button('all_once_more').click();
    await anna.button('all_once_more').waitFor({ state: 'detached' });
    await anna.text('all_done').waitFor({ timeout: 120_000 });
    const after = await saved(anna);
    assert.ok(after[`${films[1]}.proof`], 'the proof is back');
    for (const [path, text] of Object.entries(after)) {
      const file = join(OUT, 'saved', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(text, 'base64'));
    }
  });

  await step('the program goes on where the browser was', async () => {
    const { DEVICE, KEYHOLD } = process.env;
    const { stdout } = await run(KEYHOLD, ['export', '--all', '--out', join(OUT, 'saved'), '--json', '--device', DEVICE]);
    const { files, written } = JSON.parse(stdout);
    // The hour that was under way has grown; its films alone are written again, and with them those of an hour that began since.
    const hours = Math.floor(Date.now() / hour) - Math.floor(savedAt / hour) + 1;
    assert.ok(files >= 2 && written <= 2 * hours, `${written} of ${files} films were written again`);
  });

  await step('a browser that writes into no folder says what does', async () => {
    await phone.page.addInitScript(() => delete globalThis.showDirectoryPicker);
    await phone.page.reload();
    await phone.go('everything');
    await phone.see('all_unable');
    await accessible(phone.page, 'a browser without folders');
    await jan.go('erase');
    await jan.see('erase_owners');
    await accessible(jan.page, 'deleting is for owners');
    await phone.go('erase');
    await phone.heading('erase_title');
    await accessible(phone.page, 'deleting everything, on the phone');
  });

  const erase = async () => {
    await anna.go('settings');
    await anna.page.getByRole('link', { name: anna.say('erase_title') }).click();
    await anna.heading('erase_title');
    await anna.button('erase_verb').click();
    await anna.see('erase_not_sure');
    await anna.page.locator('input[type=checkbox]').check();
    await accessible(anna.page, 'deleting everything');
    await anna.button('erase_verb').click();
    await showPresence(anna);
    await anna.see('erase_done');
    await banner(anna).waitFor();
  };

  await step('she has everything deleted, and everybody reads it on every page', async () => {
    await erase();
    await accessible(anna.page, 'it is ordered');
    await anna.link('done').click();
    await anna.see('erasing_nothing');
    assert.equal(await pictures(anna), 0);
    await banner(jan).waitFor();
    await jan.see('erasing_ask');
    assert.equal(await jan.button('erasing_keep').count(), 0, 'Jan keeps nothing');
    for (const page of ['', 'settings', 'people']) {
      await jan.go(page);
      await banner(jan).waitFor();
      await accessible(jan.page, `everything will be deleted, ${page}`);
    }
  });

  await step('on her phone she keeps it after all', async () => {
    await phone.go('');
    await banner(phone).waitFor();
    await accessible(phone.page, 'everything will be deleted, on the phone');
    await phone.button('erasing_keep').click();
    for (const who of [phone, jan, anna]) {
      await banner(who).waitFor({ state: 'detached' });
      await who.go('');
      await until('pictures again', async () => (await pictures(who)) === 2);
    }
    await anna.page.locator('.line.good').waitFor();
  });

  await step('and has it deleted once more', async () => {
    await erase();
    await banner(jan).waitFor();
    await banner(phone).waitFor();
  });

  for (const who of Object.values(everybody)) await who.close();
  for (const who of Object.values(everybody)) assert.deepEqual(who.faults, []);
});

test('seven days later', { skip: AFTER !== '1' }, async (t) => {
  const everybody = await open();
  const { anna, phone, jan } = everybody;
  const step = steps(t, everybody);

  await step('everybody reads what the cloud has signed', async () => {
    for (const who of [anna, phone, jan]) {
      await who.go('');
      await who.heading('erased_title');
      await who.see('erased_checked');
      await accessible(who.page, 'everything is deleted');
    }
  });

  await step('the last that is left goes as well', async () => {
    await anna.button('erased_forget').click();
    await anna.page.getByRole('dialog').waitFor();
    await accessible(anna.page, 'the last keys');
    await anna.button('erased_forget_now').click();
    const empty = () =>
      anna.page.evaluate(async () => {
        const open = indexedDB.open('keyhold');
        await new Promise((resolve) => (open.onsuccess = resolve));
        const all = open.result.transaction('values').objectStore('values').getAllKeys();
        await new Promise((resolve) => (all.onsuccess = resolve));
        open.result.close();
        return all.result.length === 0;
      });
    // The page begins anew when it has forgotten: what was asked of the old one gets no answer.
    const begun = (error) => {
      if (!/context was destroyed/.test(error.message)) throw error;
      return false;
    };
    await until('a browser without a household', () => empty().catch(begun));
  });

  for (const who of Object.values(everybody)) await who.close();
});
