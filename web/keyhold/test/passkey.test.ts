// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { readAuthenticator } from '../src/browser/passkey.ts';
import { base32, concat, fromBase32, random } from '../src/bytes.ts';
import { PasskeySecret } from '../src/crypto/passkey.ts';
import { hourOf } from '../src/manifest/page.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Leaving } from '../src/sync/leaving.ts';
import type { ChangePhase } from '../src/sync/members.ts';
import type { MadePasskey } from '../src/sync/passkey.ts';
import { App, House, until } from './house.ts';
import { MemoryStore } from '../src/sync/store.ts';

/** A passkey as a browser would have made it for this household. */
function made(owner: App): MadePasskey {
  const { id, user } = owner.members.wishPasskey();
  const household = fromBase32(owner.member.household)!;
  expect(user).toEqual(concat(household, fromBase32(id.slice(4))!));
  return {
    answer: random(32),
    credential: random(16),
    id,
    name: "Anna's lock",
    origin: owner.house.cloud.origin,
    public: random(77),
    synced: true,
  };
}

async function bringIn(owner: App, passkey: MadePasskey): Promise<void> {
  const id = owner.members.usePasskey(passkey);
  await until(() => owner.changes.get(id)?.some((one) => one.step === 'code'));
  owner.members.code(id, owner.house.code);
  await until(() => owner.changes.get(id)?.at(-1)?.step === 'done');
}

test('a passkey reads what was recorded before it came and afterwards', async () => {
  const house = await House.make();
  await house.world.pass(3);
  const owner = await house.owner();
  const passkey = made(owner);
  const secret = PasskeySecret.of(passkey.answer.slice());
  const [signer, reader] = await Promise.all([secret.signer(passkey.id), secret.reader()]);
  await bringIn(owner, passkey);
  expect(passkey.answer).toEqual(new Uint8Array(32));
  await house.world.pass(2);

  const { roster } = owner.engine.known;
  const member = { ...owner.member, device: passkey.id, signer, reader };
  const back = await App.open(house, member, roster, new MemoryStore(), 'Anna');
  const { camera, now } = house.world;
  const { logs } = await back.engine.records.reading(camera, hourOf(now) - 30, hourOf(now));
  expect(logs.filter(({ leaf }) => leaf.kind === 'pack')).toHaveLength(5);
  expect([...back.alarms(), ...owner.alarms()]).toEqual([]);
});

test('a passkey stands apart from the devices, and in the trail', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const passkey = made(owner);
  await bringIn(owner, passkey);
  const [anna] = owner.state.people;
  expect(anna?.devices).toHaveLength(1);
  expect(anna?.passkeys).toMatchObject([
    { id: passkey.id, origin: passkey.origin, synced: true, may: { remove: true } },
  ]);
  expect(owner.members.trail().at(-1)).toMatchObject({
    kind: 'add-passkey',
    by: { kind: 'device' },
    mine: true,
  });
  expect(owner.members.wishPasskey().exclude).toEqual([passkey.credential]);
  await owner.members.removeDevice(passkey.id);
  await until(() => owner.state.people[0]?.passkeys.length === 0);
  expect(owner.alarms()).toEqual([]);
});

test('a passkey is asked for its word on the hash of the very link', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const passkey = made(owner);
  await bringIn(owner, passkey);
  const second = made(owner);
  const id = owner.members.usePasskey(second);
  const phase = await until(() => owner.changes.get(id)?.find((one) => one.step === 'code'));
  expect(phase.passkey?.passkeys).toEqual([{ id: passkey.id, credential: passkey.credential }]);
  const part = random(37);
  owner.members.code(id, { authenticator: part, client: part, id: passkey.id, signature: part });
  await until(() => owner.changes.get(id)?.at(-1)?.step === 'done');
  const { known } = owner.engine;
  expect(base32(phase.passkey!.challenge)).toBe(known.roster.hashAt(known.roster.head.seq));
});

test('deleting everything takes its word on the hash of that statement', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const passkey = made(owner);
  await bringIn(owner, passkey);
  const { device, person } = owner.member;
  const self = { device, person, deviceName: 'p', personName: 'Anna' };
  const phases: ChangePhase[] = [];
  const leaving = new Leaving(
    owner.engine,
    house,
    owner.store,
    () => self,
    (_, phase) => phases.push(phase),
  );
  leaving.eraseAll('all');
  const phase = await until(() => phases.find((one) => one.step === 'code'));
  expect(phase.passkey?.passkeys).toEqual([{ id: passkey.id, credential: passkey.credential }]);
  const part = random(37);
  leaving.code('all', { authenticator: part, client: part, id: passkey.id, signature: part });
  await until(() => phases.at(-1)?.step === 'done');
  const hash = Envelope.parse(house.cloud.erase).hash();
  expect(base32(phase.passkey!.challenge)).toBe(base32(hash));
  expect(leaving.state()?.mine).toBe(true);
});

test('one made at another address is not offered', async () => {
  const house = await House.make();
  const owner = await house.owner();
  await bringIn(owner, { ...made(owner), origin: 'http://localhost:7442' });
  const id = owner.members.usePasskey(made(owner));
  const phase = await until(() => owner.changes.get(id)?.find((one) => one.step === 'code'));
  expect(phase.passkey).toBeNull();
  owner.members.close();
});

test('the public key ends where it ends, whatever comes after it', () => {
  const key = concat(
    Uint8Array.of(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32),
    random(32),
    Uint8Array.of(0x22, 0x58, 32),
    random(32),
  );
  const head = concat(random(32), Uint8Array.of(0xcd), random(4), random(16));
  const data = concat(head, Uint8Array.of(0, 16), random(16), key);
  expect(readAuthenticator(data)).toEqual({ flags: 0xcd, publicKey: key });
  const more = concat(data, Uint8Array.of(0xa1, 0x6b), random(11), Uint8Array.of(0xf5));
  expect(readAuthenticator(more).publicKey).toEqual(key);
  for (const cut of [data.slice(0, -1), data.slice(0, 60), data.slice(0, 40), random(0)]) {
    expect(() => readAuthenticator(cut)).toThrow();
  }
});
