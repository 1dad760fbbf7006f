// SPDX-License-Identifier: Apache-2.0
import type { TalkState } from '../src/lib/looking';
import { click, see } from './drive';
import type { DrawnView } from './drawnview';
import { watched } from './looking';
import type { State } from './states';

/** Talking by the front door's speaker, as `live` shows it. */
export function talkStates(
  live: (then: (view: DrawnView) => Promise<void>) => State,
): Record<string, () => State> {
  const talk = (state: TalkState, level = 0): State =>
    live(async ({ voice }) => {
      voice.cameras.set(['cam_door']);
      voice.state.set(state);
      voice.level.set(level);
      await see('.talk');
    });
  const replying = (then: () => Promise<void>): State =>
    live(async ({ voice }) => {
      voice.cameras.set(['cam_door']);
      voice.replies.set(['cam_door']);
      await see('.replies button');
      await then();
    });
  return {
    'talk-off': () => talk({ step: 'off' }),
    'talk-chime': () => talk({ step: 'chime' }),
    'talk-on': () => talk({ step: 'on' }, 0.7),
    'talk-other': () => {
      const state = talk({ step: 'off' });
      const talking = [{ id: 'cam_door', name: 'Front door' }];
      state.household.watched.set([watched({ talking })]);
      return state;
    },
    'talk-child': () => {
      const state = talk({ step: 'off' });
      state.household.children = ['cam_door'];
      return state;
    },
    'talk-reply': () => replying(async () => undefined),
    'talk-reply-open': () =>
      replying(async () => {
        await click('.replies button');
        await see('.replies form');
      }),
    'talk-microphone': () => talk({ step: 'refused', word: 'microphone', by: '' }),
  };
}
