// SPDX-License-Identifier: Apache-2.0
import type { LiveState, LiveView } from '../src/lib/looking';
import { now } from './fixture';
import { Settable } from './live';
import { paint, type Scene } from './scenes';

/** A view of a drawn scene: a real film, made here. */
export class DrawnView implements LiveView {
  readonly state: Settable<LiveState>;
  readonly silent = new Settable<readonly string[]>([]);
  readonly #stream = new Settable<MediaStream | null>(null);

  constructor(state: LiveState, scene: Scene | null) {
    this.state = new Settable(state);
    if (scene === null) return;
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const context = canvas.getContext('2d');
    context?.drawImage(paint(scene, now), 0, 0);
    this.#stream.set(canvas.captureStream(10));
  }

  picture(): Settable<MediaStream | null> {
    return this.#stream;
  }
  hear(): void {}
  again(): void {
    this.state.set({ step: 'connecting' });
  }
  close(): void {}
}
