// SPDX-License-Identifier: Apache-2.0

import { equal, type Bytes } from '../bytes.ts';
import { openStatus } from '../manifest/era.ts';
import { patience } from '../manifest/page.ts';
import { must } from '../mutant.ts';
import { ruleOf } from '../rule.ts';
import type { Label, Names, Reply, Status } from '../statement/request.ts';
import type { Reason } from '../statement/rights.ts';
import { standingErasure } from '../statement/erasure.ts';
import { eraNow, eraOfRun } from '../statement/hubs.ts';
import { Roster } from '../statement/roster.ts';
import { Alarms } from './alarms.ts';
import type { Cloud, PageRef, SyncAnswer } from './cloud.ts';
import { Epochs } from './epochs.ts';
import { Fault } from './fault.ts';
import { checkHeard } from './heard.ts';
import { keepRoster } from './kept.ts';
import type { Member } from './member.ts';
import { readLabels } from './labels.ts';
import { erasureKey, type KeptErasure } from './leaving.ts';
import { checkHeadLeaf, checkRunLeaf, readNames } from './names.ts';
import { Records } from './records.ts';
import { Memory } from './memory.ts';
import { newestRun, readRuns, retention, type Run } from './runs.ts';
import type { Seen, Store } from './store.ts';
import { Told } from './told.ts';

/** What is known of the household after an answer was checked. */
export interface Known {
  readonly roster: Roster;
  /** Null for those who may not read them: they have labels. */
  readonly names: Names | null;
  /** Of the cameras that a viewer or guest may see now. */
  readonly labels: readonly Label[];
  readonly status: Status | null;
  /** When the cloud erases everything, as an owner told it; until then it shows nothing. */
  readonly erasing: { readonly due: number; readonly person: string } | null;
  /** The newest time under a signature of the hub. */
  readonly heardAt: number | null;
}

export interface Events {
  /** Trust changed: a check began or ended, an alarm, the hub's time. */
  readonly trust: () => void;
  readonly known: (known: Known) => void;
  /** Pages of these cameras changed. */
  readonly grown: (cameras: ReadonlySet<string>) => void;
}

const hour = 3_600_000;
const tries = 4;
const pause = 1_500;

/**
 * Asks the cloud what there is and believes only what is proved (docs/protocol.md 5.2). What fails
 * is an alarm; the state before it stays in force.
 */
export class Engine {
  readonly alarms: Alarms;
  readonly records: Records;
  readonly epochs: Epochs;
  known: Known;
  checking = false;
  checkedAt: number | null = null;
  looks = 0; // at the cloud, that have held
  reachable = true;
  /** The cloud knows no such device: it was removed, or the cloud says so. */
  refused = false;
  runs: ReadonlyMap<string, Run> = new Map();
  address = ''; // where the newest answer said that pages and tiles lie
  private syncing: Promise<void> | null = null;
  private listedOnce = false;
  private readonly told = new Told((run) => this.run(run)?.tree);
  private readonly memory: Memory;

  constructor(
    readonly cloud: Cloud,
    readonly member: Member,
    roster: Roster,
    private readonly store: Store,
    private readonly events: Events,
  ) {
    this.memory = new Memory(store);
    this.alarms = new Alarms(() => cloud.clock(), events.trust);
    this.known = { roster, names: null, labels: [], status: null, erasing: null, heardAt: null };
    this.records = new Records(
      (page: PageRef) => cloud.page(this.address, page),
      () => this.epochs,
      () => this.runs,
      () => this.known.roster,
      () => cloud.clock(),
    );
    this.epochs = new Epochs(
      member,
      (page, identity) => this.records.page(page, identity),
      (camera, epoch) => this.records.firstPage(camera, epoch),
      () => cloud.clock(),
    );
  }

  /** Runs one sync at a time. Raises alarms itself; rejects only where there was no answer. */
  sync(): Promise<void> {
    this.syncing ??= this.syncOnce().finally(() => (this.syncing = null));
    return this.syncing;
  }

  /** A sync that began after this call: its answer is from after whatever happened before. */
  async syncAfresh(): Promise<void> {
    await this.syncing?.catch(() => undefined);
    await this.sync();
  }

  /**
   * Hub, cloud and reader do not stand still together: a checkpoint may arrive between two
   * questions. So a proof that fails by being incomplete is asked for again before it is an alarm;
   * one that fails by being wrong is not.
   */
  async steady<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === tries || !incomplete(error)) {
          this.alarms.raise(error);
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      await this.syncAfresh();
    }
  }

  /** Raises an alarm for a refusal and hands every error on. */
  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.alarms.raise(error);
      throw error;
    }
  }

  private async syncOnce(): Promise<void> {
    this.checking = true;
    this.events.trust();
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.attempt();
          return;
        } catch (error) {
          if (attempt === tries || !incomplete(error)) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } catch (error) {
      // A refusal is an answer too.
      if (error instanceof Fault) {
        this.reachable = error.kind !== 'cloud-away';
        this.refused = error.kind === 'not-allowed';
      }
      if (!this.alarms.raise(error)) throw error;
    } finally {
      this.checking = false;
      this.events.trust();
    }
  }

  private async attempt(): Promise<void> {
    const now = this.cloud.clock();
    // The whole list once; afterwards only the hours that can still change.
    const from = this.listedOnce ? now - 2 * hour : Math.max(0, now - retention - 24 * hour);
    // The hub's clock may be ahead of this one; asking for more can do no harm.
    const until = now + hour;
    const { household, signer } = this.member;
    const asked = this.known.roster;
    const answer = await this.cloud.sync(household, signer, Math.floor(from), until);
    this.reachable = true;
    this.refused = false;
    await this.take(answer, Math.floor(from / hour), asked);
    this.listedOnce = true;
    this.checkedAt = this.cloud.clock();
    this.looks++;
  }

  private async take(answer: SyncAnswer, fromHour: number, asked: Roster): Promise<void> {
    const now = this.cloud.clock();
    const seen = await this.memory.seen();
    const roster = await this.takeRoster(answer.roster, asked);
    if (await this.takeErasure(answer, roster)) return;
    this.address = answer.address;
    const source = {
      tile: (run: string, level: number, n: number, width: number) =>
        this.cloud.tile(this.address, run, level, n, width),
    };
    const runs = await readRuns(answer, roster, seen.runs, source, this.runs, now);
    const status = await this.takeStatus(answer.status, roster, seen);
    await this.epochs.take(answer, roster);
    this.runs = runs;
    const changed = this.records.list(answer.pages, fromHour);
    const heardAt = heardOf(roster, newestRun(runs), status);
    // From here on what is proved counts, even where a later check raises an alarm.
    this.known = { ...this.known, roster: newer(this.known.roster, roster), status, heardAt };
    this.events.known(this.known);
    await this.memory.raise({ runs, status: status?.at ?? 0 });
    if (this.may('history', 'household') === '') await this.takeNames(answer.names, seen);
    else await this.takeLabels(answer.labels, seen);
    this.events.known(this.known);
    if (changed.size > 0) this.events.grown(changed);
    this.checkFrozen(status, heardAt);
  }

  /** Whether the cloud shows nothing because an owner wants it so. */
  private async takeErasure(answer: SyncAnswer, roster: Roster): Promise<boolean> {
    let erasing: Known['erasing'] = null;
    if (answer.erase.length > 0) {
      const to = await this.cloud.key();
      const { act, person } = await standingErasure(answer.erase, roster, to);
      must(act === 'erase', 'field', 'what is kept is not shown');
      erasing = { due: answer.eraseDue, person };
      const kept: KeptErasure = { statement: answer.erase, due: answer.eraseDue };
      if (this.known.erasing?.due !== kept.due) await this.store.set(erasureKey, kept);
    }
    if (erasing === null && this.known.erasing !== null) await this.store.delete(erasureKey);
    this.known = { ...this.known, roster: newer(this.known.roster, roster), erasing };
    if (erasing !== null) this.events.known(this.known);
    return erasing !== null;
  }

  /** The cloud owes what this device knew when it asked; a reply of the hub may bring a newer link meanwhile. */
  private async takeRoster(chain: readonly Bytes[], asked: Roster): Promise<Roster> {
    const before = this.known.roster;
    if (sameChain(before.chain, chain)) return before;
    const roster = await continued(before, chain);
    must(before.startsLike(roster), 'roster-fork', 'another chain than this device has seen');
    must(
      roster.head.seq >= asked.head.seq,
      'rolled-back',
      'the roster is older than one this device has seen',
      { seen: asked.head.seq, given: roster.head.seq },
    );
    if (roster.head.seq > before.head.seq) await keepRoster(this.store, roster);
    return newer(this.known.roster, roster);
  }

  private async takeStatus(raw: Bytes, roster: Roster, seen: Seen): Promise<Status | null> {
    if (raw.length === 0) {
      must(seen.status === 0, 'rolled-back', "the hub's status that this device has seen is gone");
      return null;
    }
    const { status, current } = await openStatus(raw, roster);
    must(
      status.at >= seen.status,
      'rolled-back',
      "the hub's status is older than one this device has seen",
      { seen: seen.status, given: status.at },
    );
    // What a replaced hub said last says nothing of the one in force.
    return current ? status : null;
  }

  /** Notes an alarm where the cloud shows less than the hub has sent, or nothing fresh. */
  private checkFrozen(status: Status | null, heardAt: number | null): void {
    try {
      if (heardAt !== null) checkHeard(heardAt, this.cloud.clock());
    } catch (error) {
      // Silence is not mended by asking again at once.
      if (!this.alarms.raise(error)) throw error;
    }
    this.told.check(status);
  }

  private async takeNames(sealed: Bytes, seen: Seen): Promise<void> {
    const logs = await this.householdLogs();
    for (const log of logs) {
      if (log.leaf.kind === 'run') await checkRunLeaf(log.leaf, this.runs, this.cloud.clock());
      if (log.leaf.kind === 'run' || log.leaf.kind === 'head') {
        checkHeadLeaf(log.leaf.head, this.known.roster);
      }
    }
    const read = await readNames(sealed, this.known.roster, this.records, this.epochs, logs, seen);
    if (read === null) return;
    this.known = { ...this.known, names: read.names, labels: [] };
    await this.memory.raise({ names: read.names.seq, namesHash: read.hash });
  }

  private async takeLabels(sealed: SyncAnswer['labels'], seen: Seen): Promise<void> {
    const { roster } = this.known;
    const labels = await readLabels(sealed, roster, this.records, this.epochs, seen.labels ?? {});
    this.known = { ...this.known, names: null, labels };
    await this.memory.raise({
      labels: Object.fromEntries(labels.map(({ camera, seq }) => [camera, seq])),
    });
  }

  /** Whether this device may do that now; empty for yes, else why not. */
  may(action: string, camera: string): Reason {
    return this.known.roster.may(this.member.device, action, camera, this.cloud.clock());
  }

  /** Nothing older of a camera is for this device; null where nothing is. */
  earliest(camera: string, action = 'history'): number | null {
    return this.known.roster.earliest(this.member.device, action, camera, this.cloud.clock());
  }

  /** Takes a link that the hub has just signed, whether the cloud shows it already or not. */
  async takeLink(raw: Bytes): Promise<void> {
    const { roster } = this.known;
    if (!roster.chain.some((one) => equal(one, raw))) {
      const next = await this.guarded(() => roster.append(raw));
      // The look at the cloud that followed the hub's reply may have been quicker.
      if (this.known.roster === roster) await this.moveTo(next);
    }
    await this.syncAfresh().catch(() => undefined);
  }

  /** Takes a longer chain, from wherever it comes. */
  async takeChain(chain: readonly Bytes[]): Promise<void> {
    await this.moveTo(await this.takeRoster(chain, this.known.roster));
  }

  private async moveTo(roster: Roster): Promise<void> {
    await keepRoster(this.store, roster);
    this.known = { ...this.known, roster };
    this.events.known(this.known);
  }

  /** The household's own leaves of the last day: they name the newest names and the run before. */
  private async householdLogs() {
    const until = Math.ceil(this.cloud.clock() / hour);
    // Every run begins with a leaf of the household, whose page went ahead of any checkpoint.
    const listed = this.records.refs('household').length > 0 || this.runs.size === 0;
    must(listed, 'seq-gap', "nothing of the household's own record is shown");
    return this.records.logs('household', until - 24, until);
  }

  /** The run of that name, as it was proved last. */
  run(name: string): Run | null {
    return this.runs.get(name) ?? null;
  }

  /** Refuses a camera without a single page, unless it came a moment ago. */
  mustHave(camera: string): void {
    const { names, labels } = this.known;
    const run = newestRun(this.runs);
    if (run === null || this.records.refs(camera).length > 0) return;
    const on = names?.cameras.some((one) => one.id === camera && one.state === 'on') ?? true;
    const named = names?.at ?? labels.find((one) => one.camera === camera)?.at;
    const young = named === undefined || run.tree.checkpoint.at - named <= patience;
    must(!on || young, 'seq-gap', "nothing of a camera's record is shown", { camera });
  }

  /** The hub's fresh word on what it has uploaded and on the roster's head. */
  async heard(reply: Reply): Promise<void> {
    this.told.note(reply);
    const heardAt = Math.max(this.known.heardAt ?? 0, reply.at);
    this.known = { ...this.known, heardAt };
    this.events.known(this.known);
    await this.syncAfresh();
    try {
      await this.told.checkReply(reply, this.known.roster);
    } catch (error) {
      if (!this.alarms.raise(error)) throw error;
    }
  }
}

/** The newest time under a signature of the hub in force, which signed the link that put it in. */
function heardOf(roster: Roster, newest: Run | null, status: Status | null): number | null {
  const { place, since } = eraNow(roster);
  const own = newest !== null && eraOfRun(roster, newest.name).era.current;
  const at = own ? newest.tree.checkpoint.at : 0;
  return Math.max(status?.at ?? 0, at, place > 0 ? since : 0) || null;
}

/** Of two that were verified, the one with more links; whether one is the other's beginning is asked elsewhere. */
function newer(known: Roster, given: Roster): Roster {
  return known.head.seq > given.head.seq ? known : given;
}

/** What was verified before is not verified again. */
async function continued(before: Roster, chain: readonly Bytes[]): Promise<Roster> {
  if (!sameChain(before.chain, chain.slice(0, before.chain.length))) {
    return Roster.replay(chain, before.household);
  }
  let roster = before;
  for (const link of chain.slice(before.chain.length)) roster = await roster.append(link);
  return roster;
}

function sameChain(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.length === b.length && a.every((one, i) => equal(one, b[i]!));
}

/** What may be right a moment later: something listed that has not arrived everywhere yet. */
function incomplete(error: unknown): boolean {
  const rule = ruleOf(error);
  return rule === 'seq-gap' || rule === 'frozen';
}
