// SPDX-License-Identifier: Apache-2.0

// The hub is gone, and there are two owners: one puts in another hub, the other sees what for, and agrees.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps } from './people.mjs';
import { accessible, desk, until, within } from './person.mjs';

const { LINK, SECOND, OUT, ANNA, BEN } = process.env;

test('a new hub for two owners', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), 'de', { viewport: desk });
  const ben = await somebody(join(OUT, 'ben'), 'en');
  const step = steps(t, { anna, ben });
  let code;
  const begins = () => code.slice(0, 29).replaceAll('-', ' ');
  const shows = async (who) => {
    const text = (await who.page.locator('main').innerText()).replace(/\s+/g, ' ');
    assert.ok(text.includes(begins()), `${begins()} is not shown: ${text}`);
    assert.ok(!text.includes(code.slice(30)), 'the secret part of the code is shown');
  };
  const puts = async () => {
    await anna.field('newhub_code').fill(code);
    await anna.button('newhub_go').click();
    await anna.see('newhub_second_title', {}, 90_000);
    await shows(anna);
  };
  const looks = async () => {
    await ben.see('hubask_title', { by: ANNA }, 90_000);
    await ben.link('hubask_look').click();
    await ben.heading('agree_title');
    await shows(ben);
  };

  await step('both are in their browsers', async () => {
    await joinAsDevice(anna, LINK, 'Küche');
    await joinAsDevice(ben, SECOND, 'Phone');
    for (const who of [anna, ben]) {
      await until('everything being checked', () => who.page.locator('.line.good').count());
      if (await who.button('news_read').count()) await who.button('news_read').first().click();
    }
  });

  await step('the hub is gone; another shows its code', async () => {
    writeFileSync(join(OUT, 'gone'), '');
    await within(120_000, 'a code', () => existsSync(join(OUT, 'code')));
    code = readFileSync(join(OUT, 'code'), 'utf8').trim();
  });

  await step('one asks the other, who says no', async () => {
    await anna.go('hub');
    await anna.heading('newhub_title');
    await puts();
    await anna.page.getByText(BEN).first().waitFor();
    await accessible(anna.page, 'asking another owner');
    await looks();
    await accessible(ben.page, 'being asked');
    await ben.button('agree_no').click();
    await ben.see('agree_declined');
    await anna.see('error_second_declined', {}, 60_000);
    await accessible(anna.page, 'another owner who says no');
  });

  await step('asked once more, the other agrees', async () => {
    await puts();
    await ben.go('');
    await looks();
    await ben.button('agree_yes').click();
    await ben.see('agree_done', {}, 60_000);
    await accessible(ben.page, 'having agreed');
    await anna.see('newhub_done', {}, 180_000);
  });

  await step('both are named in the trail', async () => {
    await within(120_000, 'news of a new hub', () => ben.page.getByText(ben.say('news_hub')).count());
    await ben.button('news_read').first().click();
    await ben.go('trail');
    await ben.page.getByText(ben.say('trail_hub_two', { by: ANNA, other: BEN })).nth(1).waitFor();
  });

  for (const who of [anna, ben]) await who.close();
  for (const who of [anna, ben]) assert.deepEqual(who.faults, []);
});
