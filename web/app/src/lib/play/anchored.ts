// SPDX-License-Identifier: Apache-2.0
import type Hls from 'hls.js';
import type { FragLoadedData, HlsConfig } from 'hls.js';
import type { Lead } from './mp4';

/**
 * The library's controller of segments, told that their times are those of the line already.
 *
 * By itself it lets the film begin with the earliest track of the segment it meets first. Sound
 * mostly begins a little before the picture, and that little would move every picture: the place
 * where a segment begins would lie in the last picture of the one before, which is then fetched and
 * decoded as a whole.
 */
export function anchored(
  library: typeof Hls,
  lead: () => Lead | null,
): HlsConfig['streamController'] {
  return class extends library.DefaultConfig.streamController {
    protected override _handleFragmentLoadProgress(data: FragLoadedData): void {
      const track = lead();
      if (track) this.initPTS[data.frag.cc] = { baseTime: 0, ...track };
      super._handleFragmentLoadProgress(data);
    }
  };
}
