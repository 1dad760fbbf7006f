// SPDX-License-Identifier: Apache-2.0

import type { File, MomentLeaf, Pack, PressLeaf } from '../manifest/leaf.ts';
import { RuleError } from '../rule.ts';
import { openAlert, type Alert } from '../statement/alert.ts';
import type { Bell, BellReport, Op, Reply } from '../statement/request.ts';
import type { Engine } from './engine.ts';
import type { Picture } from './pictures.ts';
import { Quiets } from './quiets.ts';
import type { Reading } from './records.ts';

/** What the hub has said at once. What is late was so, and is not any more. */
export interface Heard extends Alert {
  readonly late: boolean;
}

/** Presses of one camera that belong together: somebody who stood at the door. */
export interface Visit {
  readonly camera: string;
  /** When it began. */
  readonly at: number;
  readonly presses: readonly Press[];
}

export interface Press {
  readonly at: number;
  readonly number: number;
  /** There is a picture of that moment. */
  readonly picture: boolean;
}

export interface Snooze {
  readonly camera: string;
  readonly until: number;
}

export interface AlertParts {
  readonly rang: (ring: Heard) => void;
  /** The record of a camera between two times. */
  readonly records: (camera: string, from: number, until: number) => Promise<Reading>;
  readonly read: (pack: Pack, file: File) => Promise<Uint8Array>;
  readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>;
}

/** Presses of one camera this close to each other are one visit. */
const visit = 2 * 60_000;
const patience = 10_000;
/** A camera is asked whether it has a button at all. */
const bellPatience = 25_000;
const kept = 64;
/** The number of the newest alert that this device has heard. */
export const heardKey = 'alerted';

/** Who rings: what the hub says at once, and what stands on the record (docs/protocol.md 16). */
export class Alerts {
  /** The highest number before this worker was started, and the highest since. */
  private last: Promise<number>;
  private readonly moments = new Map<string, MomentLeaf>();
  /** As they were opened; a page gets a copy, which is its own. */
  private readonly pictures = new Map<string, Promise<ImageBitmap>>();
  readonly quiets: Quiets;

  constructor(
    private readonly engine: Engine,
    private readonly parts: AlertParts,
  ) {
    this.quiets = new Quiets(engine, parts.send);
    this.last = engine.store.get<number>(heardKey).then((last) => last ?? 0);
  }

  /** Takes what the hub says. What does not hold means nothing: anybody can seal something to this device. */
  async take(plain: Uint8Array): Promise<void> {
    const { known, member, cloud, store } = this.engine;
    const reader = { roster: known.roster, self: member.device, now: cloud.now() };
    try {
      const last = await this.last;
      const { alert, late } = await openAlert(plain, reader, last);
      if (alert.seq > (await this.last)) {
        this.last = Promise.resolve(alert.seq);
        const before = (await store.get<number>(heardKey)) ?? 0;
        if (alert.seq > before) await store.set(heardKey, alert.seq);
      }
      this.parts.rang({ ...alert, late: late !== '' });
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }

  /** Who rang since a time, newest first. */
  async visits(from: number): Promise<Visit[]> {
    const presses: PressLeaf[] = [];
    const { engine } = this;
    const now = engine.cloud.clock();
    const named = engine.known.names?.cameras.map(({ id }) => id) ?? [];
    const cameras = [...new Set([...named, ...engine.records.cameras()])];
    const seen = cameras.filter((camera) => engine.earliest(camera) !== null);
    const readings = seen.map((camera) => this.parts.records(camera, from, now));
    for (const { logs } of await Promise.all(readings)) {
      for (const { leaf } of logs) {
        if (leaf.kind === 'press' && leaf.pressed >= from) presses.push(leaf);
        if (leaf.kind === 'moment') this.moments.set(keyOf(leaf), leaf);
      }
    }
    return visitsOf(presses, (press) => this.moments.has(keyOf(press)));
  }

  /** The single picture of a moment; null where there is none. */
  async moment(camera: string, number: number): Promise<Picture | null> {
    const leaf = this.moments.get(keyOf({ camera, number }));
    const file = leaf?.files.find(({ kind }) => kind === 'thumbs');
    if (leaf === undefined || file === undefined) return null;
    const whole = await this.whole(leaf, file);
    return { at: file.start, bitmap: await createImageBitmap(whole) };
  }

  private whole(leaf: MomentLeaf, file: File): Promise<ImageBitmap> {
    const known = this.pictures.get(leaf.object);
    if (known !== undefined) return known;
    const picture = this.engine
      .guarded(() => this.parts.read({ ...leaf, kind: 'pack' }, file))
      .then((jpeg) => createImageBitmap(new Blob([jpeg as BlobPart], { type: 'image/jpeg' })));
    picture.catch(() => this.pictures.delete(leaf.object));
    this.pictures.set(leaf.object, picture);
    const [oldest] = this.pictures.keys();
    if (this.pictures.size > kept && oldest !== undefined) this.pictures.delete(oldest);
    return picture;
  }

  async snoozes(): Promise<readonly Snooze[]> {
    return (await this.parts.send({ kind: 'snoozes' }, patience)).result.snoozes ?? [];
  }

  async snooze(camera: string, until: number): Promise<void> {
    const op = { kind: 'snooze', camera, ...(until > 0 ? { until } : {}) };
    await this.parts.send(op, patience);
  }

  async bells(): Promise<readonly BellReport[]> {
    return (await this.parts.send({ kind: 'bells' }, patience)).result.bells ?? [];
  }

  /** Says by what a camera is heard to ring; a webhook's addresses come back. */
  async setBell(camera: string, bell: Bell): Promise<readonly string[]> {
    const { result } = await this.parts.send({ kind: 'set-bell', camera, bell }, bellPatience);
    return result.hooks ?? [];
  }
}

const keyOf = ({ camera, number }: { camera: string; number: number }): string =>
  `${camera}/${number}`;

/** Puts presses together by camera, as long as each follows within two minutes on the one before. */
export function visitsOf(
  leaves: readonly Pick<PressLeaf, 'camera' | 'number' | 'pressed'>[],
  pictured: (press: Pick<PressLeaf, 'camera' | 'number'>) => boolean,
): Visit[] {
  const out: { camera: string; at: number; presses: Press[] }[] = [];
  const open = new Map<string, { camera: string; at: number; presses: Press[] }>();
  for (const leaf of [...leaves].sort((a, b) => a.pressed - b.pressed)) {
    const { camera, number, pressed: at } = leaf;
    const press = { at, number, picture: pictured(leaf) };
    const before = open.get(camera);
    if (before !== undefined && at - before.presses.at(-1)!.at <= visit) {
      before.presses.push(press);
      continue;
    }
    const begun = { camera, at, presses: [press] };
    open.set(camera, begun);
    out.push(begun);
  }
  return out.sort((a, b) => b.presses.at(-1)!.at - a.presses.at(-1)!.at);
}
