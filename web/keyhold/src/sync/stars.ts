// SPDX-License-Identifier: Apache-2.0

import { owned } from '../bytes.ts';
import type { Writable } from '../canon.ts';
import type { MomentLeaf, Pack } from '../manifest/leaf.ts';
import { hourOf } from '../manifest/page.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Names } from '../statement/names.ts';
import type { Op, Reply } from '../statement/request.ts';
import { around, openStar, touches, type StarSetting } from '../statement/star.ts';
import { Bringing, type Brought } from './bring.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Log } from './records.ts';
import { pastHour } from './runs.ts';
import { packDelay } from './timeline.ts';

/** A moment that is kept for longer than everything else. */
export interface Starred {
  readonly camera: string;
  readonly moment: number;
  /** Who starred it, by id and by name, and when. */
  readonly person: string;
  readonly name: string;
  readonly mine: boolean;
  readonly at: number;
  /** The cloud has no room for all of it: the hub tries again. */
  readonly waiting: boolean;
}

interface Kept {
  readonly setting: StarSetting;
  readonly objects: readonly string[];
  readonly waiting: boolean;
}

/** A leaf that names an object. */
type Stored = Log & { readonly leaf: Pack | MomentLeaf };

const patience = 10_000;
/** So often a star is made again that somebody else's came before. */
const tries = 3;
/** As many stars one reply lists, and as many replies there are at most of one camera. */
const [inReply, mostReplies] = [32, 40];
/** How long the hub's word on a camera is good for showing what is old. */
const fresh = 60_000;
/** How old a moment may be of which the hub knows by itself which packs it is. */
const recent = 10 * 60_000;
const [mostLeaves, mostText] = [8, 24 << 10];

/** Keeps moments, and lets them go (docs/protocol.md 7.4). */
export class Stars {
  /** The hub's newest word on each camera, and when it came. */
  private readonly known = new Map<
    string,
    { readonly kept: readonly Kept[]; readonly at: number }
  >();
  private readonly bringing: Bringing;

  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {
    this.bringing = new Bringing(engine, send, (camera, moment) => this.packs(camera, moment));
  }

  /** What is kept of a camera now, the oldest first; with what is older than all else still there. */
  async list(camera: string): Promise<Starred[]> {
    const { kept } = await this.ask(camera);
    for (const one of kept) await this.engine.steady(() => this.owed(one));
    const { roster, names } = this.engine.known;
    return kept.map(({ setting: { moment, device, at }, waiting }) => {
      const person = (roster.device(device) ?? roster.former(device))?.person ?? '';
      const name = names?.persons.find(({ id }) => id === person)?.name ?? '';
      return {
        camera,
        moment,
        at,
        person,
        name,
        mine: person === this.engine.member.person,
        waiting,
      };
    });
  }

  /** Brings a new hub those of the one before. */
  bring(was: Names | null): Promise<Brought> {
    return this.bringing.all(was);
  }

  /** Asks what is kept of a camera, unless that is known. A hub that is away says nothing, which is no fault. */
  async learn(camera: string): Promise<void> {
    const before = this.known.get(camera);
    if (before !== undefined && this.engine.cloud.clock() - before.at < fresh) return;
    await this.list(camera).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }

  /** Whether a pack is kept, by the hub's word. */
  has({ camera, object }: Pick<Pack, 'camera' | 'object'>): boolean {
    const kept = this.known.get(camera)?.kept ?? [];
    return kept.some(({ objects }) => objects.includes(object));
  }

  /** What is older than all that is kept is not there any more, but for what is starred. */
  there({ leaf }: Log): boolean {
    if (leaf.kind !== 'pack' && leaf.kind !== 'moment') return true;
    const past = pastHour(this.engine.cloud.clock());
    return hourOf(leaf.files[0]!.start) >= past || this.has(leaf);
  }

  private async ask(camera: string): Promise<{ kept: Kept[]; last: number }> {
    return this.engine.guarded(async () => {
      try {
        return await this.askAll(camera);
      } catch (error) {
        // Whoever came a moment ago stands in a newer roster.
        if (!(error instanceof RuleError && error.rule === 'signer')) throw error;
        await this.engine.syncAfresh();
        return this.askAll(camera);
      }
    });
  }

  private async askAll(camera: string): Promise<{ kept: Kept[]; last: number }> {
    const kept: Kept[] = [];
    let last = 0;
    for (let n = 0; n < mostReplies; n++) {
      const after = last > 0 ? { after: last } : {};
      const { result } = await this.send({ kind: 'stars', camera, ...after }, patience);
      const { roster } = this.engine.known;
      const stars = result.stars ?? [];
      for (const { statement, objects, waiting = false } of stars) {
        const setting = await openStar(statement, roster);
        const next = setting.camera === camera && setting.seq > last;
        must(next, 'signer', 'a star of another camera, or out of order');
        last = setting.seq;
        if (setting.on) kept.push({ setting, objects, waiting });
      }
      if (stars.length < inReply) break;
    }
    kept.sort((a, b) => a.setting.moment - b.setting.moment);
    this.known.set(camera, { kept, at: this.engine.cloud.clock() });
    return { kept, last };
  }

  /** Of an old moment the cloud owes the record of each pack that the hub names. */
  private async owed({ setting: { camera, moment }, objects }: Kept): Promise<void> {
    const { engine } = this;
    const old = hourOf(moment + around) < pastHour(engine.cloud.clock());
    if (!old || engine.atHome || objects.length === 0) return;
    const logs = await this.objects(camera, moment);
    const shown = objects.every((object) => logs.some(({ leaf }) => leaf.object === object));
    must(shown, 'seq-gap', 'the record of a moment that somebody has starred is not shown', {
      camera,
      from: moment - around,
      until: moment + around,
    });
  }

  /** The moments of a camera that are kept, with the packs of each. */
  async kept(camera: string): Promise<{ moment: number; objects: readonly string[] }[]> {
    const { kept } = await this.ask(camera);
    return kept.map(({ setting: { moment }, objects }) => ({ moment, objects }));
  }

  /** The leaves of a moment's packs, proved. */
  async packs(camera: string, moment: number): Promise<Log[]> {
    return (await this.objects(camera, moment)).filter(({ leaf }) => leaf.kind === 'pack');
  }

  /** The leaves that name an object of a moment. */
  private async objects(camera: string, moment: number): Promise<Stored[]> {
    const [from, until] = [moment - around - packDelay, moment + around + packDelay];
    const logs = await this.engine.records.logs(camera, hourOf(from), hourOf(until));
    return logs.filter((log): log is Stored => {
      const { leaf } = log;
      if (leaf.kind !== 'pack' && leaf.kind !== 'moment') return false;
      const end = Math.max(...leaf.files.map((file) => file.end));
      return touches(moment, leaf.files[0]!.start, end);
    });
  }

  /** Of a moment that is not quite new the hub is told which packs it is of. */
  private async leaves(camera: string, moment: number): Promise<Op['leaves']> {
    const { engine } = this;
    if (moment > engine.cloud.now() - recent) return undefined;
    const packs = await engine.steady(() => this.packs(camera, moment));
    let text = 0;
    const few = packs.filter(({ raw }) => (text += raw.length) <= mostText).slice(0, mostLeaves);
    return few.map(({ index, raw, run }) => ({ index, leaf: owned(raw), run }));
  }

  async set(camera: string, wish: number, on: boolean, attempt = 1): Promise<void> {
    const moment = Math.floor(wish);
    const leaves = on ? await this.leaves(camera, moment) : undefined;
    const { last } = await this.ask(camera);
    const { cloud, member, known } = this.engine;
    const { household, head } = known.roster;
    const at = cloud.now();
    const setting: StarSetting = {
      ...{ at, camera, device: member.device, head: head.hash, household },
      ...{ moment: Math.min(moment, at), on, seq: last + 1 },
    };
    const signed = await Envelope.signed(
      'star',
      setting as unknown as { [name: string]: Writable },
      member.signer,
    );
    const more = leaves === undefined || leaves.length === 0 ? {} : { leaves };
    try {
      await this.send({ kind: 'star', star: signed.encode(), ...more }, patience);
    } catch (error) {
      const again = error instanceof Refused && error.word === 'stale' && attempt < tries;
      if (!again) throw error;
      await this.engine.syncAfresh();
      await this.set(camera, wish, on, attempt + 1);
    }
  }
}
