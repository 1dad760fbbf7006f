// SPDX-License-Identifier: Apache-2.0

import { openChild, type ChildSetting } from '../statement/child.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Op, Reply } from '../statement/request.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';

const patience = 20_000;
/** So often a setting is made again where somebody else's came before, or the household has changed. */
const tries = 3;

/** Which cameras are in a child's room (docs/protocol.md 7.5). */
export class Children {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  /** The cameras that are, as their signers said it. */
  async list(): Promise<string[]> {
    return (await this.kept()).filter(({ on }) => on).map(({ camera }) => camera);
  }

  /** The cameras of which somebody has said whether they are. */
  async said(): Promise<ReadonlySet<string>> {
    return new Set((await this.kept()).map(({ camera }) => camera));
  }

  private async kept(): Promise<ChildSetting[]> {
    const { result } = await this.send({ kind: 'children' }, patience);
    const { roster } = this.engine.known;
    return Promise.all((result.children ?? []).map((one) => openChild(one, roster)));
  }

  async set(camera: string, on: boolean, attempt = 1): Promise<void> {
    const last = (await this.kept()).find((one) => one.camera === camera)?.seq ?? 0;
    await this.put(camera, on, last, attempt);
  }

  /** Says it to a hub that nobody has told yet. */
  first(camera: string, on: boolean): Promise<void> {
    return this.put(camera, on, 0, 1);
  }

  private async put(camera: string, on: boolean, last: number, attempt: number): Promise<void> {
    const { cloud, member, known } = this.engine;
    const { household, head } = known.roster;
    const setting = { at: cloud.now(), camera, device: member.device, head: head.hash };
    const signed = await Envelope.signed(
      'child',
      { ...setting, household, on, seq: last + 1 },
      member.signer,
    );
    try {
      await this.send({ kind: 'set-child', child: signed.encode() }, patience);
    } catch (error) {
      const stale = error instanceof Refused && error.word === 'stale';
      if (!stale || attempt >= tries) throw error;
      await this.engine.syncAfresh();
      return this.set(camera, on, attempt + 1);
    }
  }
}
