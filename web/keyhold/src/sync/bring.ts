// SPDX-License-Identifier: Apache-2.0

import { base32, owned } from '../bytes.ts';
import { hourOf } from '../manifest/page.ts';
import { RuleError } from '../rule.ts';
import { eraOfRun } from '../statement/hubs.ts';
import type { Names } from '../statement/names.ts';
import type { Carried, Op, Proved } from '../statement/request.ts';
import { around, starOnRecord, type Mark } from '../statement/star.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import type { Log } from './records.ts';
import { pastHour } from './runs.ts';

/** What of the stars came along to a new hub. */
export interface Brought {
  readonly kept: number;
  /** Those that did not come along, or not all of what was recorded then. */
  readonly lost: readonly { readonly camera: string; readonly moment: number }[];
  /** There may be more that did not: the old hub could not say all, or the new one does not answer. */
  readonly more: boolean;
}

/** How far a star's leaf may be from the time that its signer gave. */
const aside = 2 * 60_000;
const patience = 10_000;
const tries = 3;
const [mostLeaves, mostText] = [8, 24 << 10];

/**
 * Brings a new hub what was starred under the one before, which that hub's document of names lists
 * (docs/protocol.md 7.4). Each star comes with the leaf that carries its signer's word and with
 * those of the moment's packs, proved to stand on the record as it was left behind.
 */
export class Bringing {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<unknown>,
    /** The leaves of a moment's packs. */
    private readonly packs: (camera: string, moment: number) => Promise<Log[]>,
  ) {}

  async all(was: Names | null): Promise<Brought> {
    let kept = 0;
    let more = was?.unstarred === true;
    const lost: Brought['lost'][number][] = [];
    const cameras = (was?.cameras ?? []).filter(({ stars }) => stars !== undefined);
    for (const { id, stars = [] } of cameras) {
      try {
        await this.engine.syncAfresh(); // where the record before ends is in the newest roster
        const gone = await this.of(id, stars);
        kept += stars.length - gone.length;
        lost.push(...gone.map(({ moment }) => ({ camera: id, moment })));
      } catch {
        more = true;
      }
    }
    return { kept, lost, more };
  }

  /** Those of a camera's stars that could not be brought, whole. */
  private async of(camera: string, stars: readonly Mark[]): Promise<Mark[]> {
    const lost: Mark[] = [];
    for (const mark of stars) {
      const found = await this.engine.steady(() => this.find(camera, mark));
      const taken =
        found !== null && (await this.told({ kind: 'carry-star', camera, carried: found.carried }));
      if (!taken || !found.whole) lost.push(mark);
    }
    const some = lost.length > 0 ? { lost: lost.length } : {};
    await this.told({ kind: 'carry-star', camera, ...some });
    return lost;
  }

  /** Whether the hub takes it. One that has just been put in takes a while to answer. */
  private async told(op: Op, attempt = 1): Promise<boolean> {
    try {
      await this.send(op, patience);
      return true;
    } catch (error) {
      if (error instanceof Refused) return false;
      if (error instanceof RuleError || attempt === tries) throw error;
      return this.told(op, attempt + 1);
    }
  }

  private async find(
    camera: string,
    mark: Mark,
  ): Promise<{ carried: Carried; whole: boolean } | null> {
    const star = await this.star(camera, mark);
    if (star === null) return null;
    const packs = await this.packs(camera, mark.moment);
    const old = hourOf(mark.moment + around) < pastHour(this.engine.cloud.clock());
    let text = 0;
    const left = packs.filter((log) => this.left(log));
    const few = left.slice(0, mostLeaves).filter(({ raw }) => (text += raw.length) <= mostText);
    const carried = {
      epoch: star.epoch,
      packs: await Promise.all(few.map((log) => this.proved(log))),
      star: await this.proved(star),
    };
    return { carried, whole: few.length === left.length && (packs.length > 0 || !old) };
  }

  private left({ run }: Log): boolean {
    return eraOfRun(this.engine.known.roster, run).left !== null;
  }

  /** The leaf of a star on the record that was left behind. */
  private async star(camera: string, { at, moment }: Mark): Promise<Log | null> {
    const { records, known } = this.engine;
    for (const log of await records.logs(camera, hourOf(at - aside), hourOf(at + aside))) {
      if (log.leaf.kind !== 'star' || !this.left(log)) continue;
      const set = await starOnRecord(log.leaf, known.roster);
      if (set.on && set.at === at && set.moment === moment) return log;
    }
    return null;
  }

  private async proved({ index, raw, run }: Log): Promise<Proved> {
    const { tree } = this.engine.runs.get(run)!;
    return { index, leaf: owned(raw), proof: (await tree.prove(index)).map(base32), run };
  }
}
