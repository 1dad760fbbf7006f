// SPDX-License-Identifier: Apache-2.0
import { click, fill, see } from './drive';
import { failure } from './fixture';
import { asGuest, family, type Kin } from './kin';
import type { State } from './states';

const code = 'abcd-efgh-ijkl-mnop-qrst-uvwx-yz23-4567-abcd-efgh-ijkl-mnop-qrst';

/** The hub is broken or gone, and a new one takes its place. */
export function newHubStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    change(household);
    return { household, fragment };
  };
  const replaces = (run: Kin['replaceHub']) => (household: Kin) => {
    household.replaceHub = run;
  };
  const sent = (state: State, then: () => Promise<void>): State => ({
    ...state,
    then: async () => {
      await fill('form input', code);
      await click('form .filled');
      await then();
    },
  });
  const refused = (kind: 'hub-code-wrong' | 'not-allowed'): State =>
    sent(
      at(
        '#/hub',
        replaces(() => Promise.reject(failure(kind))),
      ),
      () => see('[role=alert]'),
    );
  return {
    'newhub-way': () => at('#/settings'),
    'newhub-page': () => at('#/hub'),
    'newhub-empty': () => ({ ...at('#/hub'), then: () => click('form .filled') }),
    'newhub-working': () =>
      sent(
        at(
          '#/hub',
          replaces(async (_code, onStep) => {
            onStep('hub');
            await new Promise(() => undefined);
          }),
        ),
        () => see('ol'),
      ),
    'newhub-wrong': () => refused('hub-code-wrong'),
    'newhub-two': () => refused('not-allowed'),
    'newhub-done': () =>
      sent(
        at(
          '#/hub',
          replaces(() => Promise.resolve()),
        ),
        () => see('.done'),
      ),
    'newhub-guest': () => {
      const state = at('#/hub');
      asGuest(state.household, []);
      return state;
    },
    'newhub-cameras': () => ({
      ...at('#/', (household) =>
        household.cameras.set(
          household.cameras
            .get()
            .map((one, i) => (i < 2 ? { ...one, state: 'unconnected' as const } : one)),
        ),
      ),
      then: () => see('#unconnected'),
    }),
  };
}
