// SPDX-License-Identifier: Apache-2.0

import type { Writable } from '../canon.ts';
import { Envelope } from '../statement/dsse.ts';
import { openKept, type Setting } from '../statement/private.ts';
import type { Op, Reply } from '../statement/request.ts';
import type { Hours } from '../statement/rights.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';

/** What is set for a camera, or for all of them (`household`). */
export interface PrivateSetting {
  readonly camera: string;
  readonly on: boolean;
  readonly hours: readonly Hours[];
  readonly zone: string;
  /** Who set it, and when. */
  readonly person: string;
  readonly at: number;
}

export type PrivateWish = Pick<PrivateSetting, 'on' | 'hours' | 'zone'>;

const patience = 10_000;
/** So often a setting is made again that somebody else's came before. */
const tries = 3;

/** Turns cameras off at their source, and on again (docs/protocol.md 7.2). */
export class Privates {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  /** What is set now, as its signers said it. */
  async list(): Promise<PrivateSetting[]> {
    const { roster } = this.engine.known;
    return (await this.kept()).map(({ camera, device, on, hours, zone, at }) => {
      const by = roster.device(device) ?? roster.former(device);
      return { camera, on, hours, zone, at, person: by?.person ?? '' };
    });
  }

  private async kept(): Promise<Setting[]> {
    const { result } = await this.send({ kind: 'privates' }, patience);
    const { roster } = this.engine.known;
    return Promise.all((result.privates ?? []).map((one) => openKept(one, roster)));
  }

  /** The cameras, and perhaps `household`, of which somebody has said what is private. */
  async said(): Promise<ReadonlySet<string>> {
    return new Set((await this.kept()).map(({ camera }) => camera));
  }

  /** Changes what is set; `change` is given what that is. */
  async set(camera: string, change: (now: PrivateWish) => PrivateWish): Promise<void> {
    await this.put(camera, (before) => change(before ?? { on: false, hours: [], zone: '' }));
  }

  /** Says it to a hub that nobody has told yet. Where somebody has, their word stays. */
  async first(camera: string, held: PrivateWish): Promise<void> {
    await this.put(camera, (before) => (before === undefined ? held : null));
  }

  /** Sets what `change` makes of what is set, unless that is null. */
  private async put(
    camera: string,
    change: (now: PrivateWish | undefined) => PrivateWish | null,
    attempt = 1,
  ): Promise<void> {
    const before = (await this.kept()).find((one) => one.camera === camera);
    const { cloud, member, known } = this.engine;
    const { household, head } = known.roster;
    const wish = change(before);
    if (wish === null) return;
    const setting: Setting = {
      at: cloud.now(),
      camera,
      device: member.device,
      head: head.hash,
      hours: wish.hours.map(({ days, from, until }) => ({ days: [...days], from, until })),
      household,
      on: wish.on,
      seq: (before?.seq ?? 0) + 1,
      zone: wish.hours.length > 0 ? wish.zone : '',
    };
    const signed = await Envelope.signed(
      'private',
      setting as unknown as { [name: string]: Writable },
      member.signer,
    );
    try {
      await this.send({ kind: 'private', private: signed.encode() }, patience);
    } catch (error) {
      const again = error instanceof Refused && error.word === 'stale' && attempt < tries;
      if (!again) throw error;
      await this.engine.syncAfresh();
      await this.put(camera, change, attempt + 1);
    }
  }
}
