// SPDX-License-Identifier: Apache-2.0

import { hourOf } from '../src/manifest/page.ts';
import { Engine } from '../src/sync/engine.ts';
import { Footage } from '../src/sync/footage.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { segmentsOf } from '../src/sync/timeline.ts';
import { start, type World } from './world.ts';

/** A reader of a world, and what it was alarmed by. */
export class Reader {
  readonly engine: Engine;
  readonly footage: Footage;
  constructor(
    readonly world: World,
    store = new MemoryStore(),
    member = world.member,
  ) {
    const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
    this.engine = new Engine(world.cloud, member, world.roster, store, quiet);
    this.footage = new Footage(this.engine, member);
  }

  /** Everything of the camera, read to the last segment. */
  async readAll(): Promise<string[]> {
    await this.engine.sync();
    const { camera, now } = this.world;
    const logs = await this.engine.steady(() => {
      this.engine.mustHave(camera);
      return this.engine.records.logs(camera, hourOf(start) - 1, hourOf(now));
    });
    const lease = await this.footage.lease(camera, start - 60_000, now, 'history');
    const texts: string[] = [];
    for (const { pack, file } of segmentsOf(logs, 0, Infinity)) {
      const plain = await this.engine.guarded(() => this.footage.read(pack, file, lease));
      texts.push(new TextDecoder().decode(plain));
    }
    return texts;
  }

  alarms(): string[] {
    return this.engine.alarms.all().map((alarm) => alarm.rule);
  }
}
