// SPDX-License-Identifier: Apache-2.0

import { utf8 } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { seal } from '../crypto/box.ts';
import { hashText } from '../crypto/hash.ts';
import type { Signer } from '../crypto/sign.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Row } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { NoKey, NotYet } from './epochs.ts';
import type { Engine } from './engine.ts';

/** How many epochs one statement may name. */
const mostEpochs = 256;
const hour = 3_600_000;

/**
 * Seals the keys of what was recorded to another device or to a new sheet, as far as its person may
 * read it, and returns how many it gave (docs/protocol.md 4). The statement that says so is signed by
 * `signer`.
 */
export async function give(
  engine: Engine,
  signer: Signer,
  device: string,
  covered: (camera: string) => boolean,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const rows = await rowsFor(engine, device, covered, onProgress);
  await reseal(engine.cloud, signer, engine.known.roster, device, rows);
  return rows.length;
}

/** The same keys, sealed and not sent yet. */
export async function rowsFor(
  engine: Engine,
  device: string,
  covered: (camera: string) => boolean,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Row[]> {
  const { cloud, epochs } = engine;
  const { roster } = engine.known;
  const reader = roster.reader(device);
  if (reader === null) throw new Error('give: the device is not in the roster');
  const wanted = epochs.all().filter(({ camera, epoch }) => {
    if (!covered(camera)) return false;
    const from = earliest(roster, device, camera, cloud.now());
    const last = engine.records.refs(camera).findLast((page) => page.epoch === epoch);
    return from !== null && last !== undefined && (last.hour + 1) * hour > from;
  });
  const rows: Row[] = [];
  let done = 0;
  for (const { camera, epoch } of wanted) {
    onProgress(done++, wanted.length);
    try {
      const readers = await epochs.readersOf(camera, epoch);
      // What was made for a sheet may have been made for the one before.
      if (device !== 'sheet' && readers.includes(device)) continue;
      const identity = await epochs.identityText(camera, epoch);
      rows.push(await sealRow(roster, { camera, epoch, device, reader, identity }));
    } catch (error) {
      // What this reader has no key to, or what nobody vouches for yet, it cannot hand on.
      if (!(error instanceof NoKey) && !(error instanceof NotYet)) throw error;
    }
  }
  onProgress(wanted.length, wanted.length);
  return rows;
}

/** Sends rows with the statements that vouch for them; each names the head that its rows were sealed at. */
export async function reseal(
  cloud: Cloud,
  signer: Signer,
  { household }: Roster,
  device: string,
  rows: readonly Row[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += mostEpochs) {
    await resealPart(cloud, signer, household, device, rows.slice(at, at + mostEpochs));
  }
}

/** The beginning of what a device's person may read of a camera at some hour; null for nothing. */
function earliest(roster: Roster, device: string, camera: string, now: number): number | null {
  const person = roster.personOf(device);
  if (person === null) return null;
  if (person.role === 'owner' || person.role === 'guardian') return 0;
  if (camera === 'household') return null;
  const since = person.rights
    .filter(({ actions, cameras, until }) => {
      const meant = cameras.length === 0 || cameras.includes(camera);
      return meant && actions.includes('history') && (until === 0 || until > now);
    })
    .map((one) => one.since);
  return since.length === 0 ? null : Math.min(...since);
}

interface ToSeal {
  readonly camera: string;
  readonly epoch: string;
  readonly device: string;
  readonly reader: Uint8Array;
  readonly identity: string;
}

async function sealRow(
  { household, head }: Roster,
  { camera, epoch, device, reader, identity }: ToSeal,
): Promise<Row> {
  const info = encode({ household, purpose: 'epoch' });
  const aad = encode({ camera, device, epoch, head: head.hash });
  const bytes = await seal(reader, info, aad, utf8(identity));
  return { bytes, camera, device, epoch, head: head.hash };
}

async function resealPart(
  cloud: Cloud,
  signer: Signer,
  household: string,
  device: string,
  rows: readonly Row[],
): Promise<void> {
  const statement = await Envelope.signed(
    'reseal',
    {
      at: cloud.now(),
      device,
      epochs: rows.map(({ bytes, camera, epoch }) => ({
        camera,
        envelope: hashText(bytes),
        epoch,
      })),
      head: rows[0]!.head,
      household,
    },
    signer,
  );
  const body = encode({
    envelopes: rows as unknown as Writable,
    statement: statement.encode(),
  });
  await cloud.write(household, signer, 'reseals', device, body);
}
