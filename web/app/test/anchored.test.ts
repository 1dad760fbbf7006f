// SPDX-License-Identifier: Apache-2.0
import type Hls from 'hls.js';
import { expect, test } from 'vitest';
import { anchored } from '../src/lib/play/anchored';

/** As much of the library's controller as is changed. */
class Controller {
  initPTS: object[] = [];
  readonly began: (object | undefined)[] = [];
  _handleFragmentLoadProgress({ frag }: { frag: { cc: number } }): void {
    this.began.push(this.initPTS[frag.cc]);
  }
}

test('every segment begins where the line says, by the track that leads', () => {
  const library = { DefaultConfig: { streamController: Controller } } as unknown as typeof Hls;
  let lead: { trackId: number; timescale: number } | null = null;
  const Anchored = anchored(library, () => lead) as unknown as typeof Controller;
  const controller = new Anchored();
  controller._handleFragmentLoadProgress({ frag: { cc: 0 } });
  lead = { trackId: 1, timescale: 90_000 };
  controller._handleFragmentLoadProgress({ frag: { cc: 0 } });
  // What the library made of sound that began earlier does not stay.
  controller.initPTS[0] = { baseTime: -512, timescale: 48_000, trackId: 2 };
  controller._handleFragmentLoadProgress({ frag: { cc: 0 } });
  const line = { baseTime: 0, timescale: 90_000, trackId: 1 };
  expect(controller.began).toEqual([undefined, line, line]);
});
