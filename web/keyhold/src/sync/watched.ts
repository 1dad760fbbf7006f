// SPDX-License-Identifier: Apache-2.0

import { openWatching, type Looking, type TurnedOff } from '../statement/live.ts';
import type { Engine } from './engine.ts';
import type { Named } from './people.ts';

/** A list that nobody has said again for so long is no news any more. */
const forgotten = 150_000;

/** One view, as a page shows it. */
export interface WatchedView {
  readonly view: string;
  readonly cameras: readonly Named[];
  readonly person: Named;
  readonly device: Named;
  readonly since: number;
  /** Those of them by whose speaker they talk. */
  readonly talking: readonly Named[];
  /** By another device of the same person, or by this one. */
  readonly mine: boolean;
  readonly here: boolean;
}

/** A camera that is private. Only since when is known where the hub's list has not come. */
export interface TurnedOffCamera {
  readonly camera: string;
  readonly since: number;
  readonly person?: Named;
  readonly mine?: boolean;
  /** By what is set for all cameras; by hours of the week. */
  readonly home?: boolean;
  readonly hours?: boolean;
}

/** Who is watching live and what is private, by the hub's word (docs/protocol.md 14.3). */
export class Watched {
  private last = 0;
  private looks: readonly Looking[] = [];
  private talks: readonly Looking[] = [];
  private turnedOff: readonly TurnedOff[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly changed: () => void,
    /** A camera that was private is not any more. */
    private readonly again: () => void = () => undefined,
  ) {}

  close(): void {
    clearTimeout(this.timer);
  }

  /** Takes what the hub says. */
  async take(plain: Uint8Array): Promise<void> {
    const { known, member, cloud } = this.engine;
    const reader = { roster: known.roster, self: member.device, now: cloud.now() };
    const { at, looks, private: off, talks = [] } = await openWatching(plain, reader, this.last);
    // Another one may have been read meanwhile.
    if (at <= this.last) return;
    this.last = at;
    this.show(looks, off, talks);
  }

  private show(
    looks: readonly Looking[],
    off: readonly TurnedOff[],
    talks: readonly Looking[],
  ): void {
    clearTimeout(this.timer);
    const again = this.turnedOff.some(({ camera }) => !off.some((one) => one.camera === camera));
    this.looks = looks;
    this.talks = talks;
    this.turnedOff = off;
    const some = looks.length + off.length > 0;
    if (some) this.timer = setTimeout(() => this.show([], [], []), forgotten);
    this.changed();
    if (again) this.again();
  }

  /** The cameras that are private. */
  off(nameOf: (id: string) => string): TurnedOffCamera[] {
    return this.turnedOff.map(({ camera, home, hours, person, since }) => ({
      camera,
      since,
      person: { id: person, name: nameOf(person) },
      mine: person === this.engine.member.person,
      home,
      hours,
    }));
  }

  /** View by view, the oldest first. */
  views(nameOf: (id: string) => string): WatchedView[] {
    const { person: self, device: own } = this.engine.member;
    const out = new Map<string, WatchedView>();
    for (const { camera, device, person, since, view } of this.looks) {
      const one = { id: camera, name: nameOf(camera) };
      const before = out.get(view);
      out.set(view, {
        view,
        cameras: [...(before?.cameras ?? []), one],
        person: { id: person, name: nameOf(person) },
        device: { id: device, name: nameOf(device) },
        since,
        talking: this.talks
          .filter((talk) => talk.view === view)
          .map((talk) => ({ id: talk.camera, name: nameOf(talk.camera) })),
        mine: person === self,
        here: device === own,
      });
    }
    return [...out.values()];
  }
}
