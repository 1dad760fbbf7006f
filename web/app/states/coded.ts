// SPDX-License-Identifier: Apache-2.0
import type { Recorded } from '../src/lib/recording';
import { click, see, settings, settle } from './drive';
import type { Shown } from './looking';
import type { State } from './states';

/** Where it is changed how it is recorded. */
const changeable = async (): Promise<void> => {
  await settings();
  await see('.line .btn');
};

/** How the door is recorded, which sends H.265. */
const h265 = (change: Partial<Recorded>): Recorded => ({
  camera: 'cam_door',
  cost: 48,
  form: 'sent',
  measured: false,
  sent: 'h265',
  small: false,
  ...change,
});

/** The drawn states of a camera that sends H.265; `live` shows the door. */
export function codedStates(live: (options: Shown) => State): Record<string, () => State> {
  return {
    'live-h265': () => {
      const state = live({});
      state.household.code('cam_door', 'h265');
      return state;
    },
    'live-h265-sent': () => {
      const state = live({ then: changeable });
      state.household.code('cam_door', 'h265');
      state.household.forms = [h265({})];
      return state;
    },
    'live-h265-made': () => {
      const state = live({ scene: 'door', then: changeable });
      state.household.forms = [h265({ form: 'made', measured: true })];
      return state;
    },
    'live-h265-change': () => {
      const state = live({
        scene: 'door',
        then: async () => {
          await settings();
          await click('.line .btn');
          await click('[type=radio][value=sent]');
          // What is chosen stays so while more is heard of the cameras.
          state.household.code('cam_door', 'h265');
          await settle();
          await see('[type=radio][value=sent]:checked');
        },
      });
      state.household.forms = [h265({ form: 'made', measured: true, small: true })];
      return state;
    },
    'live-h265-second': () => {
      const state = live({
        scene: 'door',
        then: async (view) => {
          view.second.set(['cam_door']);
          await see('.smaller');
        },
      });
      state.household.code('cam_door', 'h265');
      return state;
    },
  };
}
