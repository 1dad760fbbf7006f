// SPDX-License-Identifier: Apache-2.0

import type { Offer } from '../statement/invite.ts';
import type { ExportProgress, Exported } from '../sync/home.ts';
import type { JoinNames } from '../sync/join.ts';
import type { Erased, Erasing } from '../sync/leaving.ts';
import type { MoveState } from '../sync/moving.ts';
import type { Asking, HubAskView } from '../sync/second.ts';
import type { LookList } from '../sync/looks.ts';
import type { Stretch } from '../sync/stretches.ts';
import type { Picture } from '../sync/pictures.ts';
import type { Timeline } from '../sync/timeline.ts';
import type { WatchedView } from '../sync/watched.ts';
import {
  unheard,
  Value,
  type Camera,
  type Change,
  type Live,
  type LiveView,
  type Options,
  type Place,
  type Playback,
} from './handles.ts';
import { Begun } from './begun.ts';
import { pour } from './outside.ts';
import { Port } from './port.ts';
import { startWorker } from './start.ts';
import { TendingClient } from './tending-client.ts';
import { Spare, Watch } from './watch.ts';
import {
  moveId,
  type Beginning,
  type Calls,
  type CameraState,
  type CreateStep,
  type Founded,
  type FromWorker,
  type HomeState,
  type JoinStep,
  type Phase,
  type Replaced,
  type TrustState,
} from './wire.ts';

/** A household as the pages see it; the work is done in a worker. */
export const createHousehold = (options: Options): HouseholdClient => new HouseholdClient(options);

export class HouseholdClient extends TendingClient {
  readonly place: Place;
  protected readonly port: Port;
  readonly phase: Live<Phase>;
  readonly home: Live<HomeState | null>;
  readonly cameras: Live<readonly Camera[]>;
  readonly trust: Live<TrustState>;
  readonly erasing: Live<Erasing | null>;
  readonly moving: Live<MoveState | null>;
  readonly hubAsks: Live<readonly HubAskView[]>;
  readonly watched: Live<readonly WatchedView[]>;

  private readonly movingValue = new Value<MoveState | null>(null);
  private readonly hubAsksValue = new Value<readonly HubAskView[]>([]);
  private readonly erasingValue = new Value<Erasing | null>(null);
  private readonly watchedValue = new Value<readonly WatchedView[]>([]);
  private readonly phaseValue = new Value<Phase>('starting');
  private readonly homeValue = new Value<HomeState | null>(null);
  private readonly camerasValue = new Value<readonly Camera[]>([]);
  private readonly trustValue = new Value<TrustState>(unheard);
  private cameraStates: readonly CameraState[] = [];
  private readonly newest = new Map<string, Picture>();
  private readonly watching = new Set<Watch>();
  private readonly spare: Spare;
  private readonly begun = new Begun((cameras) => this.watch(cameras));
  private readonly growing = new Set<(camera: string) => void>();

  constructor({ place, origin = location.origin }: Options) {
    super();
    this.place = place;
    this.phase = this.phaseValue;
    this.home = this.homeValue;
    this.cameras = this.camerasValue;
    this.trust = this.trustValue;
    this.erasing = this.erasingValue;
    this.moving = this.movingValue;
    this.hubAsks = this.hubAsksValue;
    this.watched = this.watchedValue;
    this.port = new Port(startWorker(), (message) => this.take(message));
    const off = import.meta.env.MODE === 'mutant' ? globalThis.__keyholdMutant : undefined;
    this.spare = new Spare(this.port);
    this.port.start(origin, place === 'own', off ?? []);
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
      this.begun.heard(message.trust.alarms);
      this.trustValue.set(message.trust);
    } else if ('newest' in message) {
      this.newest.set(message.newest.camera, message.newest.picture);
      this.showCameras();
    } else if ('members' in message) {
      this.takeMembers(message.members);
    } else if ('hubAsks' in message) {
      this.hubAsksValue.set(message.hubAsks);
    } else if ('erasing' in message) {
      this.erasingValue.set(message.erasing);
    } else if ('moving' in message) {
      this.movingValue.set(message.moving);
    } else if ('invitation' in message) {
      this.invitation(message.invitation.id).set(message.invitation.phase);
    } else if ('change' in message) {
      this.change(message.change.id).set(message.change.phase);
    } else if ('rang' in message) {
      this.ring(message.rang);
    } else if ('watched' in message) {
      this.watchedValue.set(message.watched);
    } else if ('ended' in message) {
      for (const watch of [...this.watching]) watch.ended(message.ended.view);
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
  ): Promise<Replaced | null> {
    this.mustBeOwn();
    return this.port.call('recover', [words, deviceName, hubCode], {
      onStep: (step) => onStep(step as JoinStep),
    });
  }

  /** Puts a new hub in the place of one that is broken or gone. */
  async replaceHub(
    hubCode: string,
    onStep: (step: CreateStep) => void,
    onAsking: (asking: Asking) => void,
    signal: AbortSignal,
  ): Promise<Replaced> {
    return this.port.call('replaceHub', [hubCode], {
      onStep: (step: string) => onStep(step as CreateStep),
      onAsking,
      signal,
    });
  }

  agreeHub(ask: string): Promise<void> {
    return this.port.call('agreeHub', [ask]);
  }

  declineHub(ask: string): Promise<void> {
    return this.port.call('declineHub', [ask]);
  }

  /** Comes back by a passkey that the person chooses in the browser's own dialogue. */
  async returnByPasskey(deviceName: string, onStep: (step: JoinStep) => void): Promise<void> {
    const { askToReturn } = await import('./passkey.ts');
    const answer = await askToReturn();
    onStep('keys');
    const back = this.port.call('comeBack', [answer, deviceName], {
      onStep: (step) => onStep(step as JoinStep),
    });
    answer.answer.fill(0);
    await back;
  }

  async eraseAll(): Promise<Change> {
    return this.changeOf(await this.port.call('eraseAll', []));
  }

  keepAll(): Promise<void> {
    return this.port.call('keepAll', []);
  }

  move(address: string): Promise<void> {
    return this.port.call('move', [address]);
  }

  moveOn(): void {
    this.send('moveOn', []);
  }

  moveCode(digits: string): void {
    this.send('giveCode', [moveId, digits]);
  }

  async movePasskey(): Promise<void> {
    const state = this.movingValue.get();
    if (state?.step !== 'code' || state.passkey === null) return;
    const { signByPasskey } = await import('./passkey.ts');
    this.send('giveCode', [moveId, await signByPasskey(state.passkey)]);
  }

  stopMove(): void {
    this.send('cancelChange', [moveId]);
  }

  follow(address: string): Promise<void> {
    return this.port.call('follow', [address]);
  }

  readMove(): void {
    this.send('readMove', []);
  }

  async eraseLeft(): Promise<Change> {
    return this.changeOf(await this.port.call('eraseLeft', []));
  }

  receipt(): Promise<Erased | null> {
    return this.port.call('receipt', []);
  }

  async forget(): Promise<void> {
    await this.port.call('forget', []);
    await this.endAlerts();
    location.reload();
  }

  async create(
    wish: Founded,
    onStep: (step: CreateStep) => void,
  ): Promise<Beginning & { cloud: string }> {
    this.mustBeOwn();
    const steps = { onStep: (step: string) => onStep(step as CreateStep) };
    const beginning = await this.port.call('create', [wish], steps);
    return { ...beginning, cloud: await this.port.call('cloudAddress', []) };
  }

  confirmSheet(onStep: (step: CreateStep) => void): Promise<void> {
    return this.port.call('confirmSheet', [], { onStep: (step) => onStep(step as CreateStep) });
  }

  live(cameras: readonly string[]): LiveView {
    return this.begun.take(cameras);
  }

  beginLive(camera: string, atStart = false): void {
    this.begun.begin(camera, atStart);
  }

  private watch(cameras: readonly string[]): Watch {
    const person = (): string => this.homeValue.get()?.person ?? '';
    const gone = (over: Watch): boolean => this.watching.delete(over);
    const watch = new Watch(this.port, cameras, this.spare, person, gone);
    this.watching.add(watch);
    return watch;
  }

  prepareLive(): void {
    this.spare.prepare();
  }

  looks(from: number): Promise<LookList> {
    return this.port.call('looks', [from]);
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
    return pour(sink, (write) =>
      this.port.call(name, args, { signal, onProgress, onPiece: write }),
    );
  }

  acknowledge(alarm: string): Promise<void> {
    return this.port.call('acknowledge', [alarm]);
  }
}
