// SPDX-License-Identifier: Apache-2.0
import type { OpenOutcome } from '../src/lib/doors';
import { click, see } from './drive';
import type { State } from './states';

/** Opening the front door, on its camera's live page, as `live` shows it. */
export function openStates(
  live: (then: () => Promise<void>) => State,
): Record<string, () => State> {
  const open = (then: () => Promise<void>, outcome: OpenOutcome = 'opened'): State => {
    const state = live(async () => {
      await see('.open');
      await then();
    });
    state.household.openable = [{ camera: 'cam_door', name: 'Front door', gesture: true }];
    state.household.outcome = outcome;
    return state;
  };
  /** As a screen reader presses. */
  const twice = async (): Promise<void> => {
    await click('.open button');
    await click('.open button');
  };
  const said = (): Promise<void> => twice().then(() => see('.open .hint:not(:empty)'));
  return {
    'open-door': () => open(async () => undefined),
    'open-sure': () => open(() => click('.open button')),
    'open-done': () => open(said),
    'open-unanswered': () => open(said, 'unanswered'),
    'open-digits': () => open(() => twice().then(() => see('.open input')), 'gesture'),
    'open-digits-wrong': () => open(() => twice().then(() => see('.open input')), 'gesture-wrong'),
  };
}
