// SPDX-License-Identifier: Apache-2.0

// The first run, in German, in the app on one's own computer: from the language to a film with its proof.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessible, desk, person, playing, steps, toRecordings, until } from './person.mjs';

const { CAMERA, CODE, ORIGIN, OUT } = process.env;

test('the first run', async (t) => {
  const step = steps(t);
  const { context, faults } = await person(join(OUT, 'browser'), {
    viewport: desk,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const heading = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const button = (name) => page.getByRole('button', { name, exact: true });
  const field = (name) => page.getByLabel(name, { exact: true });
  const words = [];

  await step('the first screen speaks three languages', async () => {
    await page.goto(ORIGIN);
    for (const [language, lang, hello] of [
      ['English', 'en', 'Welcome'],
      ['Nederlands', 'nl', 'Welkom'],
      ['Deutsch', 'de', 'Willkommen'],
    ]) {
      await page.getByText(language, { exact: true }).click();
      await heading(hello);
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      await accessible(page, `the first screen in ${language}`);
    }
    await button('Weiter').click();
  });

  await step('names are asked for', async () => {
    await heading('Wie möchtest du anfangen?');
    await accessible(page, 'the way in');
    await page.getByText('Einen neuen Haushalt anfangen').click();
    await heading('Wer bist du?');
    await button('Weiter').click();
    await page.getByText('Schreib, wie deine Familie dich nennt.').waitFor();
    await accessible(page, 'names, one of them missing');
    await field('Dein Name').fill('Erika');
    await field('Name dieses Geräts').fill('Küchenrechner');
    await button('Weiter').click();
  });

  await step('a code with a wrong letter is found out, the right one finds the hub', async () => {
    await heading('Deinen Hub finden');
    await accessible(page, 'the code of the hub');
    const wrong = CODE.replace(/^./, (letter) => (letter.toLowerCase() === 'a' ? 'b' : 'a'));
    await field('Code des Hubs').fill(wrong);
    await button('Weiter').click();
    await page.getByRole('alert').getByText('Dieser Code passt nicht zu deinem Hub.').waitFor();
    await accessible(page, 'a wrong code');
    await field('Code des Hubs').fill(CODE.toUpperCase().replaceAll('-', ' '));
    await button('Noch einmal versuchen').click();
  });

  await step('the sheet is saved, and three words are typed back', async () => {
    await heading('Dein Wiederherstellungsblatt');
    await accessible(page, 'the sheet');
    for (const line of await page.locator('.paper li').allTextContents()) {
      words.push(line.replace(/[\d\s]+/, ''));
    }
    assert.equal(words.length, 24);
    const download = page.waitForEvent('download');
    await button('Speichern').click();
    await (await download).saveAs(join(OUT, 'sheet.txt'));
    await button('Weiter').click();
    await heading('Drei Wörter, zur Sicherheit');
    await field('Wort 3').fill(words[3]);
    await field('Wort 9').fill(` ${words[8].toUpperCase()} `);
    await field('Wort 17').fill(words[16]);
    await button('Haushalt beginnen').click();
    await page.getByText('Das ist nicht Wort 3. Sieh noch einmal nach.').waitFor();
    await accessible(page, 'a wrong word');
    await field('Wort 3').fill(words[2]);
    await button('Haushalt beginnen').click();
    await heading('Die erste Kamera');
  });

  await step('a camera is added, and its first picture comes', async () => {
    await accessible(page, 'the first camera');
    await button('Stattdessen die Adresse eingeben').click();
    await field('Adresse der Kamera').fill(CAMERA.replace(/:[^:@]+@/, ':falsch@'));
    await field('Ihr Name').fill('Haustür');
    await button('Kamera hinzufügen').click();
    await page.getByRole('alert').getByText('Die Kamera hat Name oder Passwort abgelehnt.').waitFor();
    await accessible(page, 'a camera that refuses');
    await field('Adresse der Kamera').fill(CAMERA);
    await button('Kamera hinzufügen').click();
    await heading('Deine Kameras');
    await accessible(page, 'a camera added');
    await button('Das ist vorerst alles').click();
    const { took } = await until('a first picture', () =>
      page.evaluate(() => document.querySelector('.frame canvas') !== null),
    );
    console.log(`figure: first picture ${took} ms after the last screen came`);
    await heading('Da ist es');
    await accessible(page, 'the first picture');
    await button('Zu deinem Zuhause').click();
  });

  await step('the tile shows the picture, and leads to what is now and what was', async () => {
    await heading('Zuhause');
    await page.getByText('Alles geprüft').waitFor();
    assert.equal(await page.locator('a.tile canvas').count(), 1);
    await accessible(page, 'home');
    await toRecordings(page);
    const { value } = await until('a film', () => playing(page));
    // A household that is minutes old plays at its newest end: the next piece is waited for.
    await until('another second of film', async () => ((await playing(page)) ?? 0) > value + 1);
    await accessible(page, 'history');
  });

  await step('an export is two files, the film and its proof', async () => {
    await page.keyboard.press('e');
    await accessible(page, 'export');
    const files = [];
    page.on('download', (file) => files.push(file));
    await button('Film speichern').click();
    await page.getByRole('heading', { name: 'Gespeichert' }).waitFor();
    await until('a second file', async () => files.length === 2);
    const names = files.map((file) => file.suggestedFilename()).sort();
    assert.deepEqual(names, [names[0], `${names[0]}.proof`]);
    for (const file of files) await file.saveAs(join(OUT, file.suggestedFilename()));
    await accessible(page, 'an export that is done');
    const first = readFileSync(join(OUT, names[1]), 'utf8').split('\n')[0];
    assert.equal(JSON.parse(first).kind, 'export');
  });

  await step('the settings know this device', async () => {
    await page.getByRole('link', { name: 'Einstellungen' }).click();
    await page.getByText('Küchenrechner').waitFor();
    await page.getByText('Erika').waitFor();
    await accessible(page, 'settings');
  });

  await context.close();
  assert.deepEqual(faults, []);
});
