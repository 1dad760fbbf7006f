// SPDX-License-Identifier: Apache-2.0

import type { Right, Role } from '../statement/rights.ts';
import { actsIn, type Act } from './acts.ts';
import type { OpenLeaf } from '../manifest/leaf.ts';
import type { Engine } from './engine.ts';
import type { Named } from './people.ts';
import type { Log, Reading } from './records.ts';
import { newestRun } from './runs.ts';
import type { Roster } from '../statement/roster.ts';

/** What somebody looked at, out of the hub's record; or what they set about what is to be seen. */
export interface Look {
  readonly id: string;
  readonly kind: 'live' | 'talk' | 'open' | 'history' | 'tiles' | 'export' | Act['kind'];
  readonly person: Named;
  readonly device: Named;
  /** What the person was to the household then; null for nobody of the roster. */
  readonly role: Role | null;
  readonly rights: readonly Right[];
  readonly mine: boolean;
  readonly cameras: readonly Named[];
  readonly at: number;
  /** When it was over, as far as that is written; of several looks in a row, when the last began. */
  readonly until: number;
  /** Its end is not written yet. */
  readonly open: boolean;
  /** Which recordings; null for live and talk. */
  readonly footage: { readonly from: number; readonly until: number } | null;
  /** How many looks in a row this is. */
  readonly count: number;
  /** What they set; null for a look. */
  readonly set: Act['set'] | null;
  /** The door that was opened, and how that went; null for all else. */
  readonly door: Opened | null;
  /** What the hub spoke for them, where it did. */
  readonly reply?: string;
}

export interface Opened {
  readonly name: string;
  readonly outcome: OpenLeaf['outcome'];
}

export interface LookList {
  /** Newest first. */
  readonly looks: readonly Look[];
  /** How many entries of the record were proved for it, since when and up to when. */
  readonly entries: number;
  readonly from: number;
  readonly until: number;
  /** Hours of a camera that this device has no key of: what was looked at there is not known here. */
  readonly closed: number;
}

export interface LookNames {
  readonly roster: Roster;
  readonly self: string;
  readonly nameOf: (id: string) => string;
}

/**
 * What a device asks for within this time, one thing after another, is one look to people. Pictures
 * of a page that stays open are written down once an hour.
 */
const inRow = { history: 10 * 60_000, export: 10 * 60_000, tiles: 70 * 60_000 };

interface Raw {
  id: string;
  kind: Look['kind'];
  person: string;
  device: string;
  cameras: Set<string>;
  at: number;
  until: number;
  open: boolean;
  footage: { from: number; until: number } | null;
  count: number;
  set: Act['set'] | null;
  door?: Opened | null;
  reply?: string;
}

interface Fetched extends Raw {
  kind: keyof typeof inRow;
  footage: { from: number; until: number };
}

/** Everything that was looked at since a time, and what was set, out of the record of every camera. */
export async function readLooks(
  engine: Engine,
  from: number,
  nameOf: LookNames['nameOf'],
  read: (camera: string, until: number) => Promise<Reading>,
): Promise<LookList> {
  const now = engine.cloud.clock();
  const named = engine.known.names?.cameras.map(({ id }) => id) ?? [];
  const cameras = new Set([...named, ...engine.records.cameras()]);
  const readings = await Promise.all(
    [...cameras]
      .filter((camera) => engine.earliest(camera) !== null)
      .map((camera) => read(camera, now)),
  );
  const logs = readings.flatMap((reading) => reading.logs);
  // What was set for all cameras at once stands on the household's own pages.
  const forAll = (await read('household', now)).logs;
  const { roster } = engine.known;
  const acts = await actsIn([...logs, ...forAll], roster);
  return {
    looks: looksOf(logs, acts, from, { roster, self: engine.member.person, nameOf }),
    entries: logs.filter(({ leaf }) => leaf.at >= from).length,
    from,
    until: newestRun(engine.runs)?.tree.checkpoint.at ?? 0,
    closed: readings.reduce((sum, { closed }) => sum + closed.length, 0),
  };
}

/** The looks since a time in the record of some cameras, and what was set for them, newest first. */
export function looksOf(
  logs: readonly Log[],
  acts: readonly Act[],
  from: number,
  { roster, self, nameOf }: LookNames,
): Look[] {
  const looks = [
    ...views(logs).values(),
    ...talks(logs),
    ...openings(logs),
    ...rows(fetches(logs)),
  ];
  const raw = [...looks, ...acts.map(rowOf)];
  const named = (id: string): Named => ({ id, name: nameOf(id) });
  return raw
    .filter(({ at }) => at >= from)
    .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    .map(({ cameras, person, device, door = null, ...look }) => {
      const state = roster.stateAfter(roster.seqAt(look.at));
      const member = state.people.find((one) => one.id === person);
      return {
        ...look,
        door,
        person: named(person),
        device: named(device),
        role: member?.role ?? null,
        rights: member?.rights ?? [],
        mine: person === self,
        cameras: [...cameras].map(named),
      };
    });
}

const rowOf = ({ camera, ...act }: Act): Raw => ({
  ...{ ...act, cameras: new Set([camera]) },
  ...{ until: act.at, open: false, footage: null, count: 1 },
});

/** Live looks: a view has a leaf for each of its cameras when it begins, and one when it ends. */
function views(logs: readonly Log[]): Map<string, Raw> {
  const out = new Map<string, Raw>();
  for (const { leaf } of logs) {
    if (leaf.kind !== 'live') continue;
    const { view, camera, device, person, since, until } = leaf;
    let raw = out.get(view);
    if (raw === undefined) {
      const cameras = new Set<string>();
      const look = { id: view, kind: 'live' as const, person, device, cameras, at: since };
      raw = { ...look, until: since, open: true, footage: null, count: 1, set: null };
      out.set(view, raw);
    }
    raw.cameras.add(camera);
    if (leaf.state === 'ended') {
      raw.open = false;
      raw.until = Math.max(raw.until, until);
    }
  }
  return out;
}

/** Talk has a leaf when it begins, and one when it is over. */
function talks(logs: readonly Log[]): Raw[] {
  const out = new Map<string, Raw>();
  for (const { leaf } of logs) {
    if (leaf.kind !== 'talk') continue;
    const { act, camera, device, person, reply, since: at, until } = leaf;
    const over = leaf.state === 'ended';
    if (out.has(act) && !over) continue;
    const talk = { id: act, kind: 'talk' as const, person, device, cameras: new Set([camera]), at };
    const said = reply === undefined ? {} : { reply: reply.text };
    const rest = { footage: null, count: 1, set: null, ...said };
    out.set(act, { ...talk, until: over ? until : at, open: !over, ...rest });
  }
  return [...out.values()];
}

/** A door that is opened has a leaf before the lock is told, and one when it has answered. */
function openings(logs: readonly Log[]): Raw[] {
  const out = new Map<string, Raw>();
  for (const { leaf } of logs) {
    if (leaf.kind !== 'open') continue;
    const { act, camera, device, person, since: at, outcome, door: name } = leaf;
    const over = leaf.state === 'ended';
    if (out.has(act) && !over) continue;
    const one = { id: act, kind: 'open' as const, person, device, cameras: new Set([camera]), at };
    const rest = { footage: null, count: 1, set: null, door: { name, outcome } };
    out.set(act, { ...one, until: at, open: false, ...rest });
  }
  return [...out.values()];
}

/** Looks at recordings: a statement has a leaf for each camera. */
function fetches(logs: readonly Log[]): Fetched[] {
  const out = new Map<string, Fetched>();
  for (const { leaf } of logs) {
    if (leaf.kind !== 'look') continue;
    const { fetch, purpose, camera, device, person, at } = leaf;
    const raw = out.get(fetch);
    if (raw === undefined) {
      const footage = { from: leaf.from, until: leaf.until };
      const look = { id: fetch, kind: purpose, person, device, cameras: new Set([camera]) };
      out.set(fetch, { ...look, at, until: at, open: false, footage, count: 1, set: null });
    } else raw.cameras.add(camera);
  }
  return [...out.values()].sort((a, b) => a.at - b.at);
}

/** What one device asks for in a row, of one kind and the same cameras, is one line; pictures, of any. */
function rows(all: readonly Fetched[]): Raw[] {
  const out: Raw[] = [];
  const last = new Map<string, Fetched>();
  for (const one of all) {
    const which = one.kind === 'tiles' ? '' : [...one.cameras].sort().join();
    const key = `${one.device}/${one.kind}/${which}`;
    const before = last.get(key);
    if (before === undefined || one.at - before.until > inRow[one.kind]) {
      last.set(key, one);
      out.push(one);
      continue;
    }
    before.until = one.at;
    before.count += 1;
    for (const camera of one.cameras) before.cameras.add(camera);
    before.footage = {
      from: Math.min(before.footage.from, one.footage.from),
      until: Math.max(before.footage.until, one.footage.until),
    };
  }
  return out;
}
