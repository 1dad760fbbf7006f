// SPDX-License-Identifier: Apache-2.0

import { expect, vi } from 'vitest';
import { base64, fromBase64, fromUtf8, type Bytes } from '../src/bytes.ts';
import type { Op, Reply, Row } from '../src/statement/request.ts';
import type { Cloud, SyncAnswer } from '../src/sync/cloud.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import type { Member } from '../src/sync/member.ts';
import { Moving, type MoveState } from '../src/sync/moving.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { WorldCloud } from './world-cloud.ts';
import { World } from './world.ts';

const nothing = new Uint8Array(0);
export const [left, next] = ['https://left.example', 'https://next.example'];

/** A cloud of its own key, which shows what the hub has sent to it, and keeps what members give each other. */
export class SomeCloud extends WorldCloud {
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
export class Home {
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
export class Browser {
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
export async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!what() && Date.now() < deadline) {
    await vi.advanceTimersByTimeAsync(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(what()).toBe(true);
}

/** What a promise comes to, while pauses pass. */
export async function outcome(work: Promise<unknown>): Promise<Fault | null> {
  let result: Fault | null | undefined;
  work.then(
    () => (result = null),
    (error: unknown) => (result = error as Fault),
  );
  await until(() => result !== undefined);
  return result!;
}

export const pauses = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
