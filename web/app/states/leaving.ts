// SPDX-License-Identifier: Apache-2.0
import { click, see } from './drive';
import { now } from './fixture';
import { asGuest, family, type Kin } from './kin';
import { movingStates } from './moving';
import type { State } from './states';

const day = 86_400_000;

/** Taking everything along, and going. */
export function leavingStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    change(household);
    return { household, fragment };
  };
  const erasing = (change: { name?: string; mine?: boolean; keep?: boolean } = {}) => {
    const { name = 'Jan', mine = false, keep = true } = change;
    return { due: now + 6 * day, by: { id: 'per_jan', name }, mine, keep };
  };
  const picked = (household: Kin): void => {
    household.stuck = true;
    const never = { kind: 'directory', name: 'drawn', entries: () => never } as unknown as object;
    Object.assign(never, {
      getDirectoryHandle: () => new Promise(() => undefined),
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    });
    Object.assign(globalThis, { showDirectoryPicker: async () => never });
  };
  const gone = (missing: number): State =>
    at('#/', (household) => {
      household.phase.set('gone');
      household.erased = {
        at: now - 3_600_000,
        recordings: 20_412,
        bytes: 412_000_000_000,
        pages: 2190,
        keys: 318,
        missing,
      };
    });
  return {
    'leaving-all': () => at('#/everything', picked),
    'leaving-all-running': () => ({
      ...at('#/everything', picked),
      then: async () => (await click('.actions .filled'), await see('progress')),
    }),
    'leaving-all-unable': () =>
      at('#/everything', () => {
        delete (globalThis as { showDirectoryPicker?: unknown }).showDirectoryPicker;
      }),
    'leaving-all-nothing': () => {
      const state = at('#/everything', picked);
      asGuest(state.household, []);
      return state;
    },
    'leaving-erase': () => at('#/erase'),
    'leaving-erase-unsure': () => ({ ...at('#/erase'), then: () => click('form .danger') }),
    'leaving-erase-code': () => ({
      ...at(
        '#/erase',
        (household) => (household.changeAt = { step: 'code', wrong: false, passkey: null }),
      ),
      then: async () => {
        await click('form input[type=checkbox]');
        await click('form .danger');
        await see('.digits');
      },
    }),
    'leaving-erase-passkey': () => ({
      ...at(
        '#/erase',
        (household) => (household.changeAt = { step: 'code', wrong: false, passkey: {} }),
      ),
      then: async () => {
        await click('form input[type=checkbox]');
        await click('form .danger');
        await see('.passkey');
      },
    }),
    'leaving-erasing': () => at('#/', (household) => household.erasing.set(erasing())),
    'leaving-erasing-mine': () =>
      at('#/settings', (household) => household.erasing.set(erasing({ mine: true }))),
    'leaving-erasing-guest': () => {
      const state = at('#/mine');
      asGuest(state.household);
      state.household.erasing.set(erasing({ name: '', keep: false }));
      return state;
    },
    'leaving-erasing-fault': () => ({
      ...at('#/people', (household) => {
        household.erasing.set(erasing());
        household.refusal = 'cloud-away';
      }),
      then: async () => (await click('section .buttons .filled'), await see('[role=alert]')),
    }),
    'leaving-erased': () => gone(0),
    'leaving-erased-missing': () => ({
      ...gone(2),
      then: async () => (await click('.actions .btn'), await see('dialog, [role=dialog]')),
    }),
    ...movingStates(three),
  };
}
