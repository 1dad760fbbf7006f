// SPDX-License-Identifier: Apache-2.0
import type Hls from 'hls.js';
import { kindOf, type ErrorKind, type Household, type Playback } from '../household';
import { anchored } from './anchored';
import { lineOf, quickest, secondsAt, timeAt, type Line } from './line';
import { loaderFor, playlistAddress } from './loader';
import { Opened } from './opened';
import { Unplayable } from './playable';

export const rates = [1, 2, 4, 8] as const;

/** How exactly a moment is meant, in milliseconds. */
export interface Leeway {
  /** Begins at least so much before the end: what has just arrived is shown with what led to it. */
  readonly lead?: number;
  /** It may begin up to so much earlier, where that is quicker. */
  readonly within?: number;
}

export type PlayerState = 'empty' | 'opening' | 'ready' | 'failed';

/**
 * One camera's recordings on one video element. It owns the playback it opened and the player
 * library's instance, and lets go of both on `close`. Asking for something new makes what was
 * under way give up silently.
 */
export class Player {
  state = $state<PlayerState>('empty');
  playing = $state(false);
  /** Stands still because the next picture is not there yet. */
  waiting = $state(false);
  ended = $state(false);
  muted = $state(false);
  rate = $state<number>(1);
  /** The clock time of the picture. */
  time = $state(0);
  failure = $state<ErrorKind | null>(null);
  /** It failed because this browser cannot decode the pictures. */
  unplayable = $state(false);
  /** A picture of what was asked for has been shown. */
  shown = $state(false);

  #household: Household;
  #video: HTMLVideoElement | null = null;
  #hls: Hls | null = null;
  #playback: Playback | null = null;
  #line: Line = lineOf([]);
  #turn = 0;

  constructor(household: Household) {
    this.#household = household;
  }

  /** For `{@attach}`: the element lives as long as the page. */
  attach = (video: HTMLVideoElement): (() => void) => {
    this.#video = video;
    const heard: [string, () => void][] = [
      ['timeupdate', () => this.#tick()],
      ['seeked', () => this.#tick()],
      ['playing', () => ((this.playing = true), (this.waiting = false), (this.ended = false))],
      ['pause', () => (this.playing = false)],
      ['waiting', () => (this.waiting = !video.paused)],
      ['canplay', () => (this.waiting = false)],
      ['loadeddata', () => (this.shown = true)],
      ['ended', () => ((this.ended = true), (this.playing = false))],
      ['volumechange', () => (this.muted = video.muted)],
    ];
    for (const [name, run] of heard) video.addEventListener(name, run);
    return () => {
      for (const [name, run] of heard) video.removeEventListener(name, run);
      this.close();
      this.#video = null;
    };
  };

  /** Whether `time` is on the line that is open now. */
  covers(time: number): boolean {
    const last = this.#line.spans.at(-1);
    return this.state === 'ready' && last !== undefined && time <= last.end;
  }

  async open(
    camera: string,
    from: number,
    until: number,
    at: number,
    play: boolean,
    { lead = 0, within = 0 }: Leeway = {},
  ): Promise<void> {
    this.close();
    const turn = this.#turn;
    this.state = 'opening';
    this.time = at;
    try {
      const [library, playback] = await Promise.all([
        import('hls.js/light'),
        this.#household.openPlayback(camera, from, until),
      ]);
      if (turn !== this.#turn || !this.#video) {
        playback.close();
        return;
      }
      this.#playback = playback;
      this.#line = lineOf(playback.spans);
      if (playback.spans.length === 0) {
        this.state = 'empty';
        return;
      }
      const wished = Math.min(
        secondsAt(this.#line, at),
        Math.max(0, this.#line.length - lead / 1000),
      );
      this.#start(library.default, playback, this.#video, quickest(this.#line, wished, within));
      this.state = 'ready';
      if (play) this.play();
    } catch (reason) {
      if (turn === this.#turn) this.#fail(reason);
    }
  }

  #start(library: typeof Hls, playback: Playback, video: HTMLVideoElement, seconds: number): void {
    let reason: unknown = null;
    const opened = new Opened(playback, this.#line);
    // The first segment is fetched and opened while the library still gets ready.
    opened.expect(seconds);
    const hls = new library({
      loader: loaderFor(opened, (why) => (reason = why)),
      streamController: anchored(library, () => opened.lead),
      enableWorker: false,
      autoStartLoad: true,
      startPosition: seconds,
      // Two segments ahead are enough: everything comes out of the opened memory.
      maxBufferLength: 12,
      maxMaxBufferLength: 24,
      backBufferLength: 30,
      maxBufferHole: 0.5,
      nudgeMaxRetry: 10,
      fragLoadPolicy: {
        default: {
          maxTimeToFirstByteMs: 30_000,
          maxLoadTimeMs: 60_000,
          timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
          errorRetry: { maxNumRetry: 1, retryDelayMs: 500, maxRetryDelayMs: 500 },
        },
      },
    });
    this.#hls = hls;
    hls.on(library.Events.ERROR, (_event, data) => {
      if (!data.fatal || this.#hls !== hls) return;
      if (data.type === library.ErrorTypes.MEDIA_ERROR && reason === null) hls.recoverMediaError();
      else this.#fail(reason ?? data.error);
    });
    video.playbackRate = this.rate;
    hls.loadSource(playlistAddress);
    hls.attachMedia(video);
  }

  #fail(reason: unknown): void {
    const kind = kindOf(reason);
    this.close();
    if (kind === 'cancelled') return;
    this.state = 'failed';
    this.failure = kind;
    this.unplayable = reason instanceof Unplayable;
  }

  #tick(): void {
    if (this.#video && this.state === 'ready' && this.shown && !this.#video.seeking) {
      this.time = timeAt(this.#line, this.#video.currentTime);
    }
  }

  seek(time: number, within = 0): void {
    if (!this.#video || this.state !== 'ready') return;
    this.ended = false;
    this.time = time;
    const wished = Math.min(secondsAt(this.#line, time), this.#line.length - 0.05);
    this.#video.currentTime = quickest(this.#line, wished, within);
  }

  play(): void {
    const video = this.#video;
    if (!video) return;
    this.ended = false;
    void video.play().catch((reason: unknown) => {
      // Browsers let silent video start by itself, video with sound only after a touch.
      if (reason instanceof DOMException && reason.name === 'NotAllowedError' && !video.muted) {
        video.muted = true;
        void video.play().catch(() => undefined);
      }
    });
  }

  pause(): void {
    this.#video?.pause();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#video) this.#video.playbackRate = rate;
  }

  toggleSound(): void {
    if (this.#video) this.#video.muted = !this.#video.muted;
  }

  close(): void {
    this.#turn += 1;
    this.#hls?.destroy();
    this.#hls = null;
    this.#playback?.close();
    this.#playback = null;
    this.#line = lineOf([]);
    this.state = 'empty';
    this.failure = null;
    this.unplayable = false;
    this.playing = this.waiting = this.ended = this.shown = false;
  }
}
