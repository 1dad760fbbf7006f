// SPDX-License-Identifier: Apache-2.0
import type { DoorStep, OpenOutcome } from '../src/lib/doors';
import { click, fill, see, setUp } from './drive';
import type { State } from './states';

/** Opening the front door, on its camera's live page, as `live` shows it. */
export function openStates(
  live: (then: () => Promise<void>, step: 'on' | 'connecting') => State,
): Record<string, () => State> {
  const open = (
    then: () => Promise<void>,
    outcome: OpenOutcome = 'opened',
    step: 'on' | 'connecting' = 'on',
  ): State => {
    const state = live(async () => {
      await see('.open');
      await then();
    }, step);
    state.household.openable = [
      { camera: 'cam_door', name: 'Front door', kind: 'http', gesture: true },
    ];
    state.household.outcome = outcome;
    return state;
  };
  /** As a screen reader presses. */
  const twice = async (): Promise<void> => {
    await click('.open button');
    await click('.open button');
  };
  const said = (): Promise<void> => twice().then(() => see('.open .hint:not(:empty)'));
  /** What opens it, as its owner sees and sets it. */
  const hang = (then: () => Promise<void>, outcome: DoorStep['outcome'] = 'set'): State => {
    const state = open(async () => {
      await setUp('door-closed');
      await see('[role=dialog] form');
      await then();
    });
    state.household.hanging = outcome;
    return state;
  };
  const dialog = '[role=dialog]';
  const send = async (): Promise<void> => {
    await fill(`${dialog} fieldset + .field input`, 'http://192.168.1.9/relay/0?turn=on');
    await click(`${dialog} button[type=submit]`);
  };
  return {
    'door-none': () =>
      live(async () => {
        await setUp('door-closed');
        await see(`${dialog} form`);
      }, 'on'),
    'door-set': () => hang(async () => undefined),
    'door-broker': () => hang(() => click(`${dialog} input[value=mqtt]`)),
    'door-own': () => hang(() => click(`${dialog} input[value=onvif]`)),
    // Nobody can begin on a form that does not say yet what is set: a name that was there would be missing in it.
    'door-late': () => {
      const state = open(async () => {
        let says = (): void => undefined;
        state.household.hubSays = new Promise((resolve) => (says = resolve));
        await setUp('door-closed');
        await see(`${dialog} .door [role=status]`);
        if (document.querySelector(`${dialog} form`)) throw new Error('a form that knows nothing');
        says();
        await see(`${dialog} .field input`, (found) => found.matches(':valid'));
      });
      return state;
    },
    'door-digits': () => hang(() => send().then(() => see(`${dialog} .digits`)), 'gesture'),
    'door-wrong': () => hang(() => send().then(() => see(`${dialog} .wrong`)), 'invalid'),
    'open-door': () => open(async () => undefined),
    // Whoever is at the door is not to wait for a picture.
    'open-connecting': () => open(async () => undefined, 'opened', 'connecting'),
    'open-sure': () => open(() => click('.open button')),
    'open-done': () => open(said),
    'open-unanswered': () => open(said, 'unanswered'),
    'open-digits': () => open(() => twice().then(() => see('.open input')), 'gesture'),
    'open-digits-wrong': () => open(() => twice().then(() => see('.open input')), 'gesture-wrong'),
  };
}
