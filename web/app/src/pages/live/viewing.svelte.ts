// SPDX-License-Identifier: Apache-2.0
import { untrack } from 'svelte';
import { clock } from '../../lib/clock.svelte';
import type { Household } from '../../lib/household';
import type { LiveState, LiveView } from '../../lib/looking';

/** Without a picture for so long, what is seen is not called live any more. */
const freshFor = 5_000;

/** As wide a picture is kept from one place to the next, and no wider. */
const stillWidth = 640;

/** HTMLMediaElement.HAVE_CURRENT_DATA: there is a picture to be shown. */
const haveData = 2;

/**
 * How a camera's picture is: `coming` is expected any moment, `silent` is a camera that sends the hub
 * nothing, `old` is whatever else is not live.
 */
export type How = 'coming' | 'live' | 'silent' | 'old';

/** For what is noted once, and not drawn anew each second. */
const now = (): number => untrack(() => clock.now);

/** Some cameras that are being watched in one view: one connection, and one look on the record. */
export class Viewing {
  state = $state.raw<LiveState>({ step: 'connecting' });
  /** The camera that is heard. */
  heard = $state<string | null>(null);
  readonly cameras: readonly string[];
  readonly voice: LiveView['voice'];
  readonly #view: LiveView;
  readonly #pictures: readonly LivePicture[];
  readonly #stops: (() => void)[];

  constructor(household: Household, cameras: readonly string[]) {
    this.cameras = cameras;
    this.#view = household.live(cameras);
    this.voice = this.#view.voice;
    this.#pictures = cameras.map((id) => new LivePicture(id, this, this.#view.picture(id)));
    this.#stops = [
      this.#view.state.subscribe((state) => {
        this.state = state;
        if (state.step === 'on') this.#expect(cameras);
      }),
      this.#view.silent.subscribe((silent) => {
        for (const one of this.#pictures) one.silent = silent.includes(one.camera);
      }),
      this.#view.second.subscribe((second) => {
        for (const one of this.#pictures) one.second = second?.includes(one.camera) ?? null;
      }),
      this.#view.narrow.subscribe((narrow) => {
        for (const one of this.#pictures) one.narrow = narrow.includes(one.camera);
      }),
    ];
  }

  /** The picture of one of its cameras. */
  of(camera: string): LivePicture {
    const picture = this.#pictures.find((one) => one.camera === camera);
    if (!picture) throw new Error('this view is of other cameras');
    return picture;
  }

  has(camera: string): boolean {
    return this.cameras.includes(camera);
  }

  /** Nobody sees the others: nothing is sent for them meanwhile. For small pictures less is sent. */
  show(cameras: readonly string[], small = false): void {
    this.#expect(cameras.filter((id) => !this.of(id).wanted));
    for (const one of this.#pictures) one.wanted = cameras.includes(one.camera);
    this.#view.show(cameras, small);
  }

  #expect(cameras: readonly string[]): void {
    for (const id of cameras) this.of(id).since = now();
  }

  hear(camera: string | null): void {
    this.heard = camera;
    this.#view.hear(camera);
  }

  again(): void {
    this.#view.again();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const one of this.#pictures) one.forget();
    this.#view.close();
  }
}

/** One camera of a view. */
export class LivePicture {
  /** The camera sends the hub nothing. */
  silent = $state(false);
  /** It has a second, smaller stream; null while that is not known. */
  second = $state<boolean | null>(null);
  /** The smaller one is sent because the line carries no more, by the hub's word. */
  narrow = $state(false);
  /** What was seen last in another place or by an earlier connection, until something new comes in this one. */
  still = $state.raw<ImageBitmap | null>(null);
  /** That was in another place, a moment ago: it need not look old. */
  fresh = $state(false);
  /** When the newest picture was shown; 0 before the first. */
  at = $state(0);
  /** The place where it is shown has had a picture. */
  drawn = $state(false);
  /** Since when pictures are to be expected. */
  since = $state(now());
  wanted = true;

  constructor(
    readonly camera: string,
    readonly viewing: Viewing,
    private readonly stream: ReturnType<LiveView['picture']>,
  ) {}

  get how(): How {
    const { step } = this.viewing.state;
    if (step === 'connecting') return 'coming';
    if (step !== 'on') return 'old';
    if (this.drawn && clock.now - this.at < freshFor) return 'live';
    if (this.silent) return 'silent';
    return clock.now - this.since < freshFor ? 'coming' : 'old';
  }

  get heard(): boolean {
    return this.viewing.heard === this.camera;
  }

  /** From one place to the next, and from one connection to the next, nobody is to see an empty one. */
  private keep(video: HTMLVideoElement, fresh: boolean): void {
    this.drawn = false;
    this.fresh = fresh;
    this.forget();
    const { videoWidth: width, videoHeight: height } = video;
    if (!width || !height) return;
    const less = Math.min(1, stillWidth / width);
    const canvas = new OffscreenCanvas(Math.ceil(width * less), Math.ceil(height * less));
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
    this.still = canvas.transferToImageBitmap();
  }

  forget(): void {
    this.still?.close();
    this.still = null;
  }

  /** For `{@attach}`. */
  attach = (video: HTMLVideoElement): (() => void) => {
    let over = false;
    /** This place, and not the one before it, shows something. */
    let shows = false;
    const frame = (): void => {
      if (over) return;
      // A busy browser may tell of the first picture before it can show it: what is there instead stays for that turn.
      if (video.readyState < haveData) {
        requestAnimationFrame(frame);
        return;
      }
      shows = true;
      this.drawn = true;
      this.forget();
      // Told twice a second: nobody reads an age more often.
      if (now() - this.at > 500) this.at = now();
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
    const stop = this.stream.subscribe((stream) => {
      // What was seen last stays until something new comes.
      if (stream === null) return;
      if (shows) this.keep(video, false);
      shows = false;
      video.srcObject = stream;
      video.play().catch(() => undefined);
    });
    return () => {
      over = true;
      if (shows) this.keep(video, true);
      this.drawn = false;
      stop();
      video.srcObject = null;
    };
  };
}
