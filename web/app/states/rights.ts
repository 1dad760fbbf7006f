// SPDX-License-Identifier: Apache-2.0
import type { ChangePhase } from '../src/lib/people';
import { click, fill, see, settle } from './drive';
import type { Kin } from './kin';
import type { State } from './states';

/** The drawn states of what somebody else may see; `at` opens a page of a family. */
export function rightStates(
  at: (fragment: string, change?: (household: Kin) => void) => State,
): Record<string, () => State> {
  const changing = (phase: ChangePhase): State => ({
    ...at('#/rights?who=per_eva', (household) => (household.changeAt = phase)),
    then: () => click('form button[type=submit]'),
  });
  return {
    rights: () => at('#/rights?who=per_eva'),
    'rights-family': () => at('#/rights?who=per_jan'),
    // Whoever opens this page by itself is there before it is read who belongs to the household.
    'rights-late': () => {
      const state = at('#/rights?who=per_jan');
      const { own, people } = state.household;
      const [me, all] = [own.get(), people.get()];
      own.set(null);
      people.set([]);
      const then = async (): Promise<void> => {
        await see('h1');
        await settle();
        own.set(me);
        people.set(all);
        await see('input[value=guardian]:checked');
      };
      return { ...state, then };
    },
    'rights-wrong': () => ({
      ...at('#/rights?who=per_eva'),
      then: async () => {
        await fill('.end input[type=date]', '2026-11-01');
        await fill('.hours input[type=time]', '19:00');
        await click('form button[type=submit]');
      },
    }),
    'rights-code': () => changing({ step: 'code', wrong: false, passkey: null }),
    'rights-code-wrong': () => changing({ step: 'code', wrong: true, passkey: null }),
    'rights-done': () => changing({ step: 'done' }),
    'rights-refused': () => changing({ step: 'refused', reason: 'not-allowed' }),
  };
}
