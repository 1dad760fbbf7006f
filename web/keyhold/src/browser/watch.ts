// SPDX-License-Identifier: Apache-2.0

import type { FaultKind } from '../sync/fault.ts';
import type { Connection, ConnectionEvents } from './connection.ts';
import { Value, type LiveState, type LiveView } from './handles.ts';
import type { Port } from './port.ts';
import { Voice } from './voice.ts';

/** Pauses between tries, in milliseconds; the last stays. */
const pauses = [0, 1_000, 2_000, 4_000, 8_000];
/** Reasons that trying again does not change. */
const final: readonly FaultKind[] = [
  'not-allowed',
  'not-now',
  'not-found',
  'camera-private',
  'clock-wrong',
  'browser-live',
];
/** A page that nobody sees shows nothing; a glance elsewhere is not worth another look on record. */
const glance = 5_000;
/** Pictures come and go together, and the hub hears no more than ten wishes a second. */
const gather = 120;

/**
 * A connection that is made before somebody asks for it: that takes a browser a while. It knows
 * nobody, and nobody is told of it.
 */
export class Spare {
  private made: Promise<Connection> | null = null;

  constructor(private readonly port: Port) {}

  /** For a page from which somebody may begin to watch one camera. */
  prepare(): void {
    this.made ??= this.make(1);
    // Said when somebody wants to watch.
    this.made.catch(() => (this.made = null));
  }

  take(cameras: number, talks: boolean): Promise<Connection> {
    const { made } = this;
    if (made === null || cameras !== 1 || !talks) return this.make(cameras, talks);
    this.made = null;
    return made;
  }

  /** Most visits watch nothing live: the code for it comes when it is wanted. */
  private async make(cameras: number, talks = true): Promise<Connection> {
    // Without any it may lead there directly.
    const relays = this.port.call('relays', []).catch(() => []);
    const { Connection } = await import('./connection.ts');
    return new Connection(cameras, relays, talks);
  }
}

/** Watching some cameras: asks the hub, connects, and comes back when the connection is gone. */
export class Watch implements LiveView {
  readonly state = new Value<LiveState>({ step: 'connecting' });
  readonly silent = new Value<readonly string[]>([]);
  readonly second = new Value<readonly string[] | null>(null);
  readonly narrow = new Value<readonly string[]>([]);
  readonly voice: Voice;
  /** A hub of an earlier version takes no offer of somebody who talks. */
  private talks = true;
  private readonly streams: readonly Value<MediaStream | null>[];
  private sound: MediaStreamTrack | null = null;
  private connection: Connection | null = null;
  private view = '';
  private heard = '';
  private shown: readonly string[];
  private small: readonly string[] = [];
  private saying: ReturnType<typeof setTimeout> | undefined;
  private attempt = new AbortController();
  private failed = 0;
  /** The last view ended because its way was lost. */
  private cut = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly port: Port,
    private readonly cameras: readonly string[],
    private readonly spare: Spare,
    person: () => string,
    private readonly gone: (watch: Watch) => void,
  ) {
    this.streams = cameras.map(() => new Value<MediaStream | null>(null));
    this.shown = cameras;
    this.voice = new Voice(
      () => this.connection,
      person,
      (challenged) => port.call('signAct', [challenged]),
    );
    addEventListener('online', this.anew);
    networkOf()?.addEventListener('change', this.anew);
    document.addEventListener('visibilitychange', this.looked);
    document.addEventListener('leavepictureinpicture', this.looked);
    addEventListener('pagehide', this.leave);
    void this.connect();
  }

  picture(camera: string): Value<MediaStream | null> {
    const found = this.streams[this.cameras.indexOf(camera)];
    if (found === undefined) throw new Error('this view is of other cameras');
    return found;
  }

  /** Lets one camera be heard, or none. */
  hear(camera: string | null): void {
    this.heard = camera ?? '';
    this.listen();
    this.saySoon();
  }

  /** A browser plays every sound that a picture has, muted or not: nothing but what is heard is to cost a phone's battery. */
  private listen(): void {
    for (const [place, camera] of this.cameras.entries()) {
      const stream = this.streams[place]?.get();
      if (!stream || this.sound === null) continue;
      if (camera === this.heard) stream.addTrack(this.sound);
      else stream.removeTrack(this.sound);
    }
  }

  /** Says whose pictures are wanted from now on, and whether they are shown small. */
  show(cameras: readonly string[], small = false): void {
    const next = this.cameras.filter((camera) => cameras.includes(camera));
    const less = small ? next : [];
    if (next.join() === this.shown.join() && less.join() === this.small.join()) return;
    this.shown = next;
    this.small = less;
    this.saySoon();
  }

  private saySoon(): void {
    this.saying ??= setTimeout(this.say, gather);
  }

  private readonly say = (): void => {
    clearTimeout(this.saying);
    this.saying = undefined;
    this.connection?.want(this.heard, seen() ? this.shown : [], seen() ? this.small : []);
  };

  again(): void {
    this.failed = 0;
    this.state.set({ step: 'connecting' });
    void this.connect();
  }

  close(): void {
    this.closed = true;
    removeEventListener('online', this.anew);
    networkOf()?.removeEventListener('change', this.anew);
    document.removeEventListener('visibilitychange', this.looked);
    document.removeEventListener('leavepictureinpicture', this.looked);
    removeEventListener('pagehide', this.leave);
    this.voice.close();
    this.leave();
    this.gone(this);
  }

  /** The hub has ended a view. Why, it says when it is asked again. */
  ended(view: string): void {
    if (view !== this.view) return;
    this.view = '';
    this.lost('lost');
  }

  private readonly leave = (): void => {
    clearTimeout(this.timer);
    clearTimeout(this.saying);
    this.saying = undefined;
    this.attempt.abort();
    this.voice.cut();
    this.connection?.close();
    this.connection = null;
    if (this.view !== '') this.port.call('endView', [this.view]).catch(() => undefined);
    this.view = '';
  };

  /** Another network: the old way is no good, and nobody waits until that shows. */
  private readonly anew = (): void => {
    if (!seen() || this.state.get().step === 'over') return;
    this.failed = 0;
    this.lost('lost');
  };

  private readonly looked = (): void => {
    clearTimeout(this.timer);
    if (!seen()) this.timer = setTimeout(this.leave, glance);
    if (this.connection !== null) this.say();
    else if (seen() && this.state.get().step !== 'over') this.again();
  };

  private lost(reason: FaultKind | 'lost' | 'no-way'): void {
    this.leave();
    if (this.closed) return;
    this.cut = reason === 'lost' || reason === 'no-way' || reason === 'hub-away';
    this.state.set({ step: 'again', reason });
    const pause = pauses[Math.min(this.failed++, pauses.length - 1)];
    this.timer = setTimeout(() => void this.connect(), pause);
  }

  private events(): ConnectionEvents {
    return {
      tracks: (pictures, sound) => {
        for (const [place, one] of pictures.entries()) {
          this.streams[place]?.set(new MediaStream([one]));
        }
        this.sound = sound;
        this.listen();
      },
      open: this.say,
      connected: () => {
        this.failed = 0;
        this.state.set({ step: 'on' });
      },
      // The hub has answered: it is the way to it that is missing.
      lost: () => this.lost(this.state.get().step === 'on' ? 'lost' : 'no-way'),
      told: (silent, second, speakers, narrow, replies) => {
        this.silent.set(silent);
        this.second.set(second);
        this.narrow.set(narrow);
        this.voice.cameras.set(speakers);
        this.voice.replies.set(replies);
      },
      act: (told) => this.voice.told(told),
      challenged: (told) => void this.voice.challenged(told),
    };
  }

  private async connect(): Promise<void> {
    this.leave();
    const { signal } = (this.attempt = new AbortController());
    try {
      const connection = await this.spare.take(this.cameras.length, this.talks);
      if (signal.aborted) {
        connection.close();
        return;
      }
      this.connection = connection;
      const sdp = await connection.offer;
      const agreed = await this.port.call('offerView', [this.cameras, sdp, this.cut], { signal });
      this.cut = false;
      this.view = agreed.view;
      await connection.answer(agreed.sdp, this.events());
    } catch (error) {
      if (signal.aborted) return;
      const kind = kindOf(error);
      if (kind === 'internal' && this.talks) {
        this.talks = false;
        void this.connect();
        return;
      }
      if (!final.includes(kind)) {
        this.lost(kind);
        return;
      }
      this.leave();
      for (const stream of this.streams) stream.set(null);
      this.state.set({ step: 'over', reason: kind });
    }
  }
}

function kindOf(error: unknown): FaultKind {
  return error instanceof Error && 'kind' in error ? (error.kind as FaultKind) : 'internal';
}

/** Somebody can see the page, or a picture of it that floats above others. */
function seen(): boolean {
  return document.visibilityState === 'visible' || Boolean(document.pictureInPictureElement);
}

/** Tells of another network where the browser knows it. */
function networkOf(): EventTarget | undefined {
  return (navigator as { connection?: EventTarget }).connection;
}
