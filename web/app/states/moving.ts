// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind } from '../src/lib/household';
import type { Moving } from '../src/lib/moving';
import { alarm, now } from './fixture';
import { asGuest, family, type Kin } from './kin';
import { click, fill, see } from './drive';
import type { State } from './states';

const places = {
  from: 'https://cloud.example',
  to: 'https://kameras.hausgemeinschaft-am-birkenwaeldchen.example:8443',
};

type Step = Moving extends infer S ? (S extends Moving ? Omit<S, 'from' | 'to'> : never) : never;

/** The household goes to another cloud. */
export function movingStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    household.place = 'own';
    change(household);
    return { household, fragment };
  };
  const moving = (step: Step, fragment = '#/move'): State =>
    at(fragment, (household) => household.moving.set({ ...places, ...step } as Moving));
  const stopped = (reason: ErrorKind, gone = false, again = false): State =>
    moving({ step: 'stopped', reason, gone, again });
  return {
    'moving-way': () => at('#/settings'),
    'moving-elsewhere': () => at('#/settings', (household) => (household.place = 'operator')),
    'moving-page': () => at('#/move'),
    'moving-empty': () => ({ ...at('#/move'), then: () => click('.body > form .btn') }),
    'moving-away': () => ({
      ...at('#/move', (household) => (household.refusal = 'other-cloud-away')),
      then: async () => {
        await fill('.body > form input', 'cloud.example');
        await click('.body > form .btn');
        await see('[role=alert]');
      },
    }),
    'moving-follow-refused': () => ({
      ...at('#/move', (household) => (household.refusal = 'record-differs')),
      then: async () => {
        await fill('section form input', 'cloud.example');
        await click('section form .btn');
        await see('[role=alert]');
      },
    }),
    'moving-following': () => ({
      ...at('#/move', (household) => (household.stuck = true)),
      then: async () => {
        await fill('section form input', 'cloud.example');
        await click('section form .btn');
        await see('section [role=status]');
      },
    }),
    'moving-guardian': () =>
      at('#/move', (household) => {
        const own = household.own.get();
        if (own) household.own.set({ ...own, role: 'guardian' });
      }),
    'moving-guest': () => {
      const state = at('#/move');
      asGuest(state.household, []);
      return state;
    },
    'moving-asking': () => moving({ step: 'asking' }),
    'moving-code': () => moving({ step: 'code', wrong: false, passkey: null }),
    'moving-passkey': () => moving({ step: 'code', wrong: true, passkey: {} }),
    'moving-copying': () => moving({ step: 'copying', done: 43, total: 484 }),
    'moving-arriving': () => moving({ step: 'arriving', since: now - 20_000 }),
    'moving-arriving-long': () => moving({ step: 'arriving', since: now - 3_600_000 }),
    'moving-stopped': () => stopped('hub-away', false, true),
    'moving-unmovable': () => stopped('not-movable'),
    'moving-unreached': () => stopped('hub-cannot-reach'),
    'moving-stopped-gone': () => stopped('record-differs', true),
    'moving-banner': () => moving({ step: 'copying', done: 43, total: 484 }, '#/'),
    'moving-banner-gone': () => moving({ step: 'arriving', since: now - 20_000 }, '#/history'),
    'moving-banner-stopped': () =>
      moving({ step: 'stopped', reason: 'hub-away', gone: false, again: true }, '#/people'),
    'moving-done': () => moving({ step: 'moved', followed: false, erased: false }),
    'moving-done-erased': () => moving({ step: 'moved', followed: false, erased: true }),
    'moving-done-code': () => ({
      ...at('#/move', (household) => {
        household.moving.set({ ...places, step: 'moved', followed: false, erased: false });
        household.changeAt = { step: 'code', wrong: false, passkey: null };
      }),
      then: async () => (await click('section .btn'), await see('.digits')),
    }),
    'moving-followed': () => moving({ step: 'moved', followed: true, erased: false }),
    'moving-followed-banner': () => moving({ step: 'moved', followed: true, erased: false }, '#/'),
    'moving-gone': () => at('#/', (household) => household.phase.set('gone')),
    'moving-silent': () =>
      at('#/', (household) => {
        household.trust.set({ ...household.trust.get(), alarms: [alarm('frozen')] });
      }),
  };
}
