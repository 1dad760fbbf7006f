// SPDX-License-Identifier: Apache-2.0

import { base32, random } from '../bytes.ts';
import type { Roster } from '../statement/roster.ts';
import type { Cloud } from '../sync/cloud.ts';
import { Engine, type Events, type Known } from '../sync/engine.ts';
import { Fault } from '../sync/fault.ts';
import { HomeSession } from '../sync/home.ts';
import type { FreshDevice, Joined, JoinNames } from '../sync/join.ts';
import { keepRoster, keptRoster } from '../sync/kept.ts';
import { Leaving } from '../sync/leaving.ts';
import { Letters } from '../sync/letters.ts';
import { Moving, placeKey, type Place } from '../sync/moving.ts';
import type { Member } from '../sync/member.ts';
import { Members } from '../sync/members.ts';
import type { LookList } from '../sync/looks.ts';
import { namesOf, type Self } from '../sync/people.ts';
import type { Shown } from '../sync/gesture.ts';
import { Seconds } from '../sync/second.ts';
import { KeptLabels, nameAll, shownTo } from '../sync/shown.ts';
import { nothingSeen, type Store } from '../sync/store.ts';
import { cameraState } from './camera-state.ts';
import type { PageClouds } from './clouds.ts';
import { canMakeDevice, useDevice, type KeptDevice, type KeptMember } from './keys.ts';
import { Newcomer } from './newcomer.ts';
import { moveId, type FromWorker, type Phase } from './wire.ts';

interface Session {
  readonly home: HomeSession;
  readonly members: Members;
  readonly leaving: Leaving;
  readonly seconds: Seconds;
  readonly self: Self;
}

/** The worker's side of a household: from keys in a store to what a page shows. */
export class Host {
  private phase: Phase = 'starting';
  private session: Session | null = null;
  private readonly pictured = new Set<string>();
  readonly newcomer: Newcomer;
  private readonly labels: KeptLabels;
  private readonly move: Moving;
  private cloud: Cloud;
  /** The change by which the cloud that was left is to erase everything. */
  private erasingLeft = '';
  /** What was told last, so that a page hears of changes alone. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly clouds: PageClouds,
    private readonly store: Store,
    private readonly tell: (message: FromWorker, transfer?: Transferable[]) => void,
    /** The household is with another cloud from here on. */
    private readonly moved: () => void,
  ) {
    this.labels = new KeptLabels(store);
    this.cloud = clouds.first();
    this.newcomer = new Newcomer(this.cloud, {
      belongs: () => this.phase === 'ready',
      become: (work) => this.become(work),
      withClock: (work) => this.withClock(work),
      settle: (kept, device, joined, names) => this.settle(kept, device, joined, names),
    });
    const parts = () => ({ engine: this.home().engine, commands: this.home().commands });
    this.move = new Moving(parts, store, clouds, {
      state: (moving) => this.tellChange({ moving }),
      rest: () => this.session?.home.rest(),
      settled: async () => {
        await this.moveAlong();
        this.moved();
      },
    });
  }

  /** Opens what this browser keeps; whether it belongs to a household. Nothing is asked of anybody yet. */
  async open(): Promise<boolean> {
    const kept = await this.store.get<KeptMember>('member');
    const roster = kept && (await keptRoster(this.store, kept.household));
    if (kept === undefined || roster === undefined) {
      this.setPhase((await canMakeDevice()) ? 'anonymous' : 'unable');
      return false;
    }
    this.cloud = await this.clouds.of(await this.store.get<Place>(placeKey));
    this.enter(kept, useDevice(kept.device), roster);
    await this.move.load();
    this.setPhase('ready');
    return true;
  }

  /** The first look at everything; later ones come by themselves. */
  async start(): Promise<void> {
    await this.begin();
    this.move.resume();
    if (!this.move.going()) void this.followGiven();
  }

  /** Another window of this browser has settled elsewhere. */
  movedElsewhere(): Promise<void> {
    this.move.stop();
    return this.moveAlong();
  }

  /** Goes on with the cloud where this browser has settled meanwhile. */
  private async moveAlong(): Promise<void> {
    const kept = await this.store.get<KeptMember>('member');
    const roster = kept && (await keptRoster(this.store, kept.household));
    if (this.session === null || kept === undefined || roster === undefined) return;
    this.session.home.close();
    this.session.members.close();
    this.cloud = await this.clouds.of(await this.store.get<Place>(placeKey));
    this.enter(kept, useDevice(kept.device), roster);
    await this.move.load();
    await this.begin();
  }

  /**
   * `keyhold app` was started with another cloud than the one where this browser has settled:
   * perhaps the household is there. If it is not, the browser stays where it is.
   */
  private async followGiven(): Promise<void> {
    const settled = await this.store.get<Place>(placeKey);
    try {
      const given = await this.clouds.given();
      if (settled === undefined) await this.remember();
      else if (given !== settled.url) await this.move.follow(given);
    } catch {
      // It is not there, or nobody answers: nothing has changed.
    }
  }

  /** Keeps where the household is, once something of it was proved there. */
  private async remember(): Promise<void> {
    const { checkedAt, alarms } = this.home().engine;
    if (checkedAt === null || alarms.all().length > 0) return;
    const place: Place = { to: await this.cloud.key(), url: await this.clouds.given() };
    await this.store.set(placeKey, place);
  }

  /** Where the household's cloud is; this program may have been started with another. */
  async cloudAddress(): Promise<string> {
    const settled = this.session === null ? undefined : await this.store.get<Place>(placeKey);
    return settled?.url ?? (await this.clouds.given());
  }

  moving(): Moving {
    this.opened();
    return this.move;
  }

  eraseLeft(): string {
    const left = this.move.left();
    if (left === null) throw new Fault('not-found', 'no cloud was left');
    const id = base32(random(8));
    this.leaving().eraseAll(id, left.to);
    this.erasingLeft = id;
    return id;
  }

  private setPhase(phase: Phase): void {
    this.phase = phase;
    this.tell({ phase });
  }

  private async begin(): Promise<void> {
    await this.labels.load();
    await this.session?.members.start();
    // The cloud that the hub was told to leave has nothing new to say.
    if (!this.move.going()) await this.session?.home.start();
  }

  private opened(): Session {
    if (this.session === null)
      throw new Fault('not-allowed', 'this browser has joined no household');
    return this.session;
  }

  /** The open household; calls that need one come after `ready`. */
  home(): HomeSession {
    return this.opened().home;
  }

  members(): Members {
    return this.opened().members;
  }

  leaving(): Leaving {
    return this.opened().leaving;
  }

  seconds(): Seconds {
    return this.opened().seconds;
  }

  eraseAll(): string {
    const id = base32(random(8));
    this.leaving().eraseAll(id);
    return id;
  }

  /** The digits that the hub shows, or a passkey's word, for whatever waits for them. */
  code(id: string, shown: Shown): void {
    this.members().code(id, shown);
    this.leaving().code(id, shown);
    if (id === moveId) this.move.code(shown);
  }

  cancel(id: string): void {
    this.members().cancel(id);
    this.leaving().cancel(id);
    if (id === moveId) void this.move.giveUp();
  }

  /** Deletes this browser's keys and everything that it keeps; the page starts anew afterwards. */
  async forget(): Promise<void> {
    this.session?.home.close();
    this.session?.members.close();
    this.move.stop();
    this.session = null;
    await this.store.clear();
  }

  private async become(work: () => Promise<void>): Promise<void> {
    if (this.phase !== 'anonymous')
      throw new Fault('already-joined', 'this browser has a household');
    this.setPhase('joining');
    try {
      await this.withClock(work);
      this.setPhase('ready');
    } catch (error) {
      this.setPhase(this.session === null ? 'anonymous' : 'ready');
      throw error;
    }
  }

  /** Before there is a household nobody else tells of a clock that is wrong. */
  private async withClock<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      if (this.session === null) this.tellTrust(null);
    }
  }

  /** Keeps what this browser has become, and opens it. */
  private async settle(
    kept: KeptDevice,
    device: FreshDevice,
    { roster, person }: Joined,
    names: JoinNames,
  ): Promise<void> {
    const member: KeptMember = { household: roster.household, person, device: kept, names };
    await this.store.set('seen', nothingSeen);
    await keepRoster(this.store, roster);
    await this.store.set('member', member);
    this.enter(member, device, roster);
    await this.begin();
    await this.remember().catch(() => undefined);
  }

  private enter(kept: KeptMember, device: FreshDevice, roster: Roster): void {
    const member: Member = {
      household: kept.household,
      person: kept.person,
      device: kept.device.id,
      signer: device.signer,
      reader: device.reader,
    };
    const { deviceName = '', personName = '' } = kept.names ?? {};
    const self: Self = { device: member.device, person: member.person, deviceName, personName };
    // What the cloud that was left answers late is nobody's word any more.
    const stands = (): boolean => this.session?.home.engine === engine;
    const events: Events = {
      trust: () => {
        if (!stands()) return;
        this.tellTrust(engine);
        this.tellBelonging(engine);
      },
      known: (known) => {
        if (!stands()) return;
        this.labels.take(known.labels);
        this.tellWatched(engine, self);
        this.tellChange({ erasing: this.session?.leaving.state() ?? null });
        this.tellHubAsks(self);
        void this.session?.members.look();
      },
      grown: (cameras) => {
        if (!stands()) return;
        this.session?.home.refresh(cameras);
        for (const camera of cameras) this.tell({ grown: camera });
      },
    };
    const way = this.clouds.way(this.store);
    const engine: Engine = new Engine(this.cloud, member, roster, this.store, events, way);
    const letters = new Letters(engine);
    const home = new HomeSession(engine, {
      reports: () => {
        this.tellTrust(engine);
        this.tellKnown(engine.known, self);
      },
      newest: (camera, picture) => {
        this.tell({ newest: { camera, picture } }, [picture.bitmap]);
        this.pictured.add(camera);
        this.tellKnown(engine.known, self);
      },
      mail: (delivery) => letters.take(delivery),
      looked: (device, at) => this.session?.members.noteLook(device, at),
      watched: () => this.tellWatched(engine, self),
      rang: (rang) => this.tell({ rang }),
      viewEnded: (view, word) => {
        // A right may have ended with it, by the clock.
        this.tellKnown(engine.known, self);
        this.tell({ ended: { view, word } });
      },
    });
    const members = new Members(engine, home.commands, this.store, () => self, {
      state: (state) => this.tellChange({ members: state }),
      invitation: (id, phase) => this.tell({ invitation: { id, phase } }),
      change: (id, phase) => this.tell({ change: { id, phase } }),
    });
    const leaving = new Leaving(
      engine,
      home.commands,
      this.store,
      () => self,
      (id, phase) => {
        if (id === this.erasingLeft && phase.step === 'done') void this.move.erasedLeft();
        this.tell({ change: { id, phase } });
      },
    );
    const seconds = new Seconds(engine, letters, () => this.tellHubAsks(self));
    this.session = { home, members, leaving, seconds, self };
    this.tellTrust(engine);
  }

  /** A device that was removed has nothing left to show; a cloud that only says so may think again. */
  private tellBelonging({ known, member, refused, checking }: Engine): void {
    const gone = refused || known.roster.device(member.device) === null;
    if (this.phase === 'ready' && gone) {
      this.setPhase('gone');
      void this.session?.members.look();
    } else if (this.phase === 'gone' && !gone && !checking) this.setPhase('ready');
  }

  /** What other owners want this person's signature for. */
  private tellHubAsks(self: Self): void {
    if (this.session === null) return;
    const { names } = this.session.home.engine.known;
    this.tellChange({ hubAsks: this.session.seconds.views(namesOf(names, self)) });
  }

  private tellChange(message: FromWorker): void {
    const [name] = Object.keys(message);
    const text = JSON.stringify(message);
    if (this.told.get(name!) === text) return;
    this.told.set(name!, text);
    this.tell(message);
  }

  private tellTrust(engine: Engine | null): void {
    this.tellChange({
      trust: {
        checking: engine?.checking ?? false,
        checkedAt: engine?.checkedAt ?? null,
        hubHeardAt: engine?.known.heardAt ?? null,
        cloudReachable: engine?.reachable ?? true,
        atHome: engine?.atHome ?? false,
        hubAway: this.session?.home.reports.away ?? false,
        refused: engine?.refused ?? false,
        clockOff: this.cloud.clockOff,
        lag: engine?.known.status?.lag ?? 0,
        alarms: engine?.alarms.all() ?? [],
      },
    });
  }

  private tellKnown(known: Known, self: Self): void {
    const shown = shownTo(known, self, this.cloud.now(), this.labels.all());
    if (shown === null) return;
    this.tellChange({ home: shown.home });
    const { reports, watched } = this.session?.home ?? {};
    const off = watched?.off(nameAll(known.names, this.labels.all(), self)) ?? [];
    const stateOf = cameraState(reports?.cameras ?? [], this.pictured, off);
    this.tellChange({ cameras: shown.cameras.map(stateOf) });
  }

  private tellWatched(engine: Engine, self: Self): void {
    const nameOf = nameAll(engine.known.names, this.labels.all(), self);
    this.tellKnown(engine.known, self);
    this.tellChange({ watched: this.session?.home.watched.views(nameOf) ?? [] });
  }

  /** Everything that was looked at since a time. For those who may know of the others. */
  looks(from: number): Promise<LookList> {
    const { home, self } = this.opened();
    return home.looks(from, nameAll(home.engine.known.names, this.labels.all(), self));
  }
}
