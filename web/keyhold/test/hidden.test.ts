// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { random } from '../src/bytes.ts';
import { hourOf } from '../src/manifest/page.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Fault } from '../src/sync/fault.ts';
import { segmentsOf } from '../src/sync/timeline.ts';
import { Reader } from './reader.ts';
import { start, World } from './world.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Lets retries pass that would wait for real. */
async function hurried<T>(work: Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  let done = false;
  void work.catch(() => undefined).finally(() => (done = true));
  while (!done) {
    await vi.advanceTimersByTimeAsync(2_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return work;
}

/** From now on the cloud shows nothing; it says why only where an owner has ordered it. */
async function hide(world: World, ordered: boolean): Promise<void> {
  const { member, now, cloud } = world;
  const said = {
    act: 'erase',
    at: now,
    device: member.device,
    household: member.household,
    nonce: random(16),
    person: member.person,
    to: await cloud.key(),
  };
  const erase = (await Envelope.signed('erase', said, member.signer)).encode();
  const gone = (): never => {
    throw new Fault('not-found', 'not here');
  };
  cloud.alter.object = gone;
  cloud.alter.page = gone;
  if (ordered) {
    cloud.alter.sync = (a) => ({ ...a, pages: [], runs: [], erase, eraseDue: now + 604_800_000 });
  }
}

const film = async (reader: Reader): Promise<() => Promise<unknown>> => {
  const { camera, now } = reader.world;
  const logs = await reader.engine.records.logs(camera, hourOf(start) - 1, hourOf(now));
  const lease = await reader.footage.lease(camera, start - 60_000, now, 'history');
  const { pack, file } = segmentsOf(logs, 0, Infinity)[0]!;
  return () => reader.engine.guarded(() => reader.footage.read(pack, file, lease));
};

const record = (reader: Reader): Promise<() => Promise<unknown>> => {
  const { camera, now } = reader.world;
  return Promise.resolve(() =>
    reader.engine.steady(() => reader.engine.records.logs(camera, hourOf(start) - 1, hourOf(now))),
  );
};

test.for([
  { name: 'a film', prepare: film },
  { name: 'the record', prepare: record },
])(
  '$name that is hidden under the reading is no alarm if an owner has ordered it',
  async ({ prepare }) => {
    for (const ordered of [true, false]) {
      const world = await World.make();
      await world.pass(60, 5);
      const reader = new Reader(world);
      await reader.engine.sync();
      const read = await prepare(reader);
      await hide(world, ordered);
      const what = ordered ? { kind: 'to-be-erased' } : { rule: 'seq-gap' };
      await expect(hurried(read())).rejects.toMatchObject(what);
      expect(new Set(reader.alarms())).toEqual(new Set(ordered ? [] : ['seq-gap']));
      vi.useRealTimers();
    }
  },
);
