// SPDX-License-Identifier: Apache-2.0
import type { Off } from '../src/lib/household';
import type { PrivateSetting } from '../src/lib/privacy';
import { click, see } from './drive';
import { day, now } from './fixture';
import { family, Kin } from './kin';
import type { State } from './states';

const minute = 60_000;
const hour = 60 * minute;

const by = (change: Partial<Off> = {}): Off => ({
  since: now - 2 * hour,
  person: { id: 'per_jan', name: 'Jan' },
  mine: false,
  home: false,
  hours: false,
  ...change,
});

const set = (change: Partial<PrivateSetting>): PrivateSetting => ({
  camera: 'cam_door',
  on: true,
  hours: [],
  zone: '',
  person: 'per_jan',
  at: now - 2 * hour,
  ...change,
});

const workdays = [{ days: [1, 2, 3, 4, 5], from: 480, until: 1020 }];

/** Cameras that are turned off at their source. */
export function privateStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, closed: Record<string, Off>, settings: PrivateSetting[]): State => {
    const household = family(three());
    household.settings = settings;
    household.cameras.set(
      household.cameras.get().map((one) => {
        const off = closed[one.id];
        return off ? { ...one, state: 'private' as const, off } : one;
      }),
    );
    return { household, fragment };
  };
  const door = { cam_door: by() };
  const all = (change: Partial<Off>): Record<string, Off> =>
    Object.fromEntries(['cam_door', 'cam_hall', 'cam_garden'].map((id) => [id, by(change)]));
  const opened = async (): Promise<void> => {
    await click('main .btn:has(.lucide-eye-off)');
    await see('[role=dialog] form');
  };
  const live = '#/live?camera=cam_door';
  return {
    'private-home': () => at('#/', door, [set({})]),
    'private-home-all': () =>
      at('#/', all({ home: true, mine: true }), [set({ camera: 'household' })]),
    'private-home-several': () =>
      at('#/', { ...door, cam_hall: by({ hours: true, since: now - 26 * hour }) }, []),
    'private-camera': () => at(live, door, [set({})]),
    'private-camera-hours': () =>
      at(live, { cam_door: by({ hours: true }) }, [
        set({ on: false, hours: workdays, zone: 'UTC' }),
      ]),
    'private-live-none': () => at('#/live', all({ home: true }), []),
    'private-dialog': () => ({ ...at(live, door, [set({})]), then: opened }),
    'private-dialog-on': () => ({
      ...at('#/history', {}, []),
      fragment: '#/',
      then: async () => {
        await click('header .btn:has(.lucide-eye-off)');
        await see('[role=dialog] form');
      },
    }),
    'private-dialog-hours': () => ({
      ...at(live, { cam_door: by({ hours: true }) }, [
        set({ on: false, hours: [...workdays, ...workdays], zone: 'UTC' }),
      ]),
      then: opened,
    }),
    'private-dialog-by-home': () => ({ ...at(live, all({ home: true }), []), then: opened }),
    'private-dialog-refused': () => {
      const state = at(live, door, [set({})]);
      state.household.refusal = 'hub-away';
      return {
        ...state,
        then: async () => {
          await click('main .btn:has(.lucide-eye-off)');
          await see('[role=dialog] [role=alert]');
        },
      };
    },
    'private-history': () => {
      const noon = Date.UTC(2026, 10, 22, 11);
      const state = at(`#/history?camera=cam_door&at=${noon}`, {}, []);
      const { cameras } = state.household;
      const hours: [number, number][] = [
        [0, 11.6],
        [13, 24],
      ];
      cameras.set(
        cameras
          .get()
          .map((one) =>
            one.id === 'cam_door' ? { ...one, timeline: day(hours, 'private') } : one,
          ),
      );
      return state;
    },
  };
}
