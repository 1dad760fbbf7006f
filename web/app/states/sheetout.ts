// SPDX-License-Identifier: Apache-2.0
import { click, fill, see } from './drive';
import { now } from './fixture';
import { family, person, type Kin } from './kin';
import type { State } from './states';

const day = 24 * 3_600_000;

/** An owner goes by the recovery sheet. */
export function sheetOutStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void): State => {
    const household = family(three());
    change(household);
    return { household, fragment };
  };
  const kim = (household: Kin, announced: number | null): void =>
    household.people.set([
      ...household.people.get(),
      person('kim', 'Kim', 'owner', [], { announced: announced === null ? null : now - announced }),
    ]);
  /** Kim is to go by the recovery sheet; it was announced so long ago, or not yet. */
  const sheetOut = (announced: number | null, change: (household: Kin) => void = () => undefined) =>
    at('#/out?who=per_kim', (household) => {
      household.place = 'own';
      kim(household, announced);
      change(household);
    });
  const typed = (state: State, then: string): State => ({
    ...state,
    then: async () => {
      await fill('textarea', Array.from({ length: 24 }, () => 'amber').join(' '));
      await click('form button[type=submit]');
      await see(then);
    },
  });
  return {
    'out-way': () =>
      at('#/person?who=per_kim', (household) => {
        household.place = 'own';
        kim(household, null);
      }),
    'out-page': () => sheetOut(null),
    'out-short': () => ({ ...sheetOut(null), then: () => click('form button[type=submit]') }),
    'out-another': () =>
      typed(
        sheetOut(null, (household) => (household.sheetAnswer = 'another')),
        '[role=alert]',
      ),
    'out-announced': () => typed(sheetOut(null), '.good'),
    'out-due': () => sheetOut(4 * day),
    'out-elsewhere': () => sheetOut(null, (household) => (household.place = 'operator')),
    'out-sheets-own': () => ({ ...sheetOut(null), fragment: '#/out?who=per_anna' }),
  };
}
