// SPDX-License-Identifier: Apache-2.0

import { equal, type Bytes } from '../bytes.ts';
import { patience } from '../manifest/page.ts';
import { must } from '../mutant.ts';
import type { Label, Names } from '../statement/names.ts';
import type { Reply, Status } from '../statement/request.ts';
import type { Reason } from '../statement/rights.ts';
import { standingErasure } from '../statement/erasure.ts';
import { Roster } from '../statement/roster.ts';
import { Alarms } from './alarms.ts';
import { continued, newer, sameChain } from './chain.ts';
import { behind, checkHeldBack, checkStatus, heardOf, incomplete } from './checks.ts';
import type { Cloud, PageRef, SyncAnswer } from './cloud.ts';
import type { Door } from './door.ts';
import { Epochs } from './epochs.ts';
import { Fault } from './fault.ts';
import { checkHeard } from './heard.ts';
import { keepRoster } from './kept.ts';
import type { Member } from './member.ts';
import { erasureKey, type KeptErasure } from './leaving.ts';
import { labelsIn, namesIn, type NamingParts } from './naming.ts';
import { Records } from './records.ts';
import { Memory } from './memory.ts';
import { newestRun, readRuns, type Run } from './runs.ts';
import { Sides, type Given } from './sides.ts';
import type { Store } from './store.ts';
import { Told } from './told.ts';
import { Way } from './way.ts';

/** What is known of the household after an answer was checked. */
export interface Known {
  readonly roster: Roster;
  readonly names: Names | null; // null for those who may not read them: they have labels
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
  readonly sides: Sides;
  private syncing: Promise<void> | null = null;
  /** Who has listed everything once. */
  private listed: Door | null = null;
  private readonly told = new Told((run) => this.run(run)?.tree);
  private readonly memory: Memory;

  constructor(
    readonly cloud: Cloud,
    readonly member: Member,
    roster: Roster,
    readonly store: Store,
    private readonly events: Events,
    way = new Way(null, store, () => cloud.clock()),
  ) {
    this.sides = new Sides(cloud, way);
    this.memory = new Memory(store);
    this.alarms = new Alarms(() => cloud.clock(), events.trust);
    this.known = { roster, names: null, labels: [], status: null, erasing: null, heardAt: null };
    this.records = new Records(
      (page: PageRef) => this.sides.shown().page(page),
      () => this.epochs,
      () => this.runs,
      () => this.known.roster,
      () => cloud.clock(),
      () => this.atHome,
    );
    this.epochs = new Epochs(
      member,
      (page, identity) => this.records.page(page, identity),
      (camera, epoch) => this.records.firstPage(camera, epoch),
      () => cloud.clock(),
      () => this.atHome,
    );
  }

  /** What is shown comes from the hub itself, since the cloud is silent or has not caught up yet. */
  get atHome(): boolean {
    return this.sides.atHome;
  }

  /** Where the cloud's newest answer said that pages and tiles lie. */
  get address(): string {
    return this.sides.cloud.address;
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
        const hidden = this.known.erasing !== null;
        if (attempt === tries || !incomplete(error) || hidden) throw this.refusal(error);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      await this.syncAfresh();
    }
  }

  /** Raises an alarm for a refusal and hands every error on. Not from within a sync: it may ask for one. */
  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (incomplete(error)) await this.syncAfresh().catch(() => undefined);
      throw this.refusal(error);
    }
  }

  /** Raises the alarm that an error is. What an owner has ordered to be erased is shown to nobody: that is none. */
  private refusal(error: unknown): unknown {
    if (incomplete(error) && this.known.erasing !== null) {
      return new Fault('to-be-erased', 'nothing is shown any more');
    }
    this.alarms.raise(error);
    return error;
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
      if (error instanceof Fault) this.refused = error.kind === 'not-allowed';
      if (!this.alarms.raise(error)) throw error;
    } finally {
      this.checking = false;
      this.events.trust();
    }
  }

  private async attempt(): Promise<void> {
    const asked = this.known.roster;
    const { listed } = this;
    const now = this.cloud.clock();
    // The whole list once, with what is starred from long ago; afterwards only the hours that can still change.
    const from = (door: Door): number => Math.floor(listed === door ? now - 2 * hour : 0);
    const { household, signer } = this.member;
    await this.sides.ask(
      asked,
      // The hub's clock may be ahead of this one; asking for more can do no harm.
      (door, signal) => door.side.sync(household, signer, from(door), now + hour, signal),
      (given) => this.take(given, Math.floor(from(given.door) / hour), asked),
      (reachable) => (this.reachable = reachable),
    );
    this.refused = false;
    this.checkedAt = this.cloud.clock();
    if (!this.atHome) this.looks++;
  }

  private async take(
    { answer, door }: Given,
    fromHour: number,
    asked: Roster,
  ): Promise<'behind' | 'taken'> {
    const now = this.cloud.clock();
    const { way } = this.sides;
    const [seen, there] = [await this.memory.seen(), await way.seen()];
    const roster = await this.takeRoster(answer.roster, asked, door);
    if (await this.takeErasure(answer, roster)) return 'taken';
    door.address = answer.address;
    const runs = await readRuns(
      answer,
      roster,
      { seen: seen.runs, there: there.runs },
      door,
      this.runs,
      now,
    );
    const status = await checkStatus(answer.status, roster, seen);
    if (!door.home) checkHeldBack(answer.roster.length, status, roster);
    const heardAt = Math.max(heardOf(roster, newestRun(runs), status), there.heard) || null;
    if (!door.home) await this.memory.raise({ runs, status: status?.at ?? 0 });
    if (!door.home && this.atHome && behind(runs, this.runs)) {
      this.told.check(status, runs);
      return 'behind';
    }
    if (door.home) {
      await way.told(roster.head.seq, asked.head.seq);
      await way.saw(runs, heardAt ?? 0);
    } else await way.keepHanded(answer);
    this.sides.atHome = door.home;
    await this.epochs.take(door.home ? await way.withHanded(answer) : answer, roster);
    this.runs = runs;
    const changed = this.records.list(answer.pages, fromHour);
    // From here on what is proved counts, even where a later check raises an alarm.
    this.known = { ...this.known, roster: newer(this.known.roster, roster), status, heardAt };
    this.events.known(this.known);
    await this.takeNaming(answer, { seen, now, home: door.home });
    if (changed.size > 0) this.events.grown(changed);
    this.checkFrozen(status, heardAt);
    this.listed = door;
    return 'taken';
  }

  /** Whether the cloud shows nothing because an owner wants it so. */
  private async takeErasure(answer: SyncAnswer, roster: Roster): Promise<boolean> {
    let erasing: Known['erasing'] = null;
    if (answer.erase.length > 0) {
      const to = await this.sides.way.cloudKey(this.cloud);
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

  /**
   * The cloud owes what this device knew when it asked, but for what the hub alone has said, at home.
   * A reply of the hub may bring a newer link meanwhile.
   */
  private async takeRoster(
    chain: readonly Bytes[],
    asked: Roster,
    door: Door = this.sides.cloud,
  ): Promise<Roster> {
    const before = this.known.roster;
    if (sameChain(before.chain, chain)) {
      if (!door.home) await this.sides.way.shown(before.head.seq);
      return before;
    }
    const roster = await continued(before, chain);
    must(before.startsLike(roster), 'roster-fork', 'another chain than this device has seen');
    const { way } = this.sides;
    const [given, seen] = [roster.head.seq, asked.head.seq];
    must(
      given >= seen || (!door.home && (await way.ahead(given, seen))),
      'rolled-back',
      'the roster is older than one this device has seen',
      { seen, given },
    );
    if (!door.home) await way.shown(given);
    if (roster.head.seq > before.head.seq) await keepRoster(this.store, roster);
    return newer(this.known.roster, roster);
  }

  /** Notes an alarm where the cloud shows less than the hub has sent, or nothing fresh. */
  private checkFrozen(status: Status | null, heardAt: number | null): void {
    try {
      if (heardAt !== null) checkHeard(heardAt, this.cloud.clock());
    } catch (error) {
      // Silence is not mended by asking again at once.
      if (!this.alarms.raise(error)) throw error;
    }
    this.told.check(status, this.runs);
  }

  private async takeNaming(
    answer: SyncAnswer,
    more: Pick<NamingParts, 'seen' | 'now' | 'home'>,
  ): Promise<void> {
    const { records, epochs, runs } = this;
    const parts: NamingParts = { ...more, roster: this.known.roster, records, epochs, runs };
    const people = this.may('history', 'household') === '';
    const read = await (people ? namesIn(answer.names, parts) : labelsIn(answer.labels, parts));
    if (read !== null) {
      this.known = { ...this.known, names: read.names, labels: read.labels };
      if (!more.home) await this.memory.raise(read.raised);
    }
    this.events.known(this.known);
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

  /** The run of that name, as it was proved last. */
  run(name: string): Run | null {
    return this.runs.get(name) ?? null;
  }

  /** Refuses a camera without a single page, unless it came a moment ago. */
  mustHave(camera: string): void {
    const { names, labels } = this.known;
    const run = newestRun(this.runs);
    if (run === null || this.atHome || this.records.refs(camera).length > 0) return;
    const on = names?.cameras.some((one) => one.id === camera && one.state === 'on') ?? true;
    const named = names?.at ?? labels.find((one) => one.camera === camera)?.at;
    const young = named === undefined || run.tree.checkpoint.at - named <= patience;
    must(!on || young, 'seq-gap', "nothing of a camera's record is shown", { camera });
  }

  /** The hub's fresh word on what it has uploaded and on the roster's head; `home`: it came past the cloud. */
  async heard(reply: Reply, home = false): Promise<void> {
    this.told.note(reply);
    const heardAt = Math.max(this.known.heardAt ?? 0, reply.at);
    this.known = { ...this.known, heardAt };
    this.events.known(this.known);
    if (home) await this.sides.way.told(reply.head.seq, this.known.roster.head.seq);
    await this.syncAfresh();
    if (home) await this.followHome(reply.head.seq);
    try {
      await this.told.checkReply(reply, this.known.roster);
    } catch (error) {
      if (!this.alarms.raise(error)) throw error;
    }
  }

  /** Takes links of which the hub spoke at home from the hub: the cloud may not have heard of them. */
  private async followHome(seq: number): Promise<void> {
    const { roster } = this.known;
    const home = seq > roster.head.seq ? await this.sides.home(roster) : null;
    if (home === null) return;
    const now = this.cloud.clock();
    const { household, signer } = this.member;
    const { roster: chain } = await home.side.sync(household, signer, now - hour, now);
    await this.moveTo(await this.takeRoster(chain, roster, home));
  }
}
