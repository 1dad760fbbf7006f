// SPDX-License-Identifier: Apache-2.0
import type { Starred } from '../src/lib/stars';
import { click, key, see } from './drive';
import { now } from './fixture';
import { family, type Kin } from './kin';
import { DrawnView } from './drawnview';
import type { State } from './states';

const minute = 60_000;
const day = 24 * 60 * minute;

const star = (camera: string, ago: number, change: Partial<Starred> = {}): Starred => ({
  camera,
  moment: now - ago,
  person: 'per_jan',
  name: 'Jan',
  mine: false,
  at: now - ago + 5 * minute,
  waiting: false,
  ...change,
});

const some = (): Starred[] => [
  star('cam_garden', 41 * day),
  star('cam_door', 3 * day, { mine: true }),
  star('cam_door', 95 * minute, { waiting: true }),
  star('cam_door', 62 * minute, { mine: true, name: 'Anna' }),
  star('cam_hall', 70 * minute),
];

/** Moments that are kept. */
export function starStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, list: Starred[], then?: () => Promise<void>): State => {
    const household = family(three());
    household.starred = list;
    return { household, fragment, ...(then ? { then } : {}) };
  };
  const live = (then: () => Promise<void>): State => {
    const state = at('#/live?camera=cam_door', []);
    state.household.makeView = () => new DrawnView({ step: 'on' }, () => 'door');
    return { ...state, then: async () => (await see('.age.live'), await then()) };
  };
  const past = `#/history?camera=cam_door&at=${now - 62 * minute}`;
  return {
    starred: () => at('#/starred', some(), () => see('.picture canvas')),
    'starred-empty': () => at('#/starred', []),
    'starred-loading': () => {
      const state = at('#/starred', []);
      state.household.stuck = true;
      return state;
    },
    'starred-sure': () =>
      at('#/starred', some(), async () => {
        await see('.picture canvas');
        await click('li:last-child .btn.quiet');
      }),
    'history-starred': () => at(past, some(), () => see('.strip svg')),
    'live-starred': () => live(() => key('s')),
    'live-star-full': () => {
      const state = live(() => key('s'));
      state.household.refusal = 'stars-full';
      return state;
    },
  };
}
