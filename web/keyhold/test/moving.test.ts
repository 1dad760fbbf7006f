// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { base64, equal, fromBase64, fromUtf8, random, type Bytes } from '../src/bytes.ts';
import { signerFromSeed } from '../src/crypto/sign.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import type { Rule } from '../src/rule.ts';
import type { Op, Reply, Row } from '../src/statement/request.ts';
import { Roster } from '../src/statement/roster.ts';
import type { Cloud, SyncAnswer } from '../src/sync/cloud.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import { give } from '../src/sync/give.ts';
import type { Member } from '../src/sync/member.ts';
import { addressOf, moveId, Moving, placeKey, type MoveState } from '../src/sync/moving.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { WorldCloud } from './world-cloud.ts';
import { idOf, World } from './world.ts';

afterEach(() => {
  globalThis.__keyholdMutant = undefined;
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const nothing = new Uint8Array(0);
const [left, next] = ['https://left.example', 'https://next.example'];

/** A cloud of its own key, which shows what the hub has sent to it, and keeps what members give each other. */
class SomeCloud extends WorldCloud {
  /** What it was told of the household. */
  chain: readonly Bytes[] = [];
  /** The hub has come here. */
  hub = false;
  away = false;
  private readonly given: { device: string; statement: Bytes }[] = [];
  private readonly rows: Row[] = [];

  constructor(
    home: World,
    private readonly number: number,
  ) {
    super(home);
  }

  override key(): Promise<Bytes> {
    if (this.away) return Promise.reject(new Fault('cloud-away', 'no answer'));
    return Promise.resolve(new Uint8Array(32).fill(this.number));
  }

  override registerChain(chain: readonly Bytes[]): Promise<void> {
    this.chain = chain;
    return Promise.resolve();
  }

  override async sync(): Promise<SyncAnswer> {
    if (this.away) throw new Fault('cloud-away', 'no answer');
    if (this.chain.length === 0) throw new Fault('not-allowed', 'a stranger');
    const answer = await super.sync();
    if (!this.hub) {
      const none = { runs: [], pages: [], rows: [], names: nothing, status: nothing };
      return { ...answer, ...none, roster: this.chain };
    }
    const reseals = this.given.map(({ statement }) => statement);
    return { ...answer, rows: [...answer.rows, ...this.rows], reseals };
  }

  override async write(
    _household: string,
    _signer: unknown,
    kind: string,
    device: string,
    body: Bytes,
  ): Promise<void> {
    expect(kind).toBe('reseals');
    const { envelopes, statement } = JSON.parse(fromUtf8(body)!) as {
      envelopes: (Omit<Row, 'bytes'> & { bytes: string })[];
      statement: string;
    };
    this.given.push({ device, statement: fromBase64(statement)! });
    this.rows.push(...envelopes.map((row) => ({ ...row, bytes: fromBase64(row.bytes)! })));
    return Promise.resolve();
  }

  /** From here on it shows what it has now. */
  async stop(): Promise<void> {
    const last = await this.sync();
    this.alter.sync = () => last;
  }
}

/** A household with its cloud, another one, and a hub that goes over when it is told. */
class Home {
  readonly code = '271828';
  readonly asked: Op[] = [];
  /** What the hub says instead of going on, by operation. */
  readonly no = new Map<string, string>();
  ordered: Bytes | null = null;
  readonly old: SomeCloud;
  readonly other: SomeCloud;

  private constructor(readonly world: World) {
    this.old = new SomeCloud(world, 1);
    this.other = new SomeCloud(world, 2);
    this.old.chain = world.roster.chain;
    this.old.hub = true;
  }

  static async make(): Promise<Home> {
    const home = new Home(await World.make());
    await home.world.pass(14, 2);
    return home;
  }

  async send(op: Op): Promise<Reply> {
    this.asked.push(op);
    const no = this.no.get(op.kind);
    if (no === 'away') throw new Fault('hub-away', 'no answer');
    if (no !== undefined) throw new Refused(no);
    if (op.kind === 'move') {
      const to = op.cloud!.to;
      if (this.ordered === null && op.gesture?.code !== this.code) {
        throw new Refused(op.gesture === undefined ? 'gesture' : 'gesture-wrong');
      }
      this.ordered = to;
    } else if (this.ordered === null) throw new Refused('not-found');
    if (op.kind === 'switch') await this.goes();
    return { result: {}, error: '' } as unknown as Reply;
  }

  async goes(): Promise<void> {
    await this.old.stop();
    this.other.chain = this.world.roster.chain;
    this.other.hub = true;
    await this.world.rotate('household');
    await this.world.rotate(this.world.camera);
    await this.world.name();
    await this.world.pass(1);
  }

  copied(kind: 'leaves' | 'pages'): string[] {
    return this.asked.flatMap(({ copy }) =>
      kind === 'pages' ? (copy?.pages ?? []) : (copy?.leaves ?? []).map(({ leaf }) => base64(leaf)),
    );
  }
}

/** A browser of the household in `keyhold app`. */
class Browser {
  readonly states: (MoveState | null)[] = [];
  readonly moving: Moving;
  engine: Engine;
  rested = false;

  private constructor(
    readonly home: Home,
    readonly store: MemoryStore,
    private readonly member: Member,
  ) {
    this.engine = this.at(home.old);
    const clouds = {
      given: () => Promise.resolve(left),
      at: (address: string): Promise<Cloud> => {
        if (address === left) return Promise.resolve(home.old);
        if (address === next) return Promise.resolve(home.other);
        return Promise.reject(new Fault('address-wrong', 'no such cloud'));
      },
    };
    const parts = () => ({ engine: this.engine, commands: home });
    this.moving = new Moving(parts, store, clouds, {
      state: (state) => this.states.push(state),
      rest: () => (this.rested = true),
      settled: async () => {
        this.engine = this.at(home.other);
        await this.engine.sync();
      },
    });
  }

  static async open(
    home: Home,
    store = new MemoryStore(),
    member = home.world.member,
  ): Promise<Browser> {
    const browser = new Browser(home, store, member);
    await browser.moving.load();
    await browser.engine.sync().catch(() => undefined);
    return browser;
  }

  private at(cloud: Cloud): Engine {
    const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
    return new Engine(cloud, this.member, this.home.world.roster, this.store, quiet);
  }

  get state(): MoveState | null {
    return this.states.at(-1) ?? null;
  }

  alarms(): string[] {
    return this.engine.alarms.all().map(({ rule }) => rule);
  }
}

/** Lets pauses pass until something is so. */
async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!what() && Date.now() < deadline) {
    await vi.advanceTimersByTimeAsync(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(what()).toBe(true);
}

/** What a promise comes to, while pauses pass. */
async function outcome(work: Promise<unknown>): Promise<Fault | null> {
  let result: Fault | null | undefined;
  work.then(
    () => (result = null),
    (error: unknown) => (result = error as Fault),
  );
  await until(() => result !== undefined);
  return result!;
}

const pauses = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

test('a household moves, with everything that is kept and everything that was given', async () => {
  const home = await Home.make();
  const { world } = home;
  // A second device, which was given what was recorded before it came.
  const id = idOf('dev');
  const [signer, reader] = await Promise.all([
    signerFromSeed(id, random(32)),
    fromSeed(random(32)),
  ]);
  const keys = {
    id,
    reader: reader.publicKey,
    sign: signer.publicKey,
    storage: 'software' as const,
  };
  const first = await Browser.open(home);
  const member = await world.admit({ keys, signer, reader });
  home.old.chain = world.roster.chain;
  await world.rotate(world.camera);
  await world.rotate('household');
  await world.name();
  await world.pass(3);
  await first.engine.sync();
  const given = await give(
    first.engine,
    world.member.signer,
    id,
    () => true,
    () => undefined,
  );
  expect(given).toBeGreaterThan(1);

  const browser = await Browser.open(home, new MemoryStore(), member);
  expect(browser.alarms()).toEqual([]);
  const pages = world.pages.map((p) => `${p.run}/${p.camera}/${p.epoch}/${p.hour}`);
  const packs = world.leaves.filter((raw) => fromUtf8(raw)!.includes('"kind":"pack"'));
  world.now += 1_000;
  pauses();
  await browser.moving.begin('next.example');
  await until(() => browser.state?.step === 'code');
  browser.moving.code(moveId, '111111');
  await until(() => browser.state?.step === 'code' && browser.state.wrong);
  browser.moving.code(moveId, home.code);
  await until(() => browser.state?.step === 'moved');

  expect(browser.state).toMatchObject({ from: left, to: next, followed: false });
  expect(equal(home.ordered!, await home.other.key())).toBe(true);
  expect(home.copied('leaves').sort()).toEqual(packs.map(base64).sort());
  expect(home.copied('pages').sort()).toEqual(pages.sort());
  expect(await browser.store.get(placeKey)).toMatchObject({ url: next });
  expect(browser.rested).toBe(true);

  // The old cloud goes; nobody misses it.
  home.old.away = true;
  const { camera } = world;
  const hours = Math.floor(world.now / 3_600_000);
  const logs = await browser.engine.records.logs(camera, hours - 2, hours);
  expect(logs.filter(({ leaf }) => leaf.kind === 'pack')).toHaveLength(packs.length + 1);
  expect(browser.alarms()).toEqual([]);
});

test('it goes on after the page was closed, while it copies and while the hub is on its way', async () => {
  const home = await Home.make();
  const store = new MemoryStore();
  const one = await Browser.open(home, store);
  home.no.set('copy', 'away');
  pauses();
  await one.moving.begin(next);
  await until(() => one.state?.step === 'code');
  one.moving.code(moveId, home.code);
  await until(() => one.state?.step === 'stopped');
  expect(one.state).toMatchObject({ reason: 'hub-away', gone: false, again: true });
  one.moving.stop();

  // The answer to `switch` gets lost, and the page is closed again.
  home.no.delete('copy');
  home.no.set('switch', 'away');
  const two = await Browser.open(home, store);
  two.moving.resume();
  await until(() => two.state?.step === 'arriving');
  expect(two.states.some((state) => state?.step === 'code')).toBe(false);
  two.moving.stop();
  home.old.away = true;
  await home.goes().catch(() => undefined);
  home.other.chain = home.world.roster.chain;
  home.other.hub = true;

  const three = await Browser.open(home, store);
  expect(three.moving.going()).toBe(true);
  three.moving.resume();
  await until(() => three.state?.step === 'moved');
  expect(three.alarms()).toEqual([]);
  const four = await Browser.open(home, store);
  expect(four.state).toMatchObject({ step: 'moved', from: left, to: next });
  await four.moving.read();
  expect(four.state).toBeNull();
});

test('a page that is closed while the hub is asked finds out what it has answered', async () => {
  const home = await Home.make();
  const store = new MemoryStore();
  const one = await Browser.open(home, store);
  pauses();
  await one.moving.begin(next);
  await until(() => one.state?.step === 'code');
  // The digits reach the hub, and its answer nobody.
  one.moving.stop();
  await home.send({
    kind: 'move',
    cloud: { to: await home.other.key(), url: next },
    gesture: { code: home.code },
  });
  const two = await Browser.open(home, store);
  two.moving.resume();
  await until(() => two.state?.step === 'moved');
  expect(two.states.some((state) => state?.step === 'code')).toBe(false);
});

test('until everything is copied it can be given up, and nothing has changed', async () => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  home.no.set('copy', 'away');
  pauses();
  await browser.moving.begin(next);
  await until(() => browser.state?.step === 'code');
  browser.moving.code(moveId, home.code);
  await until(() => browser.state?.step === 'stopped');
  await browser.moving.giveUp();
  expect(browser.state).toBeNull();
  expect(await browser.store.get('move')).toBeUndefined();
  expect(await browser.store.get(placeKey)).toBeUndefined();
  expect(home.asked.some(({ kind }) => kind === 'switch')).toBe(false);
});

test.each([
  ['invalid', 'not-movable'],
  ['exists', 'to-be-erased'],
  ['cloud-unreachable', 'hub-cannot-reach'],
  ['denied', 'not-allowed'],
])('the hub says %s, and the page %s', async (word, reason) => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  home.no.set('move', word);
  pauses();
  await browser.moving.begin(next);
  await until(() => browser.state?.step === 'stopped');
  expect(browser.state).toMatchObject({ reason, gone: false, again: false });
  // It is not tried again when the page is opened the next time.
  expect(await browser.store.get('move')).toBeUndefined();
});

test('what can be said at once is said at once', async () => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  const refused = async (address: string): Promise<string> =>
    (await outcome(browser.moving.begin(address)))?.kind ?? '';
  pauses();
  expect(await refused('ftp://next.example')).toBe('address-wrong');
  expect(await refused('https://nowhere.example')).toBe('address-wrong');
  expect(await refused(left)).toBe('same-cloud');
  home.other.away = true;
  expect(await refused(next)).toBe('other-cloud-away');
  home.other.away = false;
  home.old.alter.sync = (answer) => answer;
  browser.engine.known.roster.person(home.world.person)!;
  vi.spyOn(Roster.prototype, 'person').mockReturnValue(null);
  expect(await refused(next)).toBe('not-allowed');
  vi.restoreAllMocks();
  expect(home.asked).toEqual([]);
});

test('an address has one spelling', () => {
  for (const [typed, address] of [
    ['cloud.example', 'https://cloud.example'],
    [' https://Cloud.Example/ ', 'https://cloud.example'],
    ['https://cloud.example:443', 'https://cloud.example'],
    ['https://cloud.example:8443', 'https://cloud.example:8443'],
    ['localhost:7440', 'http://localhost:7440'],
    ['127.0.0.1:7440', 'http://127.0.0.1:7440'],
    ['mine.localhost:7440', 'http://mine.localhost:7440'],
  ] as const) {
    expect(addressOf(typed)).toBe(address);
  }
  for (const wrong of [
    '',
    'a b',
    'https://',
    'https://a.example/x',
    'https://u@a.example',
    'https://a.example?x',
    'file:///x',
  ]) {
    expect(() => addressOf(wrong)).toThrow(Fault);
  }
});

interface Lure {
  readonly name: string;
  readonly reason: string;
  /** The check that refuses, where it is one that can be switched off, and those that have to be off as well. */
  readonly rules?: readonly Rule[];
  /** What is at the other address; the hub was there and everything held until now. */
  run(home: Home): Promise<void> | void;
}

const lures: readonly Lure[] = [
  {
    name: 'a cloud to which the hub has sent nothing',
    reason: 'hub-elsewhere',
    run: (home) => void (home.other.hub = false),
  },
  {
    name: 'a cloud that knows no such household',
    reason: 'hub-elsewhere',
    run: (home) => void (home.other.chain = []),
  },
  {
    name: 'a cloud that does not answer',
    reason: 'other-cloud-away',
    run: (home) => void (home.other.away = true),
  },
  {
    name: 'a cloud with all that the old one had, where the hub has not been for a quarter of an hour',
    reason: 'hub-elsewhere',
    async run(home) {
      await home.other.stop();
      home.world.now += 15 * 60_000;
    },
  },
  {
    name: 'a shorter record',
    reason: 'record-differs',
    rules: ['rolled-back', 'frozen', 'seq-gap', 'envelope'],
    async run({ other, world }) {
      const checkpoint = await world.checkpoint(world.leaves.length - 4);
      other.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'another record of the same length',
    reason: 'record-differs',
    rules: ['forked', 'not-included', 'seq-gap'],
    async run({ other, world }) {
      const leaves = [...world.leaves];
      // A pack that this device has read is another one there.
      const at = leaves.findLastIndex((raw) => fromUtf8(raw)!.includes('"kind":"pack"'));
      const text = fromUtf8(leaves[at]!)!.replace(/"media":4000000/, '"media":4000001');
      world.leaves[at] = new TextEncoder().encode(text);
      const checkpoint = await world.checkpoint();
      other.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'a status older than one that was seen',
    reason: 'record-differs',
    rules: ['rolled-back'],
    async run({ world }) {
      world.now -= 60_000;
      await world.say();
      world.now += 60_000;
    },
  },
];

test.each(lures.map((lure) => [lure.name, lure] as const))(
  'nobody follows to %s',
  async (_, lure) => {
    const home = await Home.make();
    const store = new MemoryStore();
    const before = await Browser.open(home, store);
    expect(before.alarms()).toEqual([]);
    await home.other.registerChain(home.world.roster.chain);
    home.other.hub = true;

    // Control: the hub is there, and the record is the one that was seen.
    const honest = await Browser.open(home, storeWith(await kept(store)));
    pauses();
    expect(await outcome(honest.moving.follow(next))).toBeNull();
    expect(honest.state).toMatchObject({ step: 'moved', followed: true });
    vi.useRealTimers();

    await lure.run(home);
    const seen = await kept(store);
    const lured = await Browser.open(home, storeWith(seen));
    const remembered = await kept(lured.store);
    pauses();
    expect(await outcome(lured.moving.follow(next))).toMatchObject({ kind: lure.reason });
    expect(lured.state).toBeNull();
    // It stays where it is, and has learnt nothing from the other one.
    expect(await kept(lured.store)).toEqual(remembered);
    vi.useRealTimers();

    if (lure.rules === undefined) return;
    // Mutant: with the check off, it follows.
    vi.stubEnv('MODE', 'mutant');
    globalThis.__keyholdMutant = lure.rules;
    const fooled = await Browser.open(home, storeWith(seen));
    pauses();
    expect(await outcome(fooled.moving.follow(next))).toBeNull();
    expect(fooled.state).toMatchObject({ step: 'moved' });
  },
);

const storeKeys = ['seen', 'roster', 'roster-mark', placeKey, 'move'];

async function kept(store: MemoryStore): Promise<Map<string, unknown>> {
  const out = new Map<string, unknown>();
  for (const key of storeKeys) out.set(key, await store.get(key));
  return out;
}

/** A store of its own with what another one held. */
function storeWith(values: ReadonlyMap<string, unknown>): MemoryStore {
  const store = new MemoryStore();
  for (const [key, value] of values) if (value !== undefined) void store.set(key, value);
  return store;
}
