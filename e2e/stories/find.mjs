// SPDX-License-Identifier: Apache-2.0

// Three cameras are found and added on a phone, without an address being typed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, until } from './person.mjs';

const { LINK, OUT, PASSWORD, USER_NAME } = process.env;

test('cameras that are found', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0));
  const step = steps(t, { anna });
  const { page } = anna;
  const found = (state) => page.locator(`.one[data-state=${state}]`);
  const count = (list, n) => until(`${n} cameras`, async () => (await list.count()) === n);

  await step('where there is no camera, the hub looks for some', async () => {
    await joinAsDevice(anna, LINK, 'Telephone');
    await anna.text('home_empty_title').waitFor();
    const { took } = await count(found('locked'), 3);
    console.log(`figure: three cameras found after ${took} ms`);
    await accessible(page, 'cameras that ask for a password');
    assert.equal(await page.getByText('Keyhold Simulated camera', { exact: true }).count(), 3);
  });

  await step('a wrong password is said of each', async () => {
    await anna.field('find_user').fill(USER_NAME);
    await anna.field('find_password').fill('another');
    await anna.button('find_open').click();
    await count(page.locator('.one .error'), 3);
    await anna.text('error_camera_password').first().waitFor();
    await accessible(page, 'a wrong password');
  });

  await step('one password shows what all three see', async () => {
    await anna.field('find_password').fill(PASSWORD);
    await anna.button('find_open').click();
    await count(found('shown'), 3);
    await count(page.locator('.one canvas'), 3);
    assert.equal(await anna.field('find_password').count(), 0);
    await accessible(page, 'cameras that show their pictures');
  });

  const garden = anna.say('find_room_garden');
  const hall = anna.say('find_room_hall');
  const inside = (room) => page.locator(`section[aria-label="${room}"] a.tile`);

  await step('named and placed, they are added, and their pictures come', async () => {
    const names = ['camera_name_example', 'find_room_garden', 'find_room_drive'];
    const fields = anna.field('camera_name');
    for (const [n, name] of names.entries()) await fields.nth(n).fill(anna.say(name));
    const rooms = anna.field('room');
    for (const [n, room] of [hall, garden, garden].entries()) await rooms.nth(n).fill(room);
    // What is typed for one camera can be chosen for the next, beside the usual.
    assert.ok((await page.locator('datalist[id$=rooms] option').count()) > 8);
    await accessible(page, 'cameras with names and rooms');
    await anna.button('find_add', { count: 3 }).click();
    await count(page.locator('a.tile'), 3);
    const { took } = await until('three pictures', async () => (await page.locator('a.tile canvas').count()) === 3);
    console.log(`figure: three first pictures ${took} ms after the cameras were there`);
    for (const name of names) await page.locator('a.tile', { hasText: anna.say(name) }).waitFor();
    await accessible(page, 'home with three cameras');
  });

  await step('they stand together by room', async () => {
    await count(inside(garden), 2);
    await count(inside(hall), 1);
    // Which of them comes first depends on which camera was added first.
    assert.deepEqual((await page.locator('section.room h2').allTextContents()).sort(), [hall, garden].sort());
  });

  await step('a room is turned off with one press, and on again', async () => {
    const said = page.locator('[data-room] .soft');
    const closed = inside(garden).filter({ has: page.locator('.lucide-eye-off') });
    await page.getByRole('button', { name: anna.say('private_all'), exact: true }).click();
    await page.locator('[data-room]').first().waitFor();
    assert.equal(await page.locator('[data-room]').count(), 1); // the hall has one camera, which has a button of its own
    await anna.button('private_room_turn_off', { room: garden }).click();
    await until('the garden off', async () => (await said.textContent()) === anna.say('private_room_off', { n: 2 }));
    await count(closed, 2);
    await accessible(page, 'a room that is off');
    await anna.button('private_room_turn_on', { room: garden }).click();
    await until('the garden on', async () => (await said.textContent()) === anna.say('private_room_on', { n: 2 }));
    await anna.button('close').click();
    await count(closed, 0);
  });

  await step('in the settings one is said to be elsewhere', async () => {
    await anna.go('settings');
    await anna.button('camera_change_named', { camera: anna.say('find_room_drive') }).click();
    await anna.field('room').fill(hall);
    await anna.button('camera_change_save').click();
    await page.locator('section[aria-labelledby=camera-names] li', { hasText: anna.say('find_room_drive') }).getByText(hall, { exact: true }).waitFor();
    await accessible(page, 'cameras by name and room');
    await anna.go('');
    await count(inside(hall), 2);
    await count(inside(garden), 1);
  });

  await step('looking again, all are known', async () => {
    await anna.button('camera_add').click();
    await count(found('known'), 3);
    await accessible(page, 'cameras that are here already');
  });

  await anna.close();
  assert.deepEqual(anna.faults, []);
});
