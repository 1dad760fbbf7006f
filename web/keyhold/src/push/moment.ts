// SPDX-License-Identifier: Apache-2.0

import { useDevice, type KeptMember } from '../browser/keys.ts';
import type { Bytes } from '../bytes.ts';
import type { MomentLeaf } from '../manifest/leaf.ts';
import { hourOf } from '../manifest/page.ts';
import type { Alert } from '../statement/alert.ts';
import type { Cloud } from '../sync/cloud.ts';
import { Engine } from '../sync/engine.ts';
import { Footage } from '../sync/footage.ts';
import { keptRoster } from '../sync/kept.ts';
import type { Store } from '../sync/store.ts';

/** How long the hub's picture is on its way, and longer: a browser lets no worker wait for ever. */
const pauses = [400, 600, 1_000, 2_000, 3_000, 4_000, 5_000];

const nothing = { trust: () => undefined, known: () => undefined, grown: () => undefined };
const sleep = (pause: number): Promise<void> => new Promise((done) => setTimeout(done, pause));

/**
 * The picture of a press, for a service worker that was told of it: found in the hub's record, which is checked as an
 * open app checks it, then fetched and opened. Null where none comes in time, or where this person may not see what was
 * recorded. Rejects what is wrong; that is for an open page to say, which finds it too and has the words for it.
 */
export async function pictureOf(
  alert: Pick<Alert, 'at' | 'camera'>,
  engine: Engine,
  wait = sleep,
): Promise<Bytes | null> {
  for (const pause of pauses) {
    await wait(pause);
    await engine.sync();
    if (engine.alarms.all().length > 0 || engine.earliest(alert.camera) === null) return null;
    const leaf = await momentOf(alert, engine);
    if (leaf !== null) return read(leaf, engine);
  }
  return null;
}

/** Begins with what this device has proved before; what it proves now is where an app goes on. Null for a stranger. */
export async function openEngine(store: Store, cloud: Cloud): Promise<Engine | null> {
  const kept = await store.get<KeptMember>('member');
  const roster = kept && (await keptRoster(store, kept.household));
  if (kept === undefined || roster === undefined) return null;
  const { household, person, device } = kept;
  const { signer, reader } = useDevice(device);
  const member = { household, person, device: device.id, signer, reader };
  return new Engine(cloud, member, roster, store, nothing);
}

async function momentOf(
  { at, camera }: Pick<Alert, 'at' | 'camera'>,
  engine: Engine,
): Promise<MomentLeaf | null> {
  const until = hourOf(engine.cloud.clock()) + 1;
  const logs = await engine.steady(() => engine.records.logs(camera, hourOf(at), until));
  const leaves = logs.map(({ leaf }) => leaf);
  const press = leaves.find((leaf) => leaf.kind === 'press' && leaf.pressed === at);
  if (press?.kind !== 'press') return null;
  const found = leaves.find((leaf) => leaf.kind === 'moment' && leaf.number === press.number);
  return found?.kind === 'moment' ? found : null;
}

async function read(leaf: MomentLeaf, engine: Engine): Promise<Bytes | null> {
  const file = leaf.files.find(({ kind }) => kind === 'thumbs');
  if (file === undefined) return null;
  const footage = new Footage(engine, engine.member);
  const lease = await footage.lease(leaf.camera, file.start, file.end + 1, 'tiles');
  const pack = { ...leaf, kind: 'pack' } as const;
  return engine.guarded(() => footage.readLeased(pack, file, lease, 'tiles'));
}
