// SPDX-License-Identifier: Apache-2.0

// A phone is lost: it is removed from the computer, and everybody else goes on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, linkOf, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, until } from './person.mjs';

const { LINK, OUT } = process.env;

test('a lost phone', async (t) => {
  const desktop = await somebody(join(OUT, 'computer'), tongue(0), { viewport: desk });
  const phone = await somebody(join(OUT, 'phone'), tongue(1));
  const step = steps(t, { computer: desktop, phone });
  const pictures = (who) => who.page.locator('a.tile canvas').count();

  await step('a second device of hers comes in by a scan', async () => {
    await joinAsDevice(desktop, LINK, 'Rechner');
    await until('tiles', async () => (await pictures(desktop)) === 2);
    await desktop.go('mine');
    await desktop.link('mine_add').click();
    await desktop.heading('mine_add_title');
    const link = await linkOf(desktop);
    await accessible(desktop.page, 'a further device');
    await joinAsDevice(phone, link, 'Telefoon');
    await desktop.heading('mine_done');
    await desktop.link('done').click();
    await desktop.page.getByRole('heading', { level: 3, name: 'Telefoon' }).waitFor();
    await accessible(desktop.page, 'my devices');
    await until('tiles on the phone', async () => (await pictures(phone)) === 2);
  });

  await step('from the computer it is removed; not yet, then in force', async () => {
    await desktop.button('device_remove_named', { device: 'Telefoon' }).click();
    await desktop.page.getByRole('dialog').waitFor();
    await accessible(desktop.page, 'what removing a device does');
    await desktop.button('device_remove_verb').click();
    const { took } = await until('a removal in force', () => desktop.page.getByText(desktop.like('removal_in_force')).count());
    console.log(`figure: removal in force after ${took} ms`);
    assert.equal(await desktop.page.getByRole('heading', { level: 3, name: 'Telefoon' }).count(), 0);
    await accessible(desktop.page, 'a removal in force');
  });

  await step('the phone shows one page and no picture', async () => {
    await phone.heading('gone_title');
    assert.equal(await phone.page.locator('canvas').count(), 0);
    await phone.page.reload();
    await phone.heading('gone_title');
    assert.equal(await phone.page.locator('canvas').count(), 0);
    await accessible(phone.page, 'a phone that was removed');
  });

  await step('the computer goes on', async () => {
    await desktop.go('');
    await desktop.page.locator('.line.good').waitFor();
    await until('tiles', async () => (await pictures(desktop)) === 2);
  });

  for (const who of [desktop, phone]) await who.close();
  assert.deepEqual(desktop.faults, []);
  assert.deepEqual(phone.faults, []);
});
