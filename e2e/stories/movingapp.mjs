// SPDX-License-Identifier: Apache-2.0

// A browser in `keyhold app`, and a household that goes to another cloud: from this browser, or from somebody else's
// device. PHASE says which part: the programs around it come and go between them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, showPresence, somebody, steps } from './people.mjs';
import { accessible, desk, phone, playing, until } from './person.mjs';

const { AT, CAMERA, LINK, NOCLOUD, OUT, PHASE, TO, WHO = 'anna' } = process.env;
const languages = { anna: 'nl', jan: 'de' };
const open = () => somebody(join(OUT, WHO), languages[WHO], { viewport: WHO === 'anna' ? desk : phone });

const pictures = (who) => until('pictures', async () => (await who.page.locator('a.tile canvas').count()) === 2);

/** The move page, by the way that a person takes. */
async function toMove(who) {
  await who.place('nav_settings').click();
  await who.heading('nav_settings');
  await who.page.getByRole('link', { name: who.say('move_title') }).click();
  await who.heading('move_title');
}

/** Film of a time at which only the first cloud had it once the hub had forgotten it. */
async function watchOld(who) {
  await who.go(`history?camera=${CAMERA}&at=${AT}`);
  const { value } = await until('a picture of that time', () => playing(who.page));
  await until('another second of film', async () => ((await playing(who.page)) ?? 0) > value + 1);
}

const parts = {
  async join(who, step) {
    await step('a browser of the household, in keyhold app', async () => {
      await joinAsDevice(who, LINK, 'Computer');
      await pictures(who);
      await who.page.locator('.line.good').waitFor();
    });
  },

  async move(who, step) {
    await step('a page says what moving is, and refuses what is no cloud', async () => {
      await who.go('');
      await pictures(who);
      await toMove(who);
      await accessible(who.page, 'moving');
      const go = who.button('move_go');
      const field = who.field('move_address');
      for (const [typed, words] of [
        ['ftp://cloud.example', 'error_address'],
        [NOCLOUD, 'error_other_cloud'],
        ['http://192.168.0.1', 'error_address'],
      ]) {
        await field.fill(typed);
        await go.click();
        await who.see(words);
      }
      await accessible(who.page, 'an address that is none');
    });
    const second = await who.context.newPage();
    await second.goto(process.env.ORIGIN);
    await second.locator('a.tile canvas').first().waitFor();
    await step('the hub wants to see somebody, and the page can be closed meanwhile', async () => {
      await who.field('move_address').fill(TO);
      await who.button('move_go').click();
      await who.field('digits_label').waitFor();
      await accessible(who.page, 'the digits for moving');
      await showPresence(who);
      // Digits that are still on their way are lost with the page, and the hub would ask anew.
      const now = who.page.locator('li.now');
      await until('the hub having agreed', async () => {
        const moved = await who.page.getByRole('heading', { level: 1, name: who.say('moved_title'), exact: true }).count();
        return moved > 0 || ((await now.count()) > 0 && !(await now.innerText()).includes(who.say('move_step_asking')));
      });
      await who.page.reload();
    });
    await step('everything is copied, the hub goes over, and this browser follows', async () => {
      await who.see('moved_text', { to: TO }, 180_000);
      await accessible(who.page, 'moved');
    });
    await step('a second window of this browser has come along', async () => {
      await second.getByText(who.say('moving_done', { to: TO })).waitFor();
      await second.locator('.line.good').waitFor();
      await second.close();
    });
    await step('the old cloud is to delete everything', async () => {
      await who.button('moved_erase').click();
      await showPresence(who);
      await who.see('moved_erased');
      await who.button('done').click();
      await who.see('moved_left_title');
      await who.see('moved_erased');
      await who.button('done').click();
      await who.heading('nav_home');
      await pictures(who);
      await who.page.locator('.line.good').waitFor();
    });
    await step('and what was recorded before plays', () => watchOld(who));
  },

  async after(who, step) {
    await step('the household is there, whatever keyhold app was started with', async () => {
      await who.go('');
      await pictures(who);
      await who.page.locator('.line.good').waitFor();
      await watchOld(who);
      await who.go('people');
      await who.heading('nav_people');
      await accessible(who.page, 'people, at the other cloud');
    });
  },

  async follow(who, step) {
    await step('somebody else has moved the household; the address is typed here', async () => {
      await who.go('settings');
      await who.page.getByRole('link', { name: who.say('move_title') }).click();
      await who.field('follow_address').fill(TO);
      await who.button('follow_go').click();
      await who.see('followed_text', { to: TO }, 60_000);
      await accessible(who.page, 'followed');
      await who.button('done').click();
      await pictures(who);
      await who.page.locator('.line.good').waitFor();
      await watchOld(who);
    });
  },

  async given(who, step) {
    await step('keyhold app was started with the new address, and this browser follows by itself', async () => {
      await who.go('');
      await who.see('moving_done', { to: TO }, 60_000);
      await pictures(who);
      await who.page.locator('.line.good').waitFor();
      await watchOld(who);
    });
  },
};

test(`${WHO}: ${PHASE}`, async (t) => {
  const who = await open();
  await parts[PHASE](who, steps(t, { [WHO]: who }));
  await who.close();
  // What is refused here is said on the page; the browser writes the answer's number down as well.
  const faults = who.faults.filter((fault) => !/Failed to load resource|WebSocket/.test(fault));
  assert.deepEqual(faults, []);
});
