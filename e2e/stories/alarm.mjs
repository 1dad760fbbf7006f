// SPDX-License-Identifier: Apache-2.0

// The day after somebody at the operator has changed every recording: the alarm takes the place of the page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessible, desk, person } from './person.mjs';

const { ORIGIN, OUT } = process.env;

test('an alarm', async () => {
  const { context, faults } = await person(join(OUT, 'browser'), {
    viewport: desk,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const heading = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

  await page.goto(ORIGIN);
  await heading('Eine Aufnahme ist nicht die, die dein Hub gemacht hat');
  await page.getByText('Die Cloud hat eine Aufnahme geschickt, die dein Hub nie gemacht hat').waitFor();
  assert.equal(await page.locator('canvas').count(), 0, 'what did not pass is not shown');
  await accessible(page, 'the alarm');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Beweis speichern' }).click();
  await (await download).saveAs(join(OUT, 'proof.json'));

  await page.getByRole('button', { name: 'Ich habe das gelesen' }).click();
  await heading('Zuhause');
  await page.getByText('Etwas hat die Prüfung nicht bestanden').click();
  await heading('Eine Aufnahme ist nicht die, die dein Hub gemacht hat');
  await accessible(page, 'an alarm that was read');

  await context.close();
  assert.deepEqual(faults, []);
});
