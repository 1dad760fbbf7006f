// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { random } from '../src/bytes.ts';
import { Envelope } from '../src/statement/dsse.ts';
import type { Reply } from '../src/statement/request.ts';
import type { Rule } from '../src/rule.ts';
import { Way } from '../src/sync/way.ts';
import { AtHome, quickly } from './athome.ts';
import { freshDevice } from './device.ts';
import { newSigner } from './signer.ts';
import { tell } from './tell.ts';

afterEach(() => {
  globalThis.__keyholdMutant = undefined;
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

test('with the cloud away the hub is asked, and what it recorded since is there', async () => {
  const home = await AtHome.make();
  const before = (await home.segments()).length;
  home.cloud.away = true;
  await home.world.pass(10, 5);
  await home.sync();
  expect(home.engine.atHome).toBe(true);
  expect(home.engine.reachable).toBe(false);
  expect(home.engine.known.names?.cameras[0]?.name).toBe('Front door');
  const segments = await home.segments();
  expect(segments.length).toBe(before + 4);
  expect(await home.film(segments.at(-1)!)).toMatch(/^segment 1 of obj_/);
  expect(home.alarms()).toEqual([]);
});

test('a cloud that says nothing is away, too', async () => {
  const home = await AtHome.make();
  home.cloud.hangs = true;
  await home.sync();
  expect(home.engine.atHome).toBe(true);
  expect(home.engine.reachable).toBe(false);
});

test('a cloud that is back and behind is let catch up, and nobody is alarmed', async () => {
  const home = await AtHome.make();
  await home.cloud.stop();
  home.cloud.away = true;
  await home.world.pass(40, 5);
  await home.sync();
  const seen = (await home.segments()).length;
  home.cloud.away = false;
  await home.sync();
  expect(home.engine.reachable).toBe(true);
  expect(home.engine.atHome).toBe(true);
  expect(await home.segments()).toHaveLength(seen);
  await home.cloud.catchUp();
  const asked = home.hub.synced;
  await home.sync();
  expect(home.engine.atHome).toBe(false);
  await home.sync();
  expect(home.hub.synced).toBeLessThanOrEqual(asked + 1);
  expect(await home.segments()).toHaveLength(seen);
  expect(home.alarms()).toEqual([]);
});

test('a page that is opened anew elsewhere holds the cloud against its own word alone', async () => {
  const home = await AtHome.make();
  await home.cloud.stop();
  home.cloud.away = true;
  await home.world.pass(40, 5);
  await home.sync();
  home.cloud.away = false;
  home.hub.away = true;
  home.open();
  await home.sync();
  expect(home.engine.atHome).toBe(false);
  expect(home.alarms()).toEqual([]);
});

test('where neither answers, it is the cloud that is said to be away', async () => {
  const home = await AtHome.make();
  home.cloud.away = true;
  home.hub.away = true;
  await expect(home.sync()).rejects.toMatchObject({ kind: 'cloud-away' });
  expect(home.engine.reachable).toBe(false);
  expect(home.engine.atHome).toBe(false);
  expect(home.alarms()).toEqual([]);
});

test('a hub that is gone meanwhile is left for the cloud', async () => {
  const home = await AtHome.make();
  home.cloud.away = true;
  await home.sync();
  expect(home.engine.atHome).toBe(true);
  home.hub.away = true;
  home.cloud.away = false;
  await home.sync();
  expect(home.engine.atHome).toBe(false);
  expect(home.alarms()).toEqual([]);
});

test('nobody goes home who was told of another hub, or of none', async () => {
  const home = await AtHome.make();
  home.cloud.away = true;
  const { world, store } = home;
  await store.set('hub-at-home', { key: random(32), addresses: ['192.168.1.7:7441'], asked: 1 });
  home.open();
  await expect(home.sync()).rejects.toMatchObject({ kind: 'cloud-away' });
  await store.delete('hub-at-home');
  home.open(new Way(null, store, () => world.now));
  await expect(home.sync()).rejects.toMatchObject({ kind: 'cloud-away' });
  expect(home.hub.synced).toBe(0);
});

test('the hub is asked where it is, and not again for a while', async () => {
  const home = await AtHome.make();
  const { roster } = home.world;
  let asked = 0;
  const send = (): Promise<Pick<Reply, 'result'>> => {
    asked++;
    return Promise.resolve({ result: { addresses: ['10.0.0.7:7441'] } });
  };
  const way = home.way();
  await way.learn(roster, send);
  expect(asked).toBe(0);
  home.world.now += 7 * 3_600_000;
  await way.learn(roster, send);
  await way.learn(roster, send);
  expect(asked).toBe(1);
  expect(await home.store.get('hub-at-home')).toMatchObject({ addresses: ['10.0.0.7:7441'] });
});

test('film that the hub no longer has comes from the cloud, if that is there', async () => {
  const home = await AtHome.make();
  const [first] = await home.segments();
  home.hub.lacks = [first!.pack.object];
  home.cloud.away = true;
  await home.sync();
  await expect(home.film(first!)).rejects.toMatchObject({ kind: 'cloud-away' });
  home.cloud.away = false;
  expect(await home.film(first!)).toMatch(/^segment/);
  expect(home.alarms()).toEqual([]);
});

test('film goes on at home when the cloud goes away under it', async () => {
  const home = await AtHome.make();
  const segments = await home.segments();
  expect(await home.film(segments[0]!)).toMatch(/^segment/);
  home.cloud.away = true;
  expect(await home.film(segments[1]!)).toMatch(/^segment/);
});

test('keys that another device gave are there without the cloud', async () => {
  const home = await AtHome.make();
  const { world } = home;
  const rows = [...world.rows];
  const [given] = rows.splice(
    rows.findIndex(({ camera }) => camera === world.camera),
    1,
  );
  home.hub.alter.sync = (answer) => ({ ...answer, rows: answer.rows.filter((r) => r !== given) });
  home.cloud.away = true;
  home.open();
  await home.sync();
  expect((await home.segments()).length).toBeGreaterThan(0);
  expect(home.alarms()).toEqual([]);
});

/** A link that the hub has said at home, and the cloud has not heard of. */
async function linked(home: AtHome): Promise<void> {
  await home.cloud.stop();
  home.cloud.away = true;
  await home.world.admit(await freshDevice());
  await home.world.say();
  await home.sync();
  expect(home.engine.known.roster.head.seq).toBe(1);
  home.cloud.away = false;
}

test('a link of which the hub spoke at home is not missed at the cloud at once', async () => {
  const home = await AtHome.make();
  await linked(home);
  await home.sync();
  home.open();
  home.hub.away = true;
  await home.sync();
  expect(home.alarms()).toEqual([]);
});

interface Crime {
  readonly name: string;
  readonly rule: Rule;
  readonly also?: readonly Rule[];
  run(home: AtHome): Promise<void> | void;
}

/** Another record than the true one, from a leaf on. */
async function another(home: AtHome, side: AtHome['hub']): Promise<void> {
  const { world } = home;
  const leaves = [...world.leaves];
  world.leaves = leaves.map((leaf, n) =>
    n === 5 ? leaf.map((b, i) => (i === 9 ? b ^ 1 : b)) : leaf,
  );
  const checkpoint = await world.checkpoint();
  const forged = [...world.leaves];
  world.leaves = leaves;
  side.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
  const tile = side.tile.bind(side);
  side.tile = (...place) => {
    const now = world.leaves;
    world.leaves = forged;
    const got = tile(...place);
    world.leaves = now;
    return got;
  };
}

const crimes: readonly Crime[] = [
  {
    name: 'the hub at home shows less than the cloud has shown',
    rule: 'rolled-back',
    async run(home) {
      const checkpoint = await home.world.checkpoint(home.world.leaves.length - 4);
      home.hub.alter.sync = (answer) => ({
        ...answer,
        runs: [{ checkpoint, run: home.world.run }],
      });
      home.cloud.away = true;
    },
  },
  {
    name: 'the hub at home shows less than it has shown there',
    rule: 'rolled-back',
    async run(home) {
      await home.cloud.stop();
      home.cloud.away = true;
      const checkpoint = await home.world.checkpoint();
      await home.world.pass(10);
      await home.sync();
      home.hub.alter.sync = (answer) => ({
        ...answer,
        runs: [{ checkpoint, run: home.world.run }],
      });
    },
  },
  {
    name: 'the hub at home shows another record',
    rule: 'forked',
    also: ['not-included'],
    async run(home) {
      home.cloud.away = true;
      await another(home, home.hub);
    },
  },
  {
    name: 'the cloud, when it is back, shows another record than the hub did',
    rule: 'forked',
    also: ['not-included'],
    async run(home) {
      home.cloud.away = true;
      await home.world.pass(10);
      await home.sync();
      // Of what the cloud has shown itself nothing is another.
      await home.store.delete('seen');
      home.cloud.away = false;
      await another(home, home.cloud);
    },
  },
  {
    name: 'the cloud, when it is back, shows less than it has shown',
    rule: 'rolled-back',
    async run(home) {
      const checkpoint = await home.world.checkpoint(home.world.leaves.length - 4);
      home.cloud.away = true;
      await home.world.pass(10);
      await home.sync();
      home.cloud.away = false;
      home.cloud.alter.sync = (answer) => ({
        ...answer,
        runs: [{ checkpoint, run: home.world.run }],
      });
    },
  },
  {
    name: 'the cloud, when it is back, keeps back what the hub has sent',
    rule: 'frozen',
    async run(home) {
      const checkpoint = await home.world.checkpoint();
      home.cloud.away = true;
      await home.world.pass(10);
      await home.sync();
      home.cloud.away = false;
      home.cloud.alter.sync = (answer) => ({
        ...answer,
        runs: [{ checkpoint, run: home.world.run }],
      });
    },
  },
  {
    name: 'the cloud keeps back a link that the hub has sent',
    rule: 'rolled-back',
    async run(home) {
      const { chain } = home.world.roster;
      home.cloud.away = true;
      await home.world.admit(await freshDevice());
      await home.world.say();
      await home.sync();
      home.cloud.away = false;
      home.cloud.alter.sync = (answer) => ({ ...answer, roster: [...chain] });
    },
  },
  {
    name: 'somebody else than the hub signs what is shown at home',
    rule: 'checkpoint',
    async run(home) {
      const { world } = home;
      const { hub } = world;
      world.hub = await newSigner('hub');
      const checkpoint = await world.checkpoint();
      world.hub = hub;
      home.cloud.away = true;
      home.hub.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'a page is left out at home',
    rule: 'seq-gap',
    async run(home) {
      const { world } = home;
      await world.pass(150, 30);
      home.cloud.away = true;
      const hours = [...new Set(world.pages.map(({ hour }) => hour))];
      home.hub.alter.sync = (answer) => ({
        ...answer,
        pages: answer.pages.filter(
          ({ camera, hour }) => camera !== world.camera || hour !== hours[1],
        ),
      });
    },
  },
  {
    name: 'a status of another household is shown at home',
    rule: 'wrong-household',
    also: ['signature', 'signer'],
    async run(home) {
      const { world } = home;
      const other = await AtHome.make();
      const { status } = other.world;
      const said = JSON.parse(new TextDecoder().decode(Envelope.parse(status).payload)) as object;
      const signed = await Envelope.signed('status', said as never, world.hub);
      home.cloud.away = true;
      home.hub.alter.sync = (answer) => ({ ...answer, status: signed.encode() });
    },
  },
];

async function read(home: AtHome): Promise<string[]> {
  await home.sync().catch(() => undefined);
  await home.segments().catch(() => undefined);
  return home.alarms();
}

test.each(crimes.map((one) => [one.name, one] as const))('refused: %s', async (_name, crime) => {
  const honest = await AtHome.make();
  honest.cloud.away = true;
  await honest.world.pass(10, 5);
  expect(await read(honest)).toEqual([]);
  honest.cloud.away = false;
  expect(await read(honest)).toEqual([]);

  const attacked = await AtHome.make();
  await crime.run(attacked);
  const alarms = [...new Set(await read(attacked))];

  const fooled = await AtHome.make();
  await crime.run(fooled);
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = [crime.rule, ...(crime.also ?? [])];
  const mutant = await read(fooled);

  const refused = alarms.length === 1 && alarms[0] === crime.rule;
  const passes = !mutant.includes(crime.rule);
  const outcome = alarms.length === 0 ? 'let through' : `refused: ${alarms.join(', ')}`;
  tell(crime, outcome, passes ? 'no alarm' : 'still refused', refused && passes);
  expect(alarms).toEqual([crime.rule]);
  expect(mutant).not.toContain(crime.rule);
});

test('what was told at home outlives the page', async () => {
  const home = await AtHome.make();
  await linked(home);
  const kept = await home.store.get<{ roster: number; cloudRoster: number }>('seen-at-home');
  expect(kept).toMatchObject({ roster: 1, cloudRoster: 0 });
  await home.cloud.catchUp();
  await quickly(() => home.engine.syncAfresh());
  expect(await home.store.get('seen-at-home')).toMatchObject({ roster: 1, cloudRoster: 1 });
});
