// SPDX-License-Identifier: Apache-2.0

import { vi } from 'vitest';
import type { Bytes } from '../src/bytes.ts';
import { hourOf } from '../src/manifest/page.ts';
import type { FootageAnswer, PageRef, SyncAnswer } from '../src/sync/cloud.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import { Footage } from '../src/sync/footage.ts';
import { segmentsOf, type Segment } from '../src/sync/timeline.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { Way } from '../src/sync/way.ts';
import { WorldCloud } from './world-cloud.ts';
import { start, World } from './world.ts';

const away = (): never => {
  throw new Fault('cloud-away', 'nobody answers');
};

/** The cloud, or the hub at home: it answers, or does not, and it may know no more than at some time. */
export class Side extends WorldCloud {
  away = false;
  hangs = false;
  synced = 0;
  /** Packs that it does not have. */
  lacks: readonly string[] = [];

  /** Knows from now on what it knows now. */
  async stop(): Promise<void> {
    const answer = await super.sync();
    this.alter.sync = () => ({ ...answer, roster: [...answer.roster] });
  }

  async catchUp(): Promise<void> {
    delete this.alter.sync;
    return Promise.resolve();
  }

  override async sync(): Promise<SyncAnswer> {
    if (this.hangs) await new Promise(() => undefined);
    if (this.away) away();
    this.synced++;
    return super.sync();
  }

  override page(address: string, ref: PageRef): Promise<Bytes> {
    return this.away ? away() : super.page(address, ref);
  }

  override async footage(): Promise<FootageAnswer> {
    if (this.away) away();
    const answer = await super.footage();
    const objects = answer.objects.filter(({ object }) => !this.lacks.includes(object));
    return { ...answer, objects };
  }

  override object(a: string, object: string, offset: number, size: number): Promise<Bytes> {
    if (this.away) away();
    if (this.lacks.includes(object)) throw new Fault('not-found', 'no such object');
    return super.object(a, object, offset, size);
  }
}

/** A home with a hub that can be reached in it, and a browser there. */
export class AtHome {
  readonly cloud: Side;
  readonly hub: Side;
  readonly store = new MemoryStore();
  engine!: Engine;
  footage!: Footage;

  private constructor(readonly world: World) {
    this.cloud = new Side(world);
    this.hub = new Side(world);
  }

  static async make(): Promise<AtHome> {
    const world = await World.make();
    await world.pass(20, 5);
    const home = new AtHome(world);
    const where = { key: world.roster.hub.sign, addresses: ['192.168.1.7:7441'], asked: world.now };
    await home.store.set('hub-at-home', where);
    home.open();
    await home.sync();
    return home;
  }

  /** The page is opened, again. */
  open(way: Way = this.way()): void {
    const { cloud, store, world } = this;
    const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
    this.engine = new Engine(cloud, world.member, world.roster, store, quiet, way);
    this.footage = new Footage(this.engine, world.member);
  }

  way(): Way {
    const homes = { hub: () => Promise.resolve(this.hub) };
    return new Way(homes, this.store, () => this.world.now);
  }

  sync(): Promise<void> {
    return quickly(() => this.engine.syncAfresh());
  }

  /** What there is of the camera. */
  async segments(): Promise<Segment[]> {
    const { camera, now } = this.world;
    const logs = await quickly(() =>
      this.engine.steady(() => this.engine.records.logs(camera, hourOf(start) - 1, hourOf(now))),
    );
    return segmentsOf(logs, 0, Infinity);
  }

  async film({ pack, file }: Segment): Promise<string> {
    const lease = await this.footage.lease(pack.camera, file.start, file.end, 'history');
    const plain = await this.footage.readLeased(pack, file, lease, 'history');
    return new TextDecoder().decode(plain);
  }

  alarms(): string[] {
    return this.engine.alarms.all().map(({ rule }) => rule);
  }
}

const real = globalThis.setTimeout;

/** Does something for which pauses are much shorter than they are. */
export async function quickly<T>(work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const doing = work();
    let done = false;
    doing.then(
      () => (done = true),
      () => (done = true),
    );
    while (!done) {
      await vi.advanceTimersByTimeAsync(20);
      await new Promise((resolve) => real(resolve, 1));
    }
    return await doing;
  } finally {
    vi.useRealTimers();
  }
}
