// SPDX-License-Identifier: Apache-2.0
import type {
  Alarm,
  Camera,
  CreateStep,
  ErrorKind,
  ExportResult,
  Gap,
  Home,
  Household,
  HouseholdError,
  NewHousehold,
  NewSheet,
  Phase,
  Picture,
  Place,
  Playback,
  Progress,
  Range,
  Span,
  Timeline,
  Trust,
} from '../src/lib/household';
import type { AlertsHere, Phone } from '../src/lib/alerting';
import type { Findable } from '../src/lib/finding';
import type { Looking } from '../src/lib/looking';
import type { Going } from '../src/lib/leaving';
import type { Movable } from '../src/lib/moving';
import type { Ringing } from '../src/lib/ringing';
import type { Outside } from '../src/lib/outside';
import type { People } from '../src/lib/people';
import type { Door, DoorStep, OpenOutcome, OpenResult } from '../src/lib/doors';
import type { Covered } from '../src/lib/covers';
import type { PrivateSetting } from '../src/lib/privacy';
import type { Starred } from '../src/lib/stars';
import type { Light, LightReport } from '../src/lib/lighting';
import type { Recorded } from '../src/lib/recording';
import { Settable } from './live';
import { paint, type Scene } from './scenes';

/** Sunday, 22 November 2026, 14:01:24 in Berlin. */
export const now = Date.UTC(2026, 10, 22, 13, 1, 24);
const minute = 60_000;
export const zone = 'Europe/Berlin';
const household = 'k7m2qd5xw3nfa6tbrhc4vyjp5gzs2ulieok7m2qd5xw3nfa6tbrh';

export function failure(kind: ErrorKind): HouseholdError {
  return Object.assign(new Error(kind), { kind });
}

export const forever = new Promise<never>(() => undefined);

export interface Drawn extends Camera {
  scene: Scene;
  timeline: Timeline;
}

const clips = Object.entries(
  import.meta.glob<string>('./footage/*.mp4', { query: '?url', import: 'default', eager: true }),
)
  .sort()
  .map(([, url]) => url);
const clipSeconds = 4;

/** A household made up of drawn scenes; each state changes what it needs. */
export class Fixture implements Omit<
  Household,
  | keyof People
  | keyof Going
  | keyof Looking
  | keyof Movable
  | keyof Findable
  | keyof Ringing
  | keyof Outside
> {
  place: Place = 'operator';
  phase = new Settable<Phase>('ready');
  home = new Settable<Home | null>({
    id: household,
    person: 'Anna',
    device: 'Kitchen computer',
    zone,
    since: now - 9 * 24 * 60 * minute,
    former: [],
  });
  cameras = new Settable<readonly Drawn[]>([]);
  trust = new Settable<Trust>({
    checking: false,
    checkedAt: now - 12_000,
    hubHeardAt: now - 20_000,
    cloudReachable: true,
    atHome: false,
    hubAway: false,
    clockOff: null,
    lag: 0,
    alarms: [],
  });

  /** What an act ends in; null is success. */
  refusal: ErrorKind | null = null;
  /** An act never ends, so that its progress can be looked at. */
  stuck = false;
  exported: ExportResult = {
    from: now - 40 * minute,
    until: now - 39 * minute,
    gaps: [],
    proof: new TextEncoder().encode('{"kind":"export"}\n'),
  };

  async #act(): Promise<void> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
  }

  /** What is covered; whether somebody else was quicker. */
  covered: Covered[] = [];
  overtaken = false;
  children: readonly string[] = [];
  async masks(): Promise<readonly Covered[]> {
    await this.#act();
    return this.covered;
  }
  async childRooms(): Promise<readonly string[]> {
    return this.children;
  }

  async setChildRoom(camera: string, on: boolean): Promise<void> {
    this.children = on ? [camera] : [];
  }

  /** Which doors can be opened, and what comes of it. */
  openable: readonly Door[] = [];
  outcome: OpenOutcome = 'opened';
  hanging: DoorStep['outcome'] = 'set';
  /** How long the hub takes to say what opens doors. */
  hubSays: Promise<void> = Promise.resolve();
  async doors(): Promise<readonly Door[]> {
    await this.hubSays;
    return this.openable;
  }
  async setDoor(): Promise<DoorStep> {
    await this.#act();
    const digits = (): Promise<DoorStep> => this.setDoor();
    return { outcome: this.hanging, digits, passkey: null };
  }
  async openDoor(): Promise<OpenResult> {
    await this.#act();
    return { outcome: this.outcome, person: '' };
  }

  async setMasks(): Promise<boolean> {
    await this.#act();
    return !this.overtaken;
  }

  /** In which form cameras are recorded. */
  forms: Recorded[] = [];
  async recorded(): Promise<readonly Recorded[]> {
    return this.forms;
  }
  async setRecorded(): Promise<void> {
    await this.#act();
  }

  /** What is starred, of all cameras. */
  starred: Starred[] = [];
  async stars(camera: string): Promise<readonly Starred[]> {
    if (this.stuck) await forever;
    return this.starred.filter((one) => one.camera === camera);
  }
  async setStar(): Promise<void> {
    await this.#act();
  }

  /** Alerts while the app is closed. */
  alerts: AlertsHere = 'off';
  phoneList: readonly Phone[] = [];
  async alertsHere(): Promise<AlertsHere> {
    return this.alerts;
  }
  async alertsOn(): Promise<AlertsHere> {
    await this.#act();
    return (this.alerts = 'on');
  }
  async alertsOff(): Promise<AlertsHere> {
    // The browser ends its part before the hub is told.
    this.alerts = 'off';
    await this.#act();
    return this.alerts;
  }
  async keepAlerts(): Promise<void> {}
  testAlert(): Promise<void> {
    return this.#act();
  }
  async phones(): Promise<readonly Phone[]> {
    return this.phoneList;
  }

  /** What is set to be private. */
  settings: PrivateSetting[] = [];
  async privates(): Promise<readonly PrivateSetting[]> {
    await this.#act();
    return this.settings;
  }
  async setPrivate(): Promise<void> {
    await this.#act();
  }

  async create(_wish: NewHousehold, onStep: (step: CreateStep) => void): Promise<NewSheet> {
    onStep('finding');
    await this.#act();
    const words =
      'amber bench cradle dolphin ember fabric garden harbor island jungle kitten ladder ' +
      'magnet napkin orange pencil quarter ribbon saddle timber umbrella velvet walnut zebra';
    return { sheetWords: words.split(' '), household, cloud: 'https://cloud.example' };
  }

  async confirmSheet(onStep: (step: CreateStep) => void): Promise<void> {
    onStep('hub');
    this.phase.set('ready');
  }

  async addCamera(name: string, _url: string, room: string): Promise<void> {
    await this.#act();
    const here = { id: `cam_${name}`, name, room, live: true, state: 'waiting' as const };
    this.cameras.set([...this.cameras.get(), { ...here, scene: 'door', timeline: nothing }]);
  }

  async removeCamera(id: string): Promise<void> {
    this.cameras.set(this.cameras.get().filter((camera) => camera.id !== id));
  }

  /** Lets a camera send pictures of another kind. */
  code(id: string, video: string): this {
    const list = this.cameras.get();
    this.cameras.set(list.map((one) => (one.id === id ? { ...one, video } : one)));
    return this;
  }

  async renameCamera(id: string, name: string): Promise<void> {
    await this.#act();
    const list = this.cameras.get();
    this.cameras.set(list.map((one) => (one.id === id ? { ...one, name } : one)));
  }

  async setRoom(id: string, room: string): Promise<void> {
    await this.#act();
    const list = this.cameras.get();
    this.cameras.set(list.map((one) => (one.id === id ? { ...one, room } : one)));
  }

  async setSpeaker(id: string, url: string): Promise<void> {
    await this.#act();
    const change = (one: Drawn): Drawn => {
      const next = { ...one };
      if (url === '') delete next.speaker;
      else next.speaker = true;
      return next;
    };
    this.cameras.set(this.cameras.get().map((one) => (one.id === id ? change(one) : one)));
  }

  async trySpeaker(): Promise<void> {
    await this.#act();
  }

  /** Lights at cameras, and how they are. */
  lit: readonly LightReport[] = [];

  async lights(): Promise<readonly LightReport[]> {
    if (this.stuck) await forever;
    return this.lit;
  }

  async setLight(camera: string, light: Light | null): Promise<void> {
    await this.#act();
    this.lit = light === null ? [] : [{ camera, kind: light.kind, state: 'off' }];
  }

  async tryLight(): Promise<void> {
    await this.#act();
  }

  askNewest(): void {}

  #camera(id: string): Drawn {
    const camera = this.cameras.get().find((one) => one.id === id);
    if (!camera) throw failure('not-found');
    return camera;
  }

  async timeline(id: string, from: number, until: number): Promise<Timeline> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
    const { recorded, gaps, knownUntil } = this.#camera(id).timeline;
    const inside = (range: Range): boolean => range.until > from && range.from < until;
    return { recorded: recorded.filter(inside), gaps: gaps.filter(inside), knownUntil };
  }

  onTimeline(): () => void {
    return () => undefined;
  }

  async preview(id: string, at: number): Promise<Picture | null> {
    return { at, bitmap: paint(this.#camera(id).scene, at) };
  }

  async openPlayback(id: string, from: number, until: number): Promise<Playback> {
    if (this.stuckPlayback) await forever;
    if (this.playbackRefusal) throw failure(this.playbackRefusal);
    const { recorded } = await this.timeline(id, from, until);
    const spans: Span[] = [];
    for (const range of recorded) {
      for (let at = range.from; at + clipSeconds * 1000 <= range.until; at += clipSeconds * 1000) {
        spans.push({ start: at, end: at + clipSeconds * 1000, mediaSeconds: clipSeconds });
      }
    }
    const read = async (index: number): Promise<Uint8Array> => {
      const url = clips[index % clips.length];
      if (!url) throw failure('not-found');
      return new Uint8Array(await (await fetch(url)).arrayBuffer());
    };
    return { spans, read, close: () => undefined };
  }
  stuckPlayback = true;
  playbackRefusal: ErrorKind | null = null;

  async exportRange(
    _camera: string,
    _from: number,
    _until: number,
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: Progress) => void,
  ): Promise<ExportResult> {
    onProgress({ done: 18_400_000, total: 41_000_000 });
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
    await sink.close();
    return this.exported;
  }

  async acknowledge(id: string): Promise<void> {
    const trust = this.trust.get();
    const alarms = trust.alarms.map((alarm) =>
      alarm.id === id ? { ...alarm, acknowledgedAt: now } : alarm,
    );
    this.trust.set({ ...trust, alarms });
  }
}

export const nothing: Timeline = { recorded: [], gaps: [], knownUntil: 0 };

/** From hours of the day, such as [0, 7.5], [8, 14]: what lies between is a gap. */
export function day(hours: [number, number][], reason: Gap['reason'] = 'camera'): Timeline {
  const midnight = Date.UTC(2026, 10, 21, 23);
  const recorded = hours.map(([from, until]) => ({
    from: midnight + from * 60 * minute,
    until: Math.min(midnight + until * 60 * minute, now - 20_000),
  }));
  const gaps = recorded.slice(1).map((range, index) => ({
    from: recorded[index]?.until ?? 0,
    until: range.from,
    reason,
  }));
  return { recorded, gaps, knownUntil: now - 20_000 };
}

export function camera(id: string, name: string, scene: Scene, timeline: Timeline): Drawn {
  const at = now - 12_000;
  return {
    id,
    name,
    scene,
    live: true,
    state: 'ok',
    timeline,
    newest: { at, bitmap: paint(scene, at) },
  };
}

export function alarm(rule: string, more: Partial<Alarm> = {}): Alarm {
  return {
    id: rule,
    rule,
    at: now - 3 * minute,
    camera: 'cam_door',
    from: now - 21 * minute,
    until: now - 20 * minute,
    proof: { leaf: 'drawn', got: 'drawn' },
    ...more,
  };
}
