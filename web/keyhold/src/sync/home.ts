// SPDX-License-Identifier: Apache-2.0

import { Mp4Writer } from '../media/writer.ts';
import type { Pack } from '../manifest/leaf.ts';
import { hourOf } from '../manifest/page.ts';
import { RuleError } from '../rule.ts';
import { Envelope, typeOf } from '../statement/dsse.ts';
import type { EndWord } from '../statement/live.ts';
import type { Op } from '../statement/request.ts';
import { checkActs } from './acts.ts';
import { Alerts, type Heard } from './alerts.ts';
import { Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { Findings } from './finding.ts';
import { Footage } from './footage.ts';
import { readLooks, type LookList, type LookNames } from './looks.ts';
import { Children } from './children.ts';
import { Doors } from './doors.ts';
import { Outside } from './outside.ts';
import { Masks } from './masks.ts';
import { Recording } from './recording.ts';
import { Newest } from './newest.ts';
import { Pictures, type Picture } from './pictures.ts';
import { Playbacks } from './playbacks.ts';
import { Privates, type PrivateWish } from './private.ts';
import { proofOf } from './proof.ts';
import type { Log, Reading } from './records.ts';
import { Reports } from './reports.ts';
import type { Delivery } from './socket.ts';
import { pastHour } from './runs.ts';
import { Stars } from './stars.ts';
import { stretchesOf, type Stretch } from './stretches.ts';
import { Tending } from './tending.ts';
import {
  packDelay,
  segmentsOf,
  sinceKept,
  timelineOf,
  type Gap,
  type Segment,
  type Timeline,
} from './timeline.ts';
import { Views } from './views.ts';
import { Watched } from './watched.ts';

export interface HomeEvents {
  /** The hub says that somebody has pressed. */
  readonly rang: (ring: Heard) => void;
  /** The hub has said how its cameras are, or does not answer. */
  readonly reports: () => void;
  readonly newest: (camera: string, picture: Picture) => void;
  readonly looked: (device: string, at: number) => void; // a look stands on record
  readonly mail: (delivery: Delivery) => Promise<void>; // of another device
  /** The hub says anew who is watching. */
  readonly watched: () => void;
  readonly viewEnded: (view: string, word: EndWord) => void;
}

export interface ExportProgress {
  readonly done: number;
  readonly total: number;
}

export interface Exported {
  readonly from: number;
  readonly until: number;
  readonly gaps: readonly Gap[];
  /** What lies beside the film, so that somebody else can hold it against the hub's word. */
  readonly proof: Uint8Array;
}

const hubPatience = 10_000;
const pollEvery = 15_000;
const pollAtHome = 4_000;
const soon = 250;
/** A look at tiles is one for each hour; pictures of a stretch are asked for together. */
const pictureStretch = 6 * 3_600_000;

/** What a device of the household does once it is one: look, ask, export. */
export class HomeSession {
  private readonly footage: Footage;
  readonly commands: Commands;
  readonly views: Views;
  readonly findings: Findings;
  readonly tending: Tending;
  readonly watched: Watched;
  readonly playbacks: Playbacks;
  readonly alerts: Alerts;
  readonly reports: Reports;
  readonly privates: Privates;
  readonly masks: Masks;
  readonly stars: Stars;
  readonly recording: Recording;
  readonly children: Children;
  readonly doors: Doors;
  readonly outside: Outside;
  private readonly pictures: Pictures;
  private readonly newest: Newest;
  private closed = false;
  private first = (): void => undefined;
  /** The first look at the cloud is over. */
  private readonly looked = new Promise<void>((resolve) => (this.first = resolve));

  constructor(
    readonly engine: Engine,
    private readonly events: HomeEvents,
  ) {
    const { cloud, member } = engine;
    this.footage = new Footage(engine, member, (pack) => this.stars.has(pack));
    this.playbacks = new Playbacks(this.footage, engine, {
      begin: (camera, from) => this.begin(camera, from),
      segments: async (camera, from, until) =>
        segmentsOf(await this.logs(camera, from, until), from, until),
    });
    this.pictures = new Pictures((pack, file) => this.readSprite(pack, file));
    this.commands = new Commands(
      cloud,
      member.signer,
      member.reader,
      () => engine.known.roster,
      (reply, home) => void engine.heard(reply, home).catch(() => undefined),
      (error) => engine.alarms.raise(error),
      events.mail,
      engine.sides,
    );
    const send = (op: Op, patience: number) => this.commands.send(op, patience);
    this.privates = new Privates(engine, send);
    this.masks = new Masks(engine, send);
    this.stars = new Stars(engine, send);
    this.recording = new Recording(send, () => this.reports.ask());
    this.children = new Children(engine, send);
    this.doors = new Doors(engine, send);
    this.outside = new Outside(engine, send);
    this.reports = new Reports(
      send,
      () => engine.reachable || engine.atHome,
      (run, pause) => this.later(run, pause),
      () => {
        if (!this.closed) events.reports();
      },
    );
    const { post } = this.commands;
    this.views = new Views(engine, post, events.viewEnded);
    // What the hub said of a camera while it was private is old then, and its picture waits for a newer word.
    this.watched = new Watched(engine, events.watched, () => void this.reports.ask());
    this.findings = new Findings(engine, post);
    this.tending = new Tending(engine, send, this.findings, () => {
      void this.reports.ask();
      this.askNewest();
    });
    post.hear('find', (plain) => this.findings.take(plain));
    post.hear('live', (plain) => this.live(plain));
    this.alerts = new Alerts(engine, {
      rang: events.rang,
      records: (camera, from, until) => this.reading(camera, from, until),
      read: (pack, file) => this.readSprite(pack, file),
      send,
    });
    post.hear('alert', (plain) => this.alerts.take(plain));
    post.onOpening(() => {
      // Whoever opens the app for a picture is not to wait for who else is watching.
      void this.looked.then(() => this.views.askWho());
      void this.views.relays();
    });
    // Whoever can go home need not wait for the next look to notice that the cloud is away.
    post.onLoss(() => this.later(() => void this.lookHome(), soon));
    this.newest = new Newest({
      segments: (camera) => this.lately(camera),
      picture: (segment) => engine.guarded(() => this.pictures.of(segment)),
      show: events.newest,
      leaveEarly: (cameras) =>
        this.commands.send({ kind: 'leave-early', cameras: [...cameras] }, hubPatience),
      sync: () => engine.sync(),
      later: (run, pause) => this.later(run, pause),
    });
  }

  /** The first look at everything; later ones come by themselves. */
  async start(): Promise<void> {
    await this.engine.sync().catch(() => undefined);
    this.first();
    void this.goOn();
    void this.reports.begin();
  }

  close(): void {
    this.rest();
    this.commands.close();
    this.watched.close();
  }

  /** Anybody can seal something to this device: what does not hold means nothing. */
  private async live(plain: Uint8Array): Promise<void> {
    try {
      const { payloadType } = Envelope.parse(plain);
      if (payloadType === typeOf('watching')) await this.watched.take(plain);
      else await this.views.take(plain);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }

  /** Asks for nothing by itself any more; the hub can still be told something. */
  rest(): void {
    this.closed = true;
  }

  private later(run: () => void, pause: number): void {
    if (this.closed) return;
    setTimeout(() => {
      if (!this.closed) run();
    }, pause);
  }

  private async poll(): Promise<void> {
    await this.engine.sync().catch(() => undefined);
    await this.goOn();
  }

  private async goOn(): Promise<void> {
    const { engine } = this;
    this.reports.heard(engine.known.heardAt);
    // When the cloud is back is worth a question more often.
    this.later(() => void this.poll(), engine.atHome ? pollAtHome : pollEvery);
    await engine.sides.way
      .learn(engine.known.roster, (op, patience) => this.commands.send(op, patience))
      .then(() => (this.reports.away ? undefined : this.alerts.quiets.come()))
      .catch(() => undefined);
  }

  private async lookHome(): Promise<void> {
    const { engine } = this;
    const home = await engine.sides.home(engine.known.roster);
    if (home !== null) await engine.sync().catch(() => undefined);
  }

  /** Pages of these cameras changed, or there are new ones: their newest pictures follow. */
  refresh(cameras: Iterable<string>): void {
    for (const camera of cameras) {
      if (camera !== 'household') void this.newest.refresh(camera).catch(() => undefined);
    }
  }

  /** What was recorded of a camera within the last hour. */
  private async lately(camera: string): Promise<Segment[]> {
    const now = this.engine.cloud.clock();
    const logs = await this.logs(camera, now - 3_600_000, now);
    return segmentsOf(logs, this.begin(camera, 0), Number.MAX_SAFE_INTEGER);
  }

  /** Leaves of a camera for footage between two times, proved, as far as they are for this device. */
  private async reading(camera: string, from: number, until: number): Promise<Reading> {
    const first = hourOf(this.begin(camera, from));
    if (first < pastHour(this.engine.cloud.clock())) await this.stars.learn(camera);
    const reading = await this.engine.steady(() => {
      this.engine.mustHave(camera);
      return this.engine.records.reading(camera, first, hourOf(until + packDelay));
    });
    await this.engine.guarded(() => checkActs(reading.logs, this.engine.known.roster));
    for (const { leaf } of reading.logs) {
      if (
        leaf.kind === 'look' ||
        leaf.kind === 'live' ||
        leaf.kind === 'talk' ||
        leaf.kind === 'open'
      ) {
        this.events.looked(leaf.device, leaf.at);
      }
    }
    return { ...reading, logs: reading.logs.filter((log) => this.stars.there(log)) };
  }

  /** Where [from, …) begins for this device. A right that ended, or does not count now, is no fault. */
  private begin(camera: string, from: number): number {
    const since = this.engine.earliest(camera);
    if (since === null) {
      const reason = this.engine.may('history', camera);
      throw new Fault('not-allowed', `not for this device: ${reason}`);
    }
    return Math.max(from, since);
  }

  private async logs(camera: string, from: number, until: number): Promise<Log[]> {
    return (await this.reading(camera, from, until)).logs;
  }

  async timeline(camera: string, from: number, until: number): Promise<Timeline> {
    const { logs, closed } = await this.reading(camera, from, until);
    const kept = pastHour(this.engine.cloud.clock()) * 3_600_000;
    return sinceKept(timelineOf(logs, this.begin(camera, from), until, closed), kept);
  }

  /** Everything that was looked at since a time, out of the record of every camera. */
  async looks(from: number, nameOf: LookNames['nameOf']): Promise<LookList> {
    const { engine } = this;
    if (engine.may('people', 'household') !== '') {
      throw new Fault('not-allowed', 'this page is for owners and guardians');
    }
    return readLooks(engine, from, nameOf, (camera, until) => this.reading(camera, from, until));
  }

  /** The picture nearest to a time, at most a minute away. */
  async preview(camera: string, at: number): Promise<Picture | null> {
    const near = 60_000;
    const logs = await this.logs(camera, at - near, at + near);
    let best: Segment | null = null;
    let least = near;
    for (const segment of segmentsOf(logs, this.begin(camera, at - near), at + near)) {
      const away = Math.abs(segment.file.start - at);
      if (away <= least) [best, least] = [segment, away];
    }
    return best === null ? null : this.engine.guarded(() => this.pictures.of(best));
  }

  private async readSprite(pack: Pack, file: Pack['files'][number]): Promise<Uint8Array> {
    const from = Math.floor(pack.files[0]!.start / pictureStretch) * pictureStretch;
    const until = Math.max(from + pictureStretch, file.end + 1);
    const lease = await this.footage.lease(pack.camera, from, until, 'tiles');
    return this.footage.readLeased(pack, file, lease, 'tiles');
  }

  /**
   * What began within [from, until), cut by hours and by interruptions. A segment belongs to the
   * hour in which it begins, so that each is in one stretch.
   */
  async stretches(camera: string, from: number, until: number): Promise<Stretch[]> {
    const { logs } = await this.reading(camera, from, until);
    const segments = segmentsOf(logs, this.begin(camera, from), until);
    return stretchesOf(segments.filter(({ file }) => file.start >= from));
  }

  /** Writes one MP4 out of whole segments around the wish; `exact`: of those that begin in it. */
  async exportRange(
    camera: string,
    start: number,
    until: number,
    write: (bytes: Uint8Array) => Promise<void>,
    onProgress: (progress: ExportProgress) => void,
    signal: AbortSignal,
    exact = false,
  ): Promise<Exported> {
    const from = this.begin(camera, start);
    const { logs, closed } = await this.reading(camera, from, until);
    const segments = segmentsOf(logs, from, until).filter(
      ({ file }) => !exact || file.start >= from,
    );
    const [first, last] = [segments[0], segments.at(-1)];
    if (first === undefined || last === undefined) {
      throw new Fault('not-found', 'nothing is recorded there');
    }
    const { engine } = this;
    const { roster } = engine.known;
    const wish = { camera, from: Math.floor(from), until: Math.ceil(until) };
    const proof = await engine.guarded(() =>
      proofOf(wish, roster, segments, (run) => engine.run(run)),
    );
    const lease = await this.footage.lease(camera, first.file.start, last.file.end, 'export');
    const total = segments.reduce((sum, { file }) => sum + file.size, 0);
    const writer = new Mp4Writer(segments.reduce((sum, { file }) => sum + file.content.size, 0));
    await write(writer.head());
    let done = 0;
    const open = (segment: Segment | undefined): Promise<Uint8Array> | null => {
      if (segment === undefined) return null;
      const { pack, file } = segment;
      const plain = this.engine.guarded(() =>
        this.footage.readLeased(pack, file, lease, 'export', signal),
      );
      plain.catch(() => undefined);
      return plain;
    };
    let next = open(first);
    for (const [i, { file }] of segments.entries()) {
      signal.throwIfAborted();
      const plain = await next!;
      next = open(segments[i + 1]);
      for (const part of writer.add(plain)) await write(part);
      done += file.size;
      onProgress({ done, total });
    }
    await write(writer.tail());
    const range = { from: first.file.start, until: last.file.end };
    return { ...range, gaps: timelineOf(logs, range.from, range.until, closed).gaps, proof };
  }

  async setPrivate(camera: string, wish: Partial<PrivateWish>): Promise<void> {
    await this.privates.set(camera, (now) => ({ ...now, ...wish }));
    // The hub tells by itself too, but whoever asked for it does not wait.
    await this.reports.ask();
  }

  /** Lets open packs leave early, and looks for them in the seconds that follow. */
  askNewest(): void {
    if (this.reports.away) return; // it would find a heap of old wishes
    const { names, labels } = this.engine.known;
    const on = names?.cameras.filter(({ state }) => state === 'on').map(({ id }) => id);
    this.newest.ask(on ?? labels.map(({ camera }) => camera));
  }
}
