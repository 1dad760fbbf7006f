// SPDX-License-Identifier: Apache-2.0

import type { Fault, FaultKind } from '../sync/fault.ts';
import type { ExportProgress, Exported, Span, Stretch } from '../sync/home.ts';
import type { Picture } from '../sync/pictures.ts';
import type { Timeline } from '../sync/timeline.ts';
import { askToReturn, makePasskey, passkeysPossible, signByPasskey } from './passkey.ts';
import { Port } from './port.ts';
import { startWorker } from './start.ts';
import type { Right, Role } from '../statement/rights.ts';
import type { InvitePhase, OfferWish } from '../sync/inviting.ts';
import type { Offer } from '../statement/invite.ts';
import type { JoinNames } from '../sync/join.ts';
import type { Erased, Erasing } from '../sync/leaving.ts';
import type { ChangePhase, MembersState } from '../sync/members.ts';
import type { Trail } from '../sync/people.ts';
import type {
  Beginning,
  Calls,
  CallName,
  CameraState,
  CreateStep,
  Founded,
  FromWorker,
  HomeState,
  JoinStep,
  Phase,
  TrustState,
} from './wire.ts';

export type Place = 'own' | 'operator';

export interface Options {
  /** Where this app was served from. */
  readonly place: Place;
  /** The cloud's origin; that of the page where nothing else is said. */
  readonly origin?: string;
}

export interface Live<T> {
  get(): T;
  subscribe(run: (value: T) => void): () => void;
}

export interface Camera extends CameraState {
  readonly newest?: Picture;
}

export interface Playback {
  readonly spans: readonly Span[];
  read(index: number, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

/** An invitation that waits for somebody, or serves them. */
export interface Invitation {
  readonly link: string;
  readonly phase: Live<InvitePhase>;
  confirm(): void;
  decline(): void;
  code(digits: string): void;
  /** In place of the digits, where the phase says that a passkey can. */
  passkey(): Promise<void>;
}

/** A change of the roster on its way. */
export interface Change {
  readonly phase: Live<ChangePhase>;
  code(digits: string): void;
  passkey(): Promise<void>;
  cancel(): void;
}

class Value<T> implements Live<T> {
  private readonly runs = new Set<(value: T) => void>();
  constructor(private value: T) {}
  get(): T {
    return this.value;
  }
  set(value: T): void {
    this.value = value;
    for (const run of [...this.runs]) run(value);
  }
  subscribe(run: (value: T) => void): () => void {
    // An entry of its own, so that one function may listen twice.
    const entry = (value: T): void => run(value);
    this.runs.add(entry);
    entry(this.value);
    return () => this.runs.delete(entry);
  }
}

/** A household as the pages see it; the work is done in a worker. */
export function createHousehold(options: Options): HouseholdClient {
  return new HouseholdClient(options);
}

export class HouseholdClient {
  readonly place: Place;
  readonly phase: Live<Phase>;
  readonly home: Live<HomeState | null>;
  readonly cameras: Live<readonly Camera[]>;
  readonly trust: Live<TrustState>;
  readonly own: Live<MembersState['own']>;
  readonly people: Live<MembersState['people']>;
  readonly news: Live<MembersState['news']>;
  readonly removals: Live<MembersState['removals']>;
  readonly asks: Live<MembersState['asks']>;
  readonly erasing: Live<Erasing | null>;

  private readonly ownValue = new Value<MembersState['own']>(null);
  private readonly peopleValue = new Value<MembersState['people']>([]);
  private readonly newsValue = new Value<MembersState['news']>([]);
  private readonly removalsValue = new Value<MembersState['removals']>([]);
  private readonly asksValue = new Value<MembersState['asks']>([]);
  private readonly erasingValue = new Value<Erasing | null>(null);
  private readonly invitations = new Map<string, Value<InvitePhase>>();
  private readonly changes = new Map<string, Value<ChangePhase>>();
  private readonly phaseValue = new Value<Phase>('starting');
  private readonly homeValue = new Value<HomeState | null>(null);
  private readonly camerasValue = new Value<readonly Camera[]>([]);
  private readonly trustValue = new Value<TrustState>({
    checking: false,
    checkedAt: null,
    hubHeardAt: null,
    cloudReachable: true,
    refused: false,
    clockOff: null,
    lag: 0,
    alarms: [],
  });
  private cameraStates: readonly CameraState[] = [];
  private readonly newest = new Map<string, Picture>();
  private readonly growing = new Set<(camera: string) => void>();
  private readonly port: Port;

  constructor({ place, origin = location.origin }: Options) {
    this.place = place;
    this.phase = this.phaseValue;
    this.home = this.homeValue;
    this.cameras = this.camerasValue;
    this.trust = this.trustValue;
    this.own = this.ownValue;
    this.people = this.peopleValue;
    this.news = this.newsValue;
    this.removals = this.removalsValue;
    this.asks = this.asksValue;
    this.erasing = this.erasingValue;
    this.port = new Port(startWorker(), (message) => this.take(message));
    const off = import.meta.env.MODE === 'mutant' ? globalThis.__keyholdMutant : undefined;
    this.port.start(origin, off ?? []);
  }

  private take(message: FromWorker): void {
    if ('phase' in message) {
      this.phaseValue.set(message.phase);
      // Keys that the browser may throw away are keys that are lost some day.
      if (message.phase === 'ready') void navigator.storage?.persist?.();
    } else if ('home' in message) {
      this.homeValue.set(message.home);
    } else if ('cameras' in message) {
      this.cameraStates = message.cameras;
      this.showCameras();
    } else if ('trust' in message) {
      this.trustValue.set(message.trust);
    } else if ('newest' in message) {
      this.newest.set(message.newest.camera, message.newest.picture);
      this.showCameras();
    } else if ('members' in message) {
      const { own, people, news, removals, asks } = message.members;
      this.ownValue.set(own);
      this.peopleValue.set(people);
      this.newsValue.set(news);
      this.removalsValue.set(removals);
      this.asksValue.set(asks);
    } else if ('erasing' in message) {
      this.erasingValue.set(message.erasing);
    } else if ('invitation' in message) {
      this.invitation(message.invitation.id).set(message.invitation.phase);
    } else if ('change' in message) {
      this.change(message.change.id).set(message.change.phase);
    } else if ('grown' in message) {
      for (const run of [...this.growing]) run(message.grown);
    }
  }

  private showCameras(): void {
    this.camerasValue.set(
      this.cameraStates.map((camera) => {
        const newest = this.newest.get(camera.id);
        return newest === undefined ? camera : { ...camera, newest };
      }),
    );
  }

  private invitation(id: string): Value<InvitePhase> {
    const phase = this.invitations.get(id) ?? new Value<InvitePhase>({ step: 'waiting' });
    this.invitations.set(id, phase);
    return phase;
  }

  private change(id: string): Value<ChangePhase> {
    const phase = this.changes.get(id) ?? new Value<ChangePhase>({ step: 'sending' });
    this.changes.set(id, phase);
    return phase;
  }

  readInvitation(link: string): Promise<Offer> {
    return this.port.call('readInvitation', [link]);
  }

  joinAs(
    link: string,
    names: JoinNames,
    onStep: (step: JoinStep, words?: readonly string[]) => void,
  ): Promise<void> {
    return this.port.call('join', [link, names], {
      onStep: (step, words) => onStep(step as JoinStep, words),
    });
  }

  async recover(
    words: string,
    deviceName: string,
    onStep: (step: JoinStep) => void,
    hubCode = '',
  ): Promise<void> {
    this.mustBeOwn();
    await this.port.call('recover', [words, deviceName, hubCode], {
      onStep: (step) => onStep(step as JoinStep),
    });
  }

  /** Puts a new hub in the place of one that is broken or gone. */
  replaceHub(hubCode: string, onStep: (step: CreateStep) => void): Promise<void> {
    const steps = { onStep: (step: string) => onStep(step as CreateStep) };
    return this.port.call('replaceHub', [hubCode], steps);
  }

  /** Whether a browser like this, at an address like this, may have passkeys at all. */
  passkeys(): boolean {
    return passkeysPossible();
  }

  /** Makes a passkey with the browser's own dialogue, and brings it in. */
  async addPasskey(name: string): Promise<Change> {
    const made = await makePasskey(await this.port.call('wishPasskey', []), name);
    const id = await this.port.call('usePasskey', [made]);
    made.answer.fill(0);
    return this.changeOf(id);
  }

  /** Comes back by a passkey that the person chooses in the browser's own dialogue. */
  async returnByPasskey(deviceName: string, onStep: (step: JoinStep) => void): Promise<void> {
    const answer = await askToReturn();
    onStep('keys');
    const back = this.port.call('comeBack', [answer, deviceName], {
      onStep: (step) => onStep(step as JoinStep),
    });
    answer.answer.fill(0);
    await back;
  }

  trail(): Promise<readonly Trail[]> {
    return this.port.call('trail', []);
  }

  readNews(): Promise<void> {
    return this.port.call('readNews', []);
  }

  removeDevice(device: string): Promise<void> {
    return this.port.call('removeDevice', [device]);
  }

  removePerson(person: string): Promise<void> {
    return this.port.call('removePerson', [person]);
  }

  askRemoval(person: string): Promise<void> {
    return this.port.call('askRemoval', [person]);
  }

  secondRemoval(ask: string): Promise<void> {
    return this.port.call('secondRemoval', [ask]);
  }

  objectRemoval(person: string): Promise<void> {
    return this.port.call('objectRemoval', [person]);
  }

  leave(): Promise<void> {
    return this.port.call('leave', []);
  }

  async invite(offer: OfferWish): Promise<Invitation> {
    // One's own computer is nobody else's: the link leads to the operator's page.
    const origin = this.place === 'own' ? await cloudAddress() : location.origin;
    const { id, link } = await this.port.call('invite', [offer, origin]);
    return {
      link,
      phase: this.invitation(id),
      confirm: () => this.send('confirmInvited', [id]),
      decline: () => this.send('declineInvited', [id]),
      code: (digits) => this.send('giveCode', [id, digits]),
      passkey: () => this.show(id, this.invitation(id).get()),
    };
  }

  async setRights(person: string, role: Role, rights: readonly Right[]): Promise<Change> {
    return this.changeOf(await this.port.call('setRights', [person, role, rights]));
  }

  async newSheet(): Promise<Beginning & { cloud: string }> {
    this.mustBeOwn();
    return { ...(await this.port.call('newSheet', [])), cloud: await cloudAddress() };
  }

  async checkSheet(words: string): Promise<'right' | 'another'> {
    this.mustBeOwn();
    return this.port.call('checkSheet', [words]);
  }

  async useSheet({ rotate }: { readonly rotate: boolean }): Promise<Change> {
    this.mustBeOwn();
    return this.changeOf(await this.port.call('useSheet', [rotate]));
  }

  async eraseAll(): Promise<Change> {
    return this.changeOf(await this.port.call('eraseAll', []));
  }

  keepAll(): Promise<void> {
    return this.port.call('keepAll', []);
  }

  receipt(): Promise<Erased | null> {
    return this.port.call('receipt', []);
  }

  async forget(): Promise<void> {
    await this.port.call('forget', []);
    location.reload();
  }

  private changeOf(id: string): Change {
    return {
      phase: this.change(id),
      code: (digits) => this.send('giveCode', [id, digits]),
      passkey: () => this.show(id, this.change(id).get()),
      cancel: () => this.send('cancelChange', [id]),
    };
  }

  /** Lets a passkey answer what the phase waits for. */
  private async show(id: string, phase: InvitePhase | ChangePhase): Promise<void> {
    if (phase.step !== 'code' || phase.passkey === null) return;
    this.send('giveCode', [id, await signByPasskey(phase.passkey)]);
  }

  /** A call whose outcome is told by a phase. */
  private send<N extends CallName>(name: N, args: Calls[N]['args']): void {
    this.port.call(name, args).catch(() => undefined);
  }

  /** Words of a sheet are shown and typed on one's own computer alone. */
  private mustBeOwn(): void {
    if (this.place !== 'own') throw fault('not-allowed', 'only on your own computer');
  }

  async create(
    wish: Founded,
    onStep: (step: CreateStep) => void,
  ): Promise<Beginning & { cloud: string }> {
    this.mustBeOwn();
    const steps = { onStep: (step: string) => onStep(step as CreateStep) };
    const beginning = await this.port.call('create', [wish], steps);
    return { ...beginning, cloud: await cloudAddress() };
  }

  confirmSheet(onStep: (step: CreateStep) => void): Promise<void> {
    return this.port.call('confirmSheet', [], { onStep: (step) => onStep(step as CreateStep) });
  }

  addCamera(name: string, url: string): Promise<void> {
    return this.port.call('addCamera', [name, url]);
  }

  renameCamera(id: string, name: string): Promise<void> {
    return this.port.call('renameCamera', [id, name]);
  }

  removeCamera(id: string): Promise<void> {
    return this.port.call('removeCamera', [id]);
  }

  askNewest(): void {
    this.port.call('askNewest', []).catch(() => undefined);
  }

  timeline(camera: string, from: number, until: number): Promise<Timeline> {
    return this.port.call('timeline', [camera, from, until]);
  }

  onTimeline(run: (camera: string) => void): () => void {
    const entry = (camera: string): void => run(camera);
    this.growing.add(entry);
    return () => this.growing.delete(entry);
  }

  preview(camera: string, at: number, signal: AbortSignal): Promise<Picture | null> {
    return this.port.call('preview', [camera, at], { signal });
  }

  async openPlayback(camera: string, from: number, until: number): Promise<Playback> {
    const { id, spans } = await this.port.call('openPlayback', [camera, from, until]);
    return {
      spans,
      read: (index, signal) => this.port.call('read', [id, index], { signal }),
      close: () => void this.port.call('closePlayback', [id]).catch(() => undefined),
    };
  }

  stretches(camera: string, from: number, until: number): Promise<readonly Stretch[]> {
    return this.port.call('stretches', [camera, from, until]);
  }

  exportStretch(
    camera: string,
    { from, until }: Pick<Stretch, 'from' | 'until'>,
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: ExportProgress) => void,
    signal: AbortSignal,
  ): Promise<Exported> {
    return this.export('exportStretch', [camera, from, until], sink, onProgress, signal);
  }

  exportRange(
    camera: string,
    from: number,
    until: number,
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: ExportProgress) => void,
    signal: AbortSignal,
  ): Promise<Exported> {
    return this.export('exportRange', [camera, from, until], sink, onProgress, signal);
  }

  private async export(
    name: 'exportRange' | 'exportStretch',
    args: Calls['exportRange']['args'],
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: ExportProgress) => void,
    signal: AbortSignal,
  ): Promise<Exported> {
    const writer = sink.getWriter();
    try {
      const exported = await this.port.call(name, args, {
        signal,
        onProgress,
        onPiece: (bytes) => writer.write(bytes),
      });
      await writer.close();
      return exported;
    } catch (error) {
      await writer.abort(error).catch(() => undefined);
      throw error;
    }
  }

  acknowledge(alarm: string): Promise<void> {
    return this.port.call('acknowledge', [alarm]);
  }
}

/** The cloud that the computer's own program speaks with; the page itself sees that program alone. */
async function cloudAddress(): Promise<string> {
  try {
    const answer = await fetch('/cloud', { cache: 'no-store' });
    if (answer.ok) return (await answer.text()).trim();
  } catch {
    // Said below.
  }
  throw fault('internal', 'keyhold app does not say which cloud it speaks with');
}

/** An error that carries a kind, as every promise here rejects with. */
export function fault(kind: FaultKind, message: string, id?: string): Fault {
  return Object.assign(new Error(message), { kind, ...(id === undefined ? {} : { id }) }) as Fault;
}
