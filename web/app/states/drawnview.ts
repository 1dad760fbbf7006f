// SPDX-License-Identifier: Apache-2.0
import type { LiveState, LiveView, TalkState } from '../src/lib/looking';
import { now } from './fixture';
import { Settable } from './live';
import { paint, type Scene } from './scenes';

/** A view of drawn scenes: real films, made here. */
export class DrawnView implements LiveView {
  readonly state: Settable<LiveState>;
  readonly silent = new Settable<readonly string[]>([]);
  readonly second = new Settable<readonly string[] | null>([]);
  readonly narrow = new Settable<readonly string[]>([]);
  readonly voice = {
    cameras: new Settable<readonly string[]>([]),
    state: new Settable<TalkState>({ step: 'off' }),
    replies: new Settable<readonly string[]>([]),
    replying: new Settable<TalkState>({ step: 'off' }),
    level: new Settable(0),
    hold: (): void => this.voice.state.set({ step: 'on' }),
    reply: (): void => this.voice.replying.set({ step: 'on' }),
    release: (): void => {
      this.voice.state.set({ step: 'off' });
      this.voice.replying.set({ step: 'off' });
    },
  };
  readonly #streams = new Map<string, Settable<MediaStream | null>>();

  constructor(
    state: LiveState,
    /** Which scene a camera shows, if any. */
    private readonly scene: (camera: string) => Scene | null,
  ) {
    this.state = new Settable(state);
  }

  picture(camera: string): Settable<MediaStream | null> {
    const made = this.#streams.get(camera) ?? new Settable(this.#film(camera));
    this.#streams.set(camera, made);
    return made;
  }

  #film(camera: string): MediaStream | null {
    const scene = this.scene(camera);
    if (scene === null) return null;
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    canvas.getContext('2d')?.drawImage(paint(scene, now), 0, 0);
    return canvas.captureStream(10);
  }

  show(): void {}
  hear(): void {}
  again(): void {
    this.state.set({ step: 'connecting' });
  }
  close(): void {}
}
