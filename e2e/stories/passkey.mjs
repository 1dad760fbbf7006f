// SPDX-License-Identifier: Apache-2.0

// A passkey: made on a phone, confirming with it, back with it on a phone that knows nothing, and its end.
//
// The authenticator is Chromium's own virtual one. It lives in one tab and gives its PRF secret to nobody, not even to
// another authenticator that is given its credential; so the new phone is the same tab with everything erased that the
// site had kept, which to the page is a browser that never was here.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, linkOf, showPresence, somebody, steps, tongue } from './people.mjs';
import { accessible, playing, toRecordings, until } from './person.mjs';

const { LINK, ORIGIN, OUT } = process.env;

/** The lock of a phone: it verifies its owner, and its maker copies what it holds. */
async function lock(who, options = {}) {
  const cdp = await who.context.newCDPSession(who.page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      hasPrf: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: true,
      defaultBackupState: true,
      ...options,
    },
  });
  return {
    held: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    /** Everything that the site has kept in this browser is gone. */
    async erase() {
      await cdp.send('Storage.clearDataForOrigin', { origin: ORIGIN, storageTypes: 'all' });
      await who.page.goto(ORIGIN);
      await who.page.reload();
    },
  };
}

test('a passkey on a new phone', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0));
  const jan = await somebody(join(OUT, 'jan'), tongue(1));
  const oma = await somebody(join(OUT, 'oma'), tongue(2));
  const everybody = { anna, jan, oma };
  const step = steps(t, everybody);
  const pictures = (who) => who.page.locator('a.tile canvas').count();
  const row = (who, name) => who.page.getByRole('heading', { level: 3, name, exact: true });
  const own = anna.say('passkey_name_first', { person: 'Thessaly Quillfeather' });
  let phone;

  await step('Anna makes one on her phone, with the code of the hub', async () => {
    await anna.page.goto(ORIGIN);
    phone = await lock(anna);
    await joinAsDevice(anna, LINK, 'Old phone');
    await until('tiles', async () => (await pictures(anna)) === 2);
    await anna.go('mine');
    await anna.see('passkey_title');
    await accessible(anna.page, 'my devices, without a passkey');
    await anna.link('passkey_add').click();
    await anna.heading('passkey_make_title');
    assert.equal(await anna.field('passkey_name').inputValue(), own);
    await accessible(anna.page, 'making a passkey');
    await anna.button('next').click();
    await anna.see('digits_title');
    assert.equal(await anna.button('digits_passkey').count(), 0, 'it cannot vouch for itself');
    await showPresence(anna);
    await anna.see('passkey_done', {}, 60_000);
    await accessible(anna.page, 'a passkey is in');
    await anna.link('done').click();
    await row(anna, own).waitFor();
    await anna.see('passkey_synced');
    await accessible(anna.page, 'my devices, with a passkey');
    const [credential, ...more] = await phone.held();
    assert.equal(more.length, 0);
    assert.equal(Buffer.from(credential.userHandle, 'base64').length, 48);
    assert.equal(credential.userName, own);
  });

  await step('a second one in the same place is refused in plain words', async () => {
    await anna.link('passkey_add').click();
    await anna.button('next').click();
    await anna.see('error_passkey_exists');
    await accessible(anna.page, 'a second passkey');
  });

  await step('Jan comes in, and her passkey stands in for the code', async () => {
    await anna.go('people');
    await anna.link('invite').click();
    await anna.field('invite_name').fill('Jan');
    await anna.page.locator('input[value=guardian]').check();
    await anna.button('next').click();
    await anna.button('invite_make').click();
    await jan.page.goto(await linkOf(anna));
    await jan.field('device_name').fill('Handy');
    await jan.button('join_go').click();
    await anna.heading('invite_arrived', { person: 'Jan' });
    await anna.button('invite_yes').click();
    await anna.see('digits_passkey_title');
    await accessible(anna.page, 'confirming with a passkey');
    await anna.button('digits_passkey').click();
    await anna.heading('invite_done', { person: 'Jan' });
    await jan.see('join_done');
    await jan.button('join_done_go').click();
    await until('tiles', async () => (await pictures(jan)) === 2);
  });

  await step('where an authenticator lacks what it takes, the page says so', async () => {
    await lock(jan, { hasPrf: false });
    await jan.go('mine');
    await jan.see('passkey_text');
    await accessible(jan.page, 'my devices');
    await jan.link('passkey_add').click();
    await jan.heading('passkey_make_title');
    await accessible(jan.page, 'making a passkey');
    await jan.button('next').click();
    await jan.see('error_passkey_unable');
    await jan.see('error_passkey_unable_next');
    await accessible(jan.page, 'a passkey that cannot be');
  });

  await step('the phone is lost; a new one knows nothing, and she comes back with the passkey', async () => {
    await phone.erase();
    await anna.heading('join_title_paste');
    await anna.see('way_passkey');
    await accessible(anna.page, 'the start, for somebody without keys');
    await anna.button('passkey_return_go').click();
    await anna.heading('passkey_return_title');
    await accessible(anna.page, 'back with a passkey');
    await anna.field('device_name').fill('New phone');
    const began = Date.now();
    await anna.button('passkey_return_go').click();
    await anna.page.locator('nav').first().waitFor();
    console.log(`figure: back with a passkey after ${Date.now() - began} ms`);
    await until('tiles', async () => (await pictures(anna)) === 2);
    await anna.page.locator('.line.good').waitFor();
  });

  await step('she sees what was recorded before', async () => {
    await toRecordings(anna.page);
    await until('a film', () => playing(anna.page));
    assert.equal(await anna.page.getByText(anna.say('gap_unreadable')).count(), 0, 'nothing without a key');
  });

  await step('everybody is told by what she came back', async () => {
    await jan.go('');
    const news = jan.page.getByRole('alert').filter({ hasText: jan.say('news_ask') });
    await news.getByText(jan.say('news_device', { device: 'New phone', person: 'Thessaly Quillfeather' })).waitFor();
    await news.getByText(jan.say('news_by_passkey', { passkey: own })).waitFor();
    await accessible(jan.page, 'news of a return');
    await anna.go('trail');
    await anna.see('trail_device_passkey', { passkey: own, person: 'Thessaly Quillfeather', device: 'New phone' });
    await anna.see('trail_passkey', { person: 'Thessaly Quillfeather', device: own });
    await accessible(anna.page, 'the trail of a return');
  });

  await step('the lost phone is removed, and then the passkey', async () => {
    await anna.go('mine');
    for (const name of ['Old phone', own]) {
      await anna.button('device_remove_named', { device: name }).click();
      await anna.page.getByRole('dialog').waitFor();
      await accessible(anna.page, `what removing ${name} does`);
      await anna.button('device_remove_verb').click();
      await until(`${name} gone`, async () => (await row(anna, name).count()) === 0);
    }
  });

  await step('a passkey that was removed brings nobody back, and the page says what does', async () => {
    await phone.erase();
    await anna.button('passkey_return_go').click();
    await anna.heading('passkey_return_title');
    await anna.button('passkey_return_go').click();
    await anna.see('error_passkey_gone');
    await anna.see('passkey_return_lost');
    await accessible(anna.page, 'a passkey that was removed');
  });

  await step('somebody has none', async () => {
    await oma.page.goto(ORIGIN);
    await lock(oma);
    await oma.heading('join_title_paste');
    await oma.see('way_passkey_text');
    await accessible(oma.page, 'the start');
    await oma.button('passkey_return_go').click();
    await oma.heading('passkey_return_title');
    await accessible(oma.page, 'back with a passkey');
    await oma.button('passkey_return_go').click();
    await oma.see('error_passkey_cancelled', {}, 150_000);
    await accessible(oma.page, 'no passkey');
  });

  for (const who of [anna, jan, oma]) await who.close();
  // A browser logs every answer that is a refusal; the last return is one.
  const refusals = (fault) => /status of 401/.test(fault);
  assert.deepEqual(anna.faults.filter((fault) => !refusals(fault)), []);
  assert.deepEqual(jan.faults, []);
  assert.deepEqual(oma.faults, []);
});
