// SPDX-License-Identifier: Apache-2.0

// A family of three and a sitter: invited in person and from afar, used, changed, ended. Not all speak one language.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { digits, joinAsDevice, linkOf, showPresence, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, playing, toRecordings, until } from './person.mjs';

const { LINK, OUT } = process.env;

test('a family and a sitter', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: desk });
  const jan = await somebody(join(OUT, 'jan'), tongue(1));
  const oma = await somebody(join(OUT, 'oma'), tongue(2));
  const eva = await somebody(join(OUT, 'eva'), tongue(1));
  const everybody = [anna, jan, oma, eva];
  const step = steps(t, { anna, jan, oma, eva });
  const tiles = (who) => who.page.locator('a.tile').count();
  const pictures = (who) => who.page.locator('a.tile canvas').count();
  /** So many cameras, and a picture of one of them at least: the rest is a matter of time. */
  const sees = (who, cameras) =>
    until(`${cameras} cameras and a picture`, async () => (await tiles(who)) === cameras && (await pictures(who)) > 0);

  const invite = async (name, role) => {
    await anna.go('people');
    await anna.link('invite').click();
    await anna.heading('invite_who_title');
    await anna.field('invite_name').fill(name);
    await anna.page.locator(`input[value=${role}]`).check();
    await anna.button('next').click();
  };
  const camera = (name) => anna.page.locator('fieldset label', { hasText: name }).click();

  await step('Anna has a browser', async () => {
    await joinAsDevice(anna, LINK, 'Kitchen');
    await sees(anna, 3);
    await anna.place('nav_people').click();
    await anna.heading('nav_people');
    await anna.see('people_alone');
    await accessible(anna.page, 'people, alone');
  });

  await step('Jan comes in beside her, with a code from the hub', async () => {
    await invite('Jan', 'guardian');
    await anna.heading('invite_where_title', { person: 'Jan' });
    await anna.page.locator('input[value=all]').check();
    await accessible(anna.page, 'how Jan comes in');
    await anna.button('invite_make').click();
    const link = await linkOf(anna);
    await accessible(anna.page, 'an invitation');

    await jan.page.goto(link);
    await jan.see('role_guardian_hint');
    assert.equal(await jan.field('names_person').inputValue(), 'Jan');
    await accessible(jan.page, 'what Jan is given');
    await jan.field('device_name').fill('Handy');
    await jan.button('join_go').click();

    await anna.heading('invite_arrived', { person: 'Jan' });
    await accessible(anna.page, 'Jan is there');
    await anna.button('invite_yes').click();
    const field = anna.field('digits_label');
    await field.waitFor();
    const code = await digits();
    await field.fill(code === '000000' ? '000001' : '000000');
    await anna.button('digits_send').click();
    await anna.see('digits_wrong');
    await accessible(anna.page, 'a wrong code');
    await showPresence(anna);
    await anna.heading('invite_done', { person: 'Jan' });
    await jan.see('join_done');
    await accessible(jan.page, 'Jan is in');
    await jan.button('join_done_go').click();
    await sees(jan, 3);
  });

  await step('the grandmother comes in from afar, with six words', async () => {
    await invite('Oma', 'viewer');
    await anna.text('wish_every_camera').click();
    await anna.button('next').click();
    await anna.page.locator('input[value=afar]').check();
    await anna.button('invite_make').click();
    const link = await linkOf(anna);
    await oma.page.goto(link);
    await oma.see('given_slow');
    await oma.field('names_person').fill('Oma Trudi');
    await oma.field('device_name').fill('Tablet');
    await oma.button('join_go').click();
    await anna.heading('invite_arrived', { person: 'Oma Trudi' });
    await oma.see('words_joiner');
    const spoken = async (who) => (await who.page.locator('ol[lang=en] li').allTextContents()).map((one) => one.replace(/^\d/, ''));
    const heard = await spoken(anna);
    assert.equal(heard.length, 6);
    assert.deepEqual(await spoken(oma), heard, 'both read the same six words');
    await accessible(anna.page, 'six words, asked');
    await accessible(oma.page, 'six words, read');
    await anna.button('words_same').click();
    await showPresence(anna);
    await anna.heading('invite_done', { person: 'Oma' });
    await oma.see('join_done');
    await oma.button('join_done_go').click();
    await oma.heading('nav_home');
    // Pictures open a day later.
    assert.equal(await pictures(oma), 0);
    assert.equal(await oma.place('nav_people').count(), 0, 'a viewer has no page of the others');
    await oma.go('people');
    await oma.heading('nav_mine');
    await accessible(oma.page, 'what a viewer has');
  });

  const day = (ahead) => {
    const at = new Date(Date.now() + ahead * 86_400_000);
    return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' }).format(at);
  };
  /** The next Friday that is at least a day away. */
  const friday = Array.from({ length: 7 }, (_, index) => day(index + 1)).find((one) => new Date(`${one}T12:00:00Z`).getUTCDay() === 5);

  await step('the sitter gets porch and yard, on weekdays, until Friday, from now on', async () => {
    await invite('Eva', 'guest');
    await anna.heading('invite_what_title', { person: 'Eva' });
    await accessible(anna.page, 'what Eva may see');
    await camera('Porch');
    await camera('Back yard');
    await anna.text('wish_some_hours').click();
    await anna.page.getByLabel(anna.say('wish_from'), { exact: true }).fill('14:00');
    await anna.page.locator('.hours input[type=time]').last().fill('18:00');
    await anna.field('wish_day').fill(friday);
    await accessible(anna.page, 'what Eva may see, chosen');
    await anna.button('next').click();
    await anna.button('invite_make').click();
    const link = await linkOf(anna);
    await eva.page.goto(link);
    await eva.see('given_seen');
    await eva.page.getByText('Porch').waitFor();
    await accessible(eva.page, 'what Eva is given');
    await eva.button('join_go').click();
    await anna.button('invite_yes').click();
    await showPresence(anna);
    await anna.heading('invite_done', { person: 'Eva' });
    await eva.see('join_done');
    await eva.button('join_done_go').click();
    await anna.go('people');
    await anna.page.getByText(anna.both('Back yard', 'Porch')).first().waitFor();
    const row = await anna.page.getByRole('link', { name: /Eva/ }).textContent();
    const days = `${await anna.weekday(1)}–${await anna.weekday(5)} 14:00–18:00, `;
    assert.match(row.replaceAll(/[\u2060]/g, '').replaceAll('\u00a0', ' '), new RegExp(`${days}${anna.like('right_until').source}18:00`));
    await accessible(anna.page, 'people, with a guest');
  });

  await step('everybody is told, on every page, until they say that they know', async () => {
    const news = jan.page.getByRole('alert').filter({ hasText: jan.say('news_ask') });
    await news.waitFor();
    await news.getByText(jan.say('news_person', { person: 'Eva', role: jan.say('role_guest') })).waitFor();
    await jan.place('nav_settings').click();
    await jan.heading('nav_settings');
    await news.waitFor();
    await accessible(jan.page, 'news over the settings');
    await jan.button('news_read').click();
    await news.waitFor({ state: 'detached' });
    await jan.page.reload();
    await jan.heading('nav_settings');
    assert.equal(await news.count(), 0, 'what was read stays read');
  });

  await step('at any hour: Anna changes it, and Eva sees two cameras and plays one', async () => {
    await anna.page.getByRole('link', { name: /Eva/ }).click();
    await anna.link('rights_change').click();
    await anna.text('wish_always').click();
    await anna.button('rights_send').click();
    await showPresence(anna);
    await anna.see('rights_done', { person: 'Eva' });
    await eva.go('');
    await sees(eva, 2);
    assert.equal(await eva.page.getByText('Attic').count(), 0, 'of the third she has no name');
    await accessible(eva.page, "a guest's home");
    await toRecordings(eva.page);
    await until('a film', () => playing(eva.page));
    assert.equal(await eva.place('nav_people').count(), 0);
    await eva.place('nav_mine').click();
    await eva.heading('nav_mine');
    await accessible(eva.page, "a guest's own page");
  });

  await step('Anna names an earlier end, and at that minute one kind page is left', async () => {
    const end = new Date(Math.ceil((Date.now() + 20_000) / 60_000) * 60_000);
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' }).format(end);
    const date = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' }).format(end);
    await anna.link('done').click();
    await anna.link('rights_change').click();
    await anna.field('wish_day').fill(date);
    await anna.page.locator('.end input[type=time]').fill(clock);
    await anna.button('rights_send').click();
    await showPresence(anna);
    await anna.see('rights_done', { person: 'Eva' });
    await eva.page.getByRole('heading', { level: 1, name: eva.say('ended_title') }).waitFor({ timeout: 120_000 });
    assert.ok(Date.now() >= end.getTime() - 2000, 'not before its minute');
    await accessible(eva.page, "a guest's end");
    await eva.page.reload();
    await eva.heading('ended_title');
  });

  await step('the trail says it all in plain sentences', async () => {
    await anna.go('trail');
    await anna.heading('trail_title');
    await anna.see('trail_took_in', { by: 'Thessaly Quillfeather', person: 'Jan', what: anna.say('role_guardian') });
    const sentences = await anna.page.locator('li p').allTextContents();
    assert.ok(sentences.length >= 7, `${sentences.length} sentences`);
    assert.ok(sentences.some((one) => anna.like('trail_gave', { person: 'Eva' }).test(one) && one.includes('Porch')));
    await accessible(anna.page, 'the trail');
  });

  await step('Eva is removed, and it is in force within a minute', async () => {
    await anna.go('people');
    await anna.page.getByRole('link', { name: /Eva/ }).click();
    await anna.button('person_remove', { person: 'Eva' }).click();
    await anna.page.getByRole('dialog').waitFor();
    await accessible(anna.page, 'what removing does');
    await anna.button('person_remove_verb').click();
    await anna.go('people');
    await anna.page.getByText(anna.like('removal_in_force')).waitFor();
    await eva.heading('gone_title');
    await accessible(eva.page, 'a device that is gone');
  });

  await step('the others notice nothing', async () => {
    for (const who of [anna, jan]) {
      await who.go('');
      await who.page.locator('.line.good').waitFor();
      await sees(who, 3);
    }
  });

  for (const who of everybody) await who.close();
  for (const who of everybody) assert.deepEqual(who.faults, []);
});
