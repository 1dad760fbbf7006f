// SPDX-License-Identifier: Apache-2.0
import { clock } from '../../lib/clock.svelte';
import type { Household } from '../../lib/household';
import type { LiveState, LiveView } from '../../lib/looking';

/** Without a picture for so long, what is seen is not called live any more. */
const freshFor = 5_000;

/** One camera that is being watched: the view, and what has come of it. */
export class LivePicture {
  state = $state.raw<LiveState>({ step: 'connecting' });
  /** The camera sends the hub nothing. */
  silent = $state(false);
  heard = $state(false);
  /** When the newest picture was shown; 0 before the first. */
  at = $state(0);

  #view: LiveView;
  #camera: string;
  #stops: (() => void)[];

  constructor(household: Household, camera: string) {
    this.#view = household.live([camera]);
    this.#camera = camera;
    this.#stops = [
      this.#view.state.subscribe((state) => (this.state = state)),
      this.#view.silent.subscribe((all) => (this.silent = all.includes(camera))),
    ];
  }

  /** Pictures come, and the newest is new. */
  get live(): boolean {
    return this.state.step === 'on' && this.at > 0 && clock.now - this.at < freshFor;
  }

  toggleSound(): void {
    this.heard = !this.heard;
    this.#view.hear(this.heard ? this.#camera : null);
  }

  again(): void {
    this.#view.again();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#view.close();
  }

  /** For `{@attach}`. */
  attach = (video: HTMLVideoElement): (() => void) => {
    let over = false;
    const frame = (): void => {
      if (over) return;
      // Told twice a second: nobody reads an age more often.
      if (clock.now - this.at > 500) this.at = clock.now;
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
    const stop = this.#view.picture(this.#camera).subscribe((stream) => {
      // What was seen last stays until something new comes.
      if (stream === null) return;
      video.srcObject = stream;
      video.play().catch(() => undefined);
    });
    return () => {
      over = true;
      stop();
      video.srcObject = null;
    };
  };
}
