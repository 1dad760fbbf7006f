// SPDX-License-Identifier: Apache-2.0

import type { Identity } from '../crypto/age.ts';
import { back, begins, checkRange, checkTurn } from '../manifest/era.ts';
import {
  checkNumbers,
  checkPage,
  hourOf,
  parsePage,
  patience,
  type Entry,
} from '../manifest/page.ts';
import { off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { eraOfRun, type Era } from '../statement/hubs.ts';
import type { Roster } from '../statement/roster.ts';
import type { PageRef } from './cloud.ts';
import { Expired, NoKey, NotYet, type Epochs } from './epochs.ts';
import { Fault } from './fault.ts';
import { newestRun, retention, type Run } from './runs.ts';

/** A leaf that was proved to stand in a run of the hub's tree. */
export interface Log extends Entry {
  readonly run: string;
  /** That of its page. */
  readonly epoch: string;
}

/** What a reader learns of some hours of a camera. */
export interface Reading {
  readonly logs: Log[];
  /** Hours with a page that this device was never given the key of. */
  readonly closed: readonly number[];
}

interface Page {
  readonly ref: PageRef;
  readonly entries: readonly Entry[];
  /** How many of the entries were proved, under the tree of that time. */
  proved: number;
}

const hourLong = 3_600_000;
const day = 24 * hourLong;

/**
 * The hub's record as pages, for each camera in the order in which it was written. Pages are read
 * when somebody asks, proved leaf by leaf, and kept in memory.
 */
export class Records {
  private pages = new Map<string, PageRef[]>();
  private readonly read = new Map<string, Promise<Page>>();

  constructor(
    private readonly fetchPage: (page: PageRef) => Promise<Uint8Array>,
    private readonly epochs: () => Epochs,
    private readonly runs: () => ReadonlyMap<string, Run>,
    private readonly roster: () => Roster,
    private readonly now: () => number,
    /** The hub itself hands them out, which no longer has all of them. */
    private readonly home: () => boolean = () => false,
  ) {}

  /**
   * Takes what the cloud lists for the hours from `hour` on (pages of the household: all). Returns
   * the cameras whose pages changed.
   */
  list(listed: readonly PageRef[], hour: number): Set<string> {
    const runs = this.runs();
    const changed = new Set<string>();
    const next = new Map<string, PageRef[]>();
    const before = new Map<string, PageRef>();
    for (const [camera, refs] of this.pages) {
      for (const ref of refs) {
        before.set(nameOf(ref), ref);
        if (camera === 'household' || ref.hour >= hour || !runs.has(ref.run)) continue;
        push(next, camera, ref);
      }
    }
    for (const ref of listed) {
      if (!runs.has(ref.run) || (ref.camera !== 'household' && ref.hour < hour)) continue;
      push(next, ref.camera, ref);
      const old = before.get(nameOf(ref));
      if (old?.size !== ref.size || old.updated !== ref.updated) changed.add(ref.camera);
    }
    for (const refs of next.values()) {
      refs.sort((a, b) => runs.get(a.run)!.order - runs.get(b.run)!.order || a.hour - b.hour);
    }
    this.pages = next;
    return changed;
  }

  cameras(): string[] {
    return [...this.pages.keys()].filter((camera) => camera !== 'household');
  }

  refs(camera: string): readonly PageRef[] {
    return this.pages.get(camera) ?? [];
  }

  firstPage(camera: string, epoch: string): PageRef | null {
    return this.refs(camera).find((ref) => ref.epoch === epoch) ?? null;
  }

  /** Leaves of one page that the checkpoint covers, proved; the identity may be one on trial. */
  async page(ref: PageRef, identity: Identity): Promise<readonly Entry[]> {
    const run = this.runs().get(ref.run);
    if (run === undefined) return [];
    const page = await this.open(ref, identity);
    const { size } = run.tree.checkpoint;
    // A page is sent before the checkpoint that covers it, so its end may be newer.
    const covered = page.entries.findIndex((entry) => entry.index >= size);
    const entries = covered < 0 ? page.entries : page.entries.slice(0, covered);
    if (entries.length > page.proved) {
      const fresh = entries.slice(page.proved);
      checkPage(ref, fresh);
      checkRange(this.era(ref.run), leavesOf(fresh));
      await this.missing('a part of the hub’s hash tree', ref, () => run.tree.included(fresh));
      page.proved = Math.max(page.proved, entries.length);
    }
    return entries;
  }

  private open(ref: PageRef, identity: Identity): Promise<Page> {
    const key = `${nameOf(ref)}/${ref.size}/${ref.updated}`;
    let page = this.read.get(key);
    if (page === undefined) {
      page = this.load(ref, identity);
      this.read.set(key, page);
      page.catch(() => this.read.delete(key));
      // Earlier versions of the page are not asked for again.
      const name = nameOf(ref) + '/';
      for (const other of this.read.keys()) {
        if (other !== key && other.startsWith(name)) this.read.delete(other);
      }
    }
    return page;
  }

  private async load(ref: PageRef, identity: Identity): Promise<Page> {
    const sealed = await this.missing('a page of the hub’s record that the cloud lists', ref, () =>
      this.fetchPage(ref),
    );
    let plain: Uint8Array;
    try {
      plain = await identity.open(sealed);
    } catch (error) {
      throw new RuleError('file-hash', 'a page of the hub’s record does not open', {
        ...place(ref),
        cause: String(error),
      });
    }
    return { ref, entries: parsePage(plain), proved: 0 };
  }

  /**
   * The leaves of one camera for the hours `from` to `until`, without a hole. One page more on
   * either side is read where there is one: only then is the edge of the range proved.
   */
  async logs(camera: string, from: number, until: number): Promise<Log[]> {
    return (await this.reading(camera, from, until)).logs;
  }

  /** The same, and which of those hours stay closed to this reader. */
  async reading(camera: string, from: number, until: number): Promise<Reading> {
    const refs = this.refs(camera);
    const [low, high] = span(refs, from, until);
    const { stretches, closed } = await this.stretches(refs.slice(low, high));
    const logs: Log[] = [];
    for (const [i, stretch] of stretches.entries()) {
      const newest = i === stretches.length - 1 && high === refs.length;
      if (i === 0 && low === 0) this.checkStart(refs, stretch);
      const run = newestRun(this.runs());
      // Pages go ahead of their checkpoint: of a new camera there may be nothing under it yet.
      const tail = newest && run !== null && stretch.length > 0 ? run.tree.checkpoint.at : null;
      for (const turn of this.turns(stretch)) {
        const parts = this.partsOf(turn.logs, refs, closed);
        const after = stretch[stretch.indexOf(turn.logs.at(-1)!) + 1];
        const end = after === undefined ? tail : this.tooOld(after.leaf.at) ? null : turn.end;
        for (const part of parts) checkNumbers(part, part === parts.at(-1) ? end : null);
      }
      logs.push(...stretch);
    }
    const hours = closed.map(({ hour }) => hour);
    return { logs, closed: hours.filter((hour) => hour >= from && hour <= until) };
  }

  /** Parts a stretch by hubs. What one of them recorded goes on to the end that it left behind. */
  private turns(stretch: Log[]): { logs: Log[]; end: number }[] {
    const turns: { logs: Log[]; end: number; place: number }[] = [];
    for (const log of stretch) {
      const era = this.era(log.run);
      if (turns.at(-1)?.place !== era.place) {
        if (turns.length > 0 && !this.tooOld(log.leaf.at)) checkTurn(era, log);
        turns.push({ logs: [], end: 0, place: era.place });
      }
      const turn = turns.at(-1)!;
      turn.logs.push(log);
      turn.end = this.runs().get(log.run)?.tree.checkpoint.at ?? 0;
    }
    return turns;
  }

  private era(run: string): Era {
    return eraOfRun(this.roster(), run).era;
  }

  /** Pages whose keys this reader cannot have part the leaves: nothing is known of what lies between. */
  private async stretches(
    refs: readonly PageRef[],
  ): Promise<{ stretches: Log[][]; closed: PageRef[] }> {
    const pages = await Promise.all(refs.map((ref) => this.readable(ref)));
    const stretches: Log[][] = [[]];
    const closed: PageRef[] = [];
    for (const [i, entries] of pages.entries()) {
      const last = stretches.at(-1)!;
      if (typeof entries === 'string') {
        if (entries === 'closed') closed.push(refs[i]!);
        if (last.length > 0) stretches.push([]);
        continue;
      }
      const { run, epoch } = refs[i]!;
      for (const entry of entries) last.push({ ...entry, run, epoch });
    }
    const runs = this.runs();
    for (const stretch of stretches) {
      // Two epochs of one hour are two pages whose leaves follow each other in the tree.
      stretch.sort((a, b) => runs.get(a.run)!.order - runs.get(b.run)!.order || a.index - b.index);
    }
    return { stretches, closed };
  }

  private async readable(ref: PageRef): Promise<readonly Entry[] | 'closed' | 'expired'> {
    try {
      const entries = await this.page(ref, await this.epochs().identity(ref.camera, ref.epoch));
      this.epochs().checkUse(ref, entries);
      return entries;
    } catch (error) {
      if (error instanceof NotYet) return [];
      if (error instanceof NoKey) return error instanceof Expired ? 'expired' : 'closed';
      throw error;
    }
  }

  /** What the cloud itself lists, or its checkpoint implies, has to be there while it is kept. */
  private async missing<T>(what: string, ref: PageRef, get: () => Promise<T>): Promise<T> {
    try {
      return await get();
    } catch (error) {
      const gone = error instanceof Fault && error.kind === 'not-found';
      if (gone && (this.home() || this.tooOld(ref.hour * 3_600_000)))
        throw new Expired('older than what is kept');
      if (gone && !off('seq-gap')) {
        throw new RuleError('seq-gap', `${what} is not served`, place(ref));
      }
      throw error;
    }
  }

  /** With a day to spare: what is near its end may be gone from one question to the next. */
  private tooOld(at: number): boolean {
    return at < this.now() - (retention - day);
  }

  /** Whether what the hub wrote before a stretch is older than what is kept. */
  private nothingBefore(stretch: readonly Log[]): boolean {
    const old = this.now() - (retention - day);
    return this.tooOld(stretch[0]!.leaf.at) || back(stretch, old);
  }

  /** Whether there can honestly be nothing of an hour for this reader: no right, or no hub. */
  private unknowable(page: PageRef, hour: number, stretch: readonly Log[]): boolean {
    const from = hour * hourLong + patience;
    const until = (hour + 1) * hourLong - patience;
    const off = ({ leaf }: Log): boolean =>
      leaf.kind === 'gap' && leaf.from <= from && leaf.until >= until;
    return this.epochs().mayLack({ ...page, hour }) || stretch.some(off);
  }

  /**
   * Parts a stretch where numbers are missing that lie in a page which this reader cannot have the
   * key of: an epoch is announced before the last leaf of the one before it is written. Of the hours
   * between there has to be a page, or there can be none: such a page excuses no other.
   */
  private partsOf(stretch: Log[], refs: readonly PageRef[], closed: readonly PageRef[]): Log[][] {
    const parts: Log[][] = [[]];
    for (const [i, log] of stretch.entries()) {
      const before = parts.at(-1)!.at(-1);
      const hole = before !== undefined && log.leaf.seq > before.leaf.seq + 1;
      if (hole && this.nothingBefore(stretch.slice(i))) {
        // What lies between is older than what is kept: of it there is what somebody has starred.
        parts.push([]);
      } else if (hole) {
        const [from, until] = [hourOf(before.leaf.at), hourOf(log.leaf.at)];
        const page = closed.find(
          ({ hour, run }) =>
            hour >= from && hour <= until && (run === before.run || run === log.run),
        );
        if (page !== undefined && this.nothingBetween(page, from, until, refs, stretch)) {
          parts.push([]);
        }
      }
      parts.at(-1)!.push(log);
    }
    return parts;
  }

  private nothingBetween(
    page: PageRef,
    from: number,
    until: number,
    refs: readonly PageRef[],
    stretch: readonly Log[],
  ): boolean {
    const listed = new Set(refs.map((ref) => ref.hour));
    for (let hour = from + 1; hour < until; hour++) {
      if (!listed.has(hour) && !this.unknowable(page, hour, stretch)) return false;
    }
    return true;
  }

  /** Wants the first page that the cloud lists to be the first there is. */
  private checkStart(refs: readonly PageRef[], stretch: readonly Log[]): void {
    const first = stretch[0];
    const page = refs[0];
    if (off('seq-gap') || this.home() || first === undefined || page === undefined) return;
    if (begins(this.era(first.run), stretch)) return;
    const lacking = !this.epochs().has(page.camera, page.epoch) && this.epochs().mayLack(page);
    // Of what came before a right began the cloud shows nothing; of the hour before the first page
    // this reader then has to be one who can honestly know nothing.
    const begun = this.epochs().begins(page.camera) > 0;
    const early = begun && this.unknowable(page, page.hour - 1, stretch);
    if (lacking || early || this.nothingBefore(stretch)) return;
    throw new RuleError('seq-gap', "a camera's first leaves are missing", {
      ...place(page),
      seq: first.leaf.seq,
    });
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

const leavesOf = (entries: readonly Entry[]) => entries.map((entry) => entry.leaf);

function nameOf(ref: PageRef): string {
  return `${ref.run}/${ref.camera}/${ref.epoch}/${ref.hour}`;
}

function place(ref: PageRef): Record<string, unknown> {
  const from = ref.hour * 3_600_000;
  return { camera: ref.camera, run: ref.run, from, until: from + 3_600_000 };
}

/** Selects the pages of the hours `from` to `until` and one hour's pages on either side. */
function span(refs: readonly PageRef[], from: number, until: number): [number, number] {
  let low = refs.findIndex((ref) => ref.hour >= from && ref.hour <= until);
  let high = refs.findLastIndex((ref) => ref.hour >= from && ref.hour <= until) + 1;
  if (low < 0) {
    // None inside: the neighbours prove that there is nothing.
    low = refs.findIndex((ref) => ref.hour > until);
    if (low < 0) low = refs.length;
    high = low;
  }
  const same = (a: number, b: number): boolean =>
    refs[a]?.hour === refs[b]?.hour && refs[a]?.run === refs[b]?.run;
  if (low > 0) for (low--; low > 0 && same(low - 1, low);) low--;
  if (high < refs.length) for (high++; high < refs.length && same(high, high - 1);) high++;
  return [low, high];
}
