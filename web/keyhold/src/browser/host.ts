// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { CameraReport } from '../statement/request.ts';
import { Roster } from '../statement/roster.ts';
import { Cloud } from '../sync/cloud.ts';
import { Founding, readCode } from '../sync/create.ts';
import { Engine, type Known } from '../sync/engine.ts';
import { Fault } from '../sync/fault.ts';
import { HomeSession } from '../sync/home.ts';
import { join, readLink, type FreshDevice, type Joined } from '../sync/join.ts';
import type { Member } from '../sync/member.ts';
import { nothingSeen, type Store } from '../sync/store.ts';
import { canMakeDevice, makeDevice, useDevice, type KeptDevice } from './keys.ts';
import type {
  Beginning,
  CameraState,
  CreateStep,
  Founded,
  FromWorker,
  JoinStep,
  Phase,
} from './wire.ts';

interface KeptMember {
  readonly household: string;
  readonly person: string;
  readonly device: KeptDevice;
}

/** The worker's side of a household: from keys in a store to what a page shows. */
export class Host {
  private phase: Phase = 'starting';
  private session: HomeSession | null = null;
  private founding: { work: Founding; device: KeptDevice } | null = null;
  /** A try to join that did not end: the inviter may have answered it meanwhile. */
  private joining: { link: string; device: KeptDevice } | null = null;
  private reports: readonly CameraReport[] = [];
  private readonly pictured = new Set<string>();
  /** What was told last, so that a page hears of changes alone. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly cloud: Cloud,
    private readonly store: Store,
    private readonly tell: (message: FromWorker, transfer?: Transferable[]) => void,
  ) {}

  async start(): Promise<void> {
    const kept = await this.store.get<KeptMember>('member');
    const chain = await this.store.get<Bytes[]>('roster');
    if (kept === undefined || chain === undefined) {
      this.setPhase((await canMakeDevice()) ? 'anonymous' : 'unable');
      return;
    }
    const roster = await Roster.replay(chain, kept.household);
    this.enter(kept, useDevice(kept.device), roster);
    this.setPhase('ready');
    await this.session?.start();
  }

  private setPhase(phase: Phase): void {
    this.phase = phase;
    this.tell({ phase });
  }

  /** The open household; calls that need one come after `ready`. */
  home(): HomeSession {
    if (this.session === null)
      throw new Fault('not-allowed', 'this browser has joined no household');
    return this.session;
  }

  async join(link: string, deviceName: string, onStep: (step: JoinStep) => void): Promise<void> {
    const invitation = readLink(link);
    await this.become(async () => {
      onStep('keys');
      await this.cloud.checkClock();
      const kept = this.joining?.link === link ? this.joining.device : await makeDevice();
      this.joining = { link, device: kept };
      onStep('asking');
      const device = useDevice(kept);
      const joined = await join(this.cloud, invitation, device, deviceName, () => onStep('hub'));
      await this.keep(kept, joined);
      this.joining = null;
      onStep('history');
      this.enter(memberOf(kept, joined), device, joined.roster);
      await this.session?.start();
    });
  }

  async create(wish: Founded, onStep: (step: CreateStep) => void): Promise<Beginning> {
    if (this.phase === 'ready') throw new Fault('already-joined', 'this browser has a household');
    const code = readCode(wish.hubCode);
    onStep('finding');
    await this.withClock(() => this.cloud.checkClock());
    let kept: KeptDevice | null = null;
    const work = await Founding.prepare(
      this.cloud,
      code,
      async () => {
        kept = await makeDevice();
        return useDevice(kept);
      },
      wish,
      () => onStep('keys'),
    );
    this.founding = { work, device: kept! };
    return { sheetWords: work.words(), household: work.household() };
  }

  async confirmSheet(onStep: (step: CreateStep) => void): Promise<void> {
    const founding = this.founding;
    if (founding === null) throw new Fault('not-found', 'no household is being made');
    await this.become(async () => {
      onStep('hub');
      const joined = await founding.work.send();
      this.founding = null;
      await this.keep(founding.device, joined);
      this.enter(memberOf(founding.device, joined), useDevice(founding.device), joined.roster);
      await this.session?.start();
    });
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

  private async keep(device: KeptDevice, joined: Joined): Promise<void> {
    await this.store.set('seen', nothingSeen);
    await this.store.set('roster', joined.roster.chain);
    await this.store.set('member', memberOf(device, joined));
  }

  private enter(kept: KeptMember, device: FreshDevice, roster: Roster): void {
    const member: Member = {
      household: kept.household,
      person: kept.person,
      device: kept.device.id,
      signer: device.signer,
      reader: device.reader,
    };
    const engine: Engine = new Engine(this.cloud, member, roster, this.store, {
      trust: () => this.tellTrust(engine),
      known: (known) => this.tellKnown(known, member),
      grown: (cameras) => {
        this.session?.refresh(cameras);
        for (const camera of cameras) this.tell({ grown: camera });
      },
    });
    this.session = new HomeSession(engine, {
      reports: (reports) => {
        this.reports = reports;
        this.tellKnown(engine.known, member);
      },
      newest: (camera, picture) => {
        this.tell({ newest: { camera, picture } }, [picture.bitmap]);
        this.pictured.add(camera);
        this.tellKnown(engine.known, member);
      },
    });
    this.tellTrust(engine);
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
        clockOff: this.cloud.clockOff,
        lag: engine?.known.status?.lag ?? 0,
        alarms: engine?.alarms.all() ?? [],
      },
    });
  }

  private tellKnown({ roster, names }: Known, member: Member): void {
    if (names === null) return;
    this.tellChange({
      home: {
        id: member.household,
        person: names.persons.find((one) => one.id === member.person)?.name ?? '',
        device: names.devices.find((one) => one.id === member.device)?.name ?? '',
        zone: names.zone,
        since: roster.device(member.device)?.since ?? 0,
      },
    });
    const cameras = names.cameras.filter((camera) => camera.state === 'on');
    this.tellChange({ cameras: cameras.map(({ id, name }) => this.cameraState(id, name)) });
  }

  private cameraState(id: string, name: string): CameraState {
    const report = this.reports.find((one) => one.id === id);
    if (report?.state === 'lost') return { id, name, state: 'lost', lostSince: report.since };
    // A picture says more than a report of a minute ago.
    const waiting = report?.state !== 'recording' && !this.pictured.has(id);
    return { id, name, state: waiting ? 'waiting' : 'ok' };
  }
}

function memberOf(device: KeptDevice, { roster, person }: Joined): KeptMember {
  return { household: roster.household, person, device };
}
