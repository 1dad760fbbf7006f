// SPDX-License-Identifier: Apache-2.0

import type { Writable } from '../canon.ts';
import { Envelope } from '../statement/dsse.ts';
import { compareMasks, openMasks, type Mask, type MaskSetting } from '../statement/masks.ts';
import type { Op, Reply } from '../statement/request.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';

/** What is covered of a camera's picture. */
export interface Covered {
  readonly camera: string;
  readonly masks: readonly Mask[];
  /** What was covered before. */
  readonly before: readonly Mask[];
  /** Counts what was set. */
  readonly seq: number;
  /** Who set it, by id and by name, and when. */
  readonly person: string;
  readonly name: string;
  readonly mine: boolean;
  readonly at: number;
}

const patience = 20_000;
/** So often a setting is made again where only the household has changed. */
const tries = 3;

/** Covers parts of pictures (docs/protocol.md 7.3). */
export class Masks {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  /** What is set now, as its signers said it. */
  async list(): Promise<Covered[]> {
    const { roster, names } = this.engine.known;
    const out = new Map<string, Covered>();
    for (const { camera, masks, seq, at, device } of await this.kept()) {
      const person = (roster.device(device) ?? roster.former(device))?.person ?? '';
      const before = out.get(camera)?.masks ?? [];
      const mine = person === this.engine.member.person;
      out.set(camera, {
        ...{ camera, masks: masks.map((one) => ({ ...one })), before, seq },
        ...{ person, name: names?.persons.find(({ id }) => id === person)?.name ?? '', mine, at },
      });
    }
    return [...out.values()];
  }

  /** The cameras of which somebody has said what is covered. */
  async said(): Promise<ReadonlySet<string>> {
    return new Set((await this.kept()).map(({ camera }) => camera));
  }

  private async kept(): Promise<MaskSetting[]> {
    const { result } = await this.send({ kind: 'masks' }, patience);
    const { roster } = this.engine.known;
    return Promise.all((result.masks ?? []).map((one) => openMasks(one, roster)));
  }

  /** Sets what is covered, unless somebody else has since `last`: then nothing is set, and false. */
  async set(camera: string, masks: readonly Mask[], last: number, attempt = 1): Promise<boolean> {
    const { cloud, member, known } = this.engine;
    const { household, head } = known.roster;
    const setting: MaskSetting = {
      at: cloud.now(),
      camera,
      device: member.device,
      head: head.hash,
      household,
      masks: [...masks]
        .map(({ height, left, top, width }) => ({ height, left, top, width }))
        .sort(compareMasks)
        .filter((one, i, all) => i === 0 || compareMasks(all[i - 1]!, one) !== 0),
      seq: last + 1,
    };
    const signed = await Envelope.signed(
      'masks',
      setting as unknown as { [name: string]: Writable },
      member.signer,
    );
    try {
      await this.send({ kind: 'set-masks', masks: signed.encode() }, patience);
      return true;
    } catch (error) {
      if (!(error instanceof Refused && error.word === 'stale')) throw error;
      const newest = Math.max(
        0,
        ...(await this.kept()).map((one) => (one.camera === camera ? one.seq : 0)),
      );
      if (newest !== last) return false;
      if (attempt >= tries) throw error;
      await this.engine.syncAfresh();
      return this.set(camera, masks, last, attempt + 1);
    }
  }
}
