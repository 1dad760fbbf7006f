// SPDX-License-Identifier: Apache-2.0
import type { Covered } from '../src/lib/covers';
import { click, see, setUp } from './drive';
import { now } from './fixture';
import { family, Kin } from './kin';
import type { State } from './states';

const hour = 3_600_000;
const window = { height: 320, left: 80, top: 60, width: 300 };
const street = { height: 260, left: 520, top: 640, width: 480 };

const set = (change: Partial<Covered> = {}): Covered => ({
  camera: 'cam_door',
  masks: [window, street],
  before: [],
  seq: 1,
  person: 'per_jan',
  name: 'Jan',
  mine: false,
  at: now - 2 * hour,
  ...change,
});

/** Pictures of which parts are covered. */
export function coverStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, covered: Covered[], then?: () => Promise<void>): State => {
    const household = family(three());
    household.covered = covered;
    return { household, fragment, ...(then ? { then } : {}) };
  };
  const unable = (fragment: string): State => {
    const state = at(fragment, [set()]);
    const { cameras } = state.household;
    cameras.set(
      cameras
        .get()
        .map((one) => (one.id === 'cam_door' ? { ...one, state: 'uncovered' as const } : one)),
    );
    return state;
  };
  const unsaid = (fragment: string, then?: () => Promise<void>): State => {
    const state = at(fragment, [], then);
    const { cameras } = state.household;
    const all = cameras.get();
    cameras.set(
      all.map((one) => (one.id === 'cam_door' ? { ...one, state: 'unsaid' as const } : one)),
    );
    return state;
  };
  const live = '#/live?camera=cam_door';
  const opened = async (): Promise<void> => {
    await setUp('square-dashed');
    await see('[role=dialog] .filled');
  };
  return {
    'cover-camera': () => at(live, [set()], () => see('[data-covered]')),
    'cover-home-uncovered': () =>
      at('#/', [set({ masks: [street], before: [window, street], seq: 2 })], () =>
        see('[data-covered]'),
      ),
    'cover-home-none': () =>
      at('#/', [set({ masks: [], before: [window], seq: 2 })], () => see('[data-covered]')),
    'cover-dialog': () =>
      at(live, [set()], async () => {
        await opened();
        await click('[role=dialog] .mask');
      }),
    'cover-dialog-new': () => at(live, [], opened),
    'cover-dialog-moved': () => {
      const state = at(live, [set()]);
      state.household.overtaken = true;
      return {
        ...state,
        then: async () => {
          await opened();
          await click('[role=dialog] .btn:has(.lucide-plus)');
          await click('[role=dialog] .filled');
          await see('[role=dialog] [role=alert]');
        },
      };
    },
    'cover-unable-camera': () => unable(live),
    'cover-unable': () => unable('#/'),
    'cover-unsaid': () => unsaid('#/'),
    'cover-unsaid-camera': () => unsaid(live, () => see('#unsaid')),
    'cover-dialog-keys': () =>
      at(live, [set()], async () => {
        await opened();
        const part = document.querySelector<HTMLElement>('[role=dialog] .mask')!;
        part.focus();
        for (const [name, shiftKey] of [
          ['ArrowDown', false],
          ['ArrowRight', true],
          ['ArrowRight', true],
        ] as const)
          part.dispatchEvent(new KeyboardEvent('keydown', { key: name, shiftKey, bubbles: true }));
        await see(
          '[role=dialog] .mask',
          (one) => one.style.width === '34%' && one.style.top === '8%',
        );
      }),
  };
}
