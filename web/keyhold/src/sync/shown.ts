// SPDX-License-Identifier: Apache-2.0

import type { Label } from '../statement/names.ts';
import type { Roster } from '../statement/roster.ts';
import type { Known } from './engine.ts';
import { namesOf, type Named, type Self } from './people.ts';
import type { Store } from './store.ts';

/** What a page shows of the household to this device: everything by name, or what labels tell. */
export interface Shown {
  readonly home: {
    readonly id: string;
    readonly person: string;
    readonly device: string;
    readonly zone: string;
    readonly since: number;
    readonly former: readonly Named[];
  };
  readonly cameras: readonly ShownCamera[];
}

export interface ShownCamera {
  readonly id: string;
  readonly name: string;
  /** Where it is, if somebody has said so. */
  readonly room?: string;
  /** It takes sound at an address of its own, which only the hub knows. */
  readonly speaker?: true;
  /** It may be looked at live now. */
  readonly live: boolean;
  /** Why it may not be seen now. */
  readonly shut?: 'hours' | 'early' | 'ended';
}

/** Names of cameras that this device was told once: the cloud tells none outside of the hours. */
export type KeptLabel = Pick<Label, 'camera' | 'name' | 'zone'> & Partial<Pick<Label, 'room'>>;

const storeKey = 'labels';

export class KeptLabels {
  private list: readonly KeptLabel[] = [];

  constructor(private readonly store: Store) {}

  all(): readonly KeptLabel[] {
    return this.list;
  }

  async load(): Promise<void> {
    this.list = (await this.store.get<readonly KeptLabel[]>(storeKey)) ?? [];
  }

  take(labels: readonly Label[]): void {
    const before = JSON.stringify(this.list);
    const fresh = new Set(labels.map((one) => one.camera));
    this.list = [
      ...this.list.filter((one) => !fresh.has(one.camera)),
      ...labels.map(({ camera, name, room, zone }) => ({ camera, name, room, zone })),
    ].sort((a, b) => (a.camera < b.camera ? -1 : 1));
    if (JSON.stringify(this.list) !== before) {
      // What is lost here is told again with the next label.
      this.store.set(storeKey, this.list).catch(() => undefined);
    }
  }
}

/** Persons, devices and cameras by name, as far as this device was told. */
export function nameAll(
  names: Known['names'],
  labels: readonly KeptLabel[],
  self: Self,
): (id: string) => string {
  const people = namesOf(names, self);
  const cameras = new Map(labels.map(({ camera, name }) => [camera, name]));
  for (const { id, name } of names?.cameras ?? []) cameras.set(id, name);
  return (id) => cameras.get(id) ?? people(id);
}

/** Null as long as the household's names are not there. */
export function shownTo(
  { roster, names }: Known,
  self: Self,
  now: number,
  labels: readonly KeptLabel[],
): Shown | null {
  const all = roster.may(self.device, 'history', 'household', now) === '';
  if (all && names === null) return null;
  const nameOf = namesOf(names, self);
  const inState = (state: 'on' | 'removed') =>
    (names?.cameras ?? []).filter((camera) => camera.state === state);
  const live = (one: Omit<ShownCamera, 'live'>): ShownCamera => ({
    ...one,
    live: roster.may(self.device, 'live', one.id, now) === '',
  });
  const cameras =
    names === null
      ? limited(roster, self, now, labels)
      : inState('on').map(({ id, name, room, speaker }) => ({
          id,
          name,
          ...inRoom(room),
          ...(speaker === true ? { speaker } : {}),
        }));
  const zone = names?.zone ?? labels[0]?.zone ?? '';
  return {
    home: {
      id: roster.household,
      person: nameOf(self.person),
      device: nameOf(self.device),
      zone: zone === '' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone,
      since: roster.device(self.device)?.since ?? 0,
      former: inState('removed').map(({ id, name }) => ({ id, name })),
    },
    cameras: cameras.map(live),
  };
}

/** No room is none: nothing is said of it. */
function inRoom(room = ''): Pick<ShownCamera, 'room'> {
  return room === '' ? {} : { room };
}

/** Cameras of somebody's rights, with why they are shut; those that no label names yet as well. */
function limited(
  roster: Roster,
  self: Self,
  now: number,
  labels: readonly KeptLabel[],
): Omit<ShownCamera, 'live'>[] {
  const named = roster.personOf(self.device)?.rights.flatMap((right) => right.cameras) ?? [];
  const ids = new Set([...labels.map((one) => one.camera), ...named]);
  const out: Omit<ShownCamera, 'live'>[] = [];
  for (const id of [...ids].sort()) {
    const told = labels.find((one) => one.camera === id);
    const name = told?.name ?? '';
    const room = inRoom(told?.room);
    const reason = roster.may(self.device, 'history', id, now);
    if (reason === '') {
      if (name !== '') out.push({ id, name, ...room });
    } else if (reason === 'hours' || reason === 'early' || reason === 'ended') {
      out.push({ id, name, ...room, shut: reason });
    }
  }
  return out;
}
