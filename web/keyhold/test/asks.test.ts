// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';
import { Sheet } from '../src/crypto/sheet.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { anotherOwner, House, until, type App } from './house.ts';

const week = 7 * 24 * 3_600_000;

let house: House;
let anna: App;
let ben: App;
let jan: App;

const everybody = (): Promise<unknown> =>
  Promise.all([anna, ben, jan].map((one) => one.engine.syncAfresh()));

const mayAsk = (app: App, about: App): boolean | undefined =>
  app.state.people.find((one) => one.id === about.member.person)?.may.ask;

beforeEach(async () => {
  house = await House.make();
  anna = await house.owner();
  ben = await anotherOwner(house, anna, 'Ben');
  jan = await anotherOwner(house, anna, 'Jan');
  await everybody();
});

async function aWeekLater(): Promise<void> {
  house.world.now += week + 60_000;
  await house.world.pass(5);
  await everybody();
}

test('two owners who have been that for a week remove a third', async () => {
  expect(mayAsk(anna, jan)).toBe(false);
  await expect(anna.members.askRemoval(jan.member.person)).rejects.toThrow();
  await aWeekLater();
  expect(mayAsk(anna, jan)).toBe(true);
  expect(mayAsk(anna, anna)).toBe(false);
  await anna.members.askRemoval(jan.member.person);
  expect(anna.state.asks.map((one) => one.mine)).toEqual([true]);

  house.world.now += 61_000;
  await everybody();
  const [ask] = await until(() => ben.state.asks.length > 0 && ben.state.asks);
  expect([ask!.person.id, ask!.by.id, ask!.mine]).toEqual([
    jan.member.person,
    anna.member.person,
    false,
  ]);
  expect(jan.state.asks).toEqual([]);
  await ben.members.second(ask!.id);
  await until(() => ben.state.removals[0]?.state === 'in-force');
  expect(house.world.roster.person(jan.member.person)).toBeNull();
  await anna.engine.syncAfresh();
  const [last] = anna.members.trail().slice(-1);
  expect([last!.kind, last!.by.person?.id, last!.with?.id]).toEqual([
    'remove-person',
    anna.member.person,
    ben.member.person,
  ]);
  expect(anna.state.asks).toEqual([]);
});

test('a word that nobody seconds is over after a week', async () => {
  await aWeekLater();
  await anna.members.askRemoval(jan.member.person);
  house.world.now += 61_000;
  await everybody();
  const [ask] = await until(() => ben.state.asks.length > 0 && ben.state.asks);
  await aWeekLater();
  expect(ben.state.asks).toEqual([]);
  await expect(ben.members.second(ask!.id)).rejects.toThrow();
});

test('what the hub makes up is shown to nobody', async () => {
  await aWeekLater();
  const { roster, now } = house.world;
  const made = { at: now, device: '', head: { ...roster.head }, household: roster.household };
  const person = jan.member.person;
  const forged = await Envelope.signed('removal', { ...made, person }, house.world.hub);
  house.asks.push(forged.encode());
  house.world.now += 61_000;
  await everybody();
  expect(ben.state.asks).toEqual([]);
});

test('an owner objects to an announced removal', async () => {
  const { world } = house;
  await expect(ben.members.object(jan.member.person)).rejects.toThrow();
  const op = { kind: 'announce-removal', person: jan.member.person } as const;
  await house.order(await world.roster.newLink(world.now, op).sign(world.sheet));
  await everybody();
  const shown = ben.state.people.find((one) => one.id === jan.member.person);
  expect(shown?.announced).toBe(world.now);
  expect(ben.state.news.at(-1)?.kind).toBe('announce-removal');
  await jan.members.object(jan.member.person);
  await everybody();
  expect(ben.state.people.find((one) => one.id === jan.member.person)?.announced).toBeNull();
});

test('the recovery sheet announces that an owner is to go, and after three days removes them', async () => {
  const { sheetWords } = anna.members.newSheet();
  const words = sheetWords.join(' ');
  const change = anna.members.useSheet(false);
  await until(() => anna.changes.get(change)?.some((one) => one.step === 'code'));
  anna.members.code(change, house.code);
  await until(() => anna.changes.get(change)?.some((one) => one.step === 'done'));
  await everybody();
  const about = jan.member.person;
  const announced = (app: App): number | null | undefined =>
    app.state.people.find((one) => one.id === about)?.announced;
  const step = async (who: string): Promise<string> => {
    const answer = await ben.members.outBySheet(who, words);
    await everybody();
    return answer;
  };

  // Words of another sheet, or none, change nothing; nor does the sheet go for its own person.
  const other = Sheet.make();
  expect(await ben.members.outBySheet(about, other.words().join(' '))).toBe('another');
  await expect(ben.members.outBySheet(about, 'amber')).rejects.toMatchObject({
    kind: 'sheet-wrong',
  });
  await expect(step(anna.member.person)).rejects.toMatchObject({ kind: 'not-allowed' });
  expect(announced(ben)).toBeNull();

  expect(await step(about)).toBe('done');
  expect(announced(jan)).toBe(house.world.now);
  await expect(step(about)).rejects.toMatchObject({ kind: 'not-allowed' });
  // Who is to go objects, and it begins anew.
  await jan.members.object(about);
  await everybody();
  expect(announced(ben)).toBeNull();
  expect(await step(about)).toBe('done');
  house.world.now += 72 * 3_600_000 + 60_000;
  await house.world.pass(5);
  await Promise.all([anna, ben].map((one) => one.engine.syncAfresh()));
  expect(await ben.members.outBySheet(about, words)).toBe('done');
  await until(() => ben.state.removals[0]?.state === 'in-force');
  expect(house.world.roster.person(about)).toBeNull();
  expect(ben.members.trail().at(-1)).toMatchObject({
    kind: 'remove-person',
    by: { kind: 'sheet' },
  });
});
