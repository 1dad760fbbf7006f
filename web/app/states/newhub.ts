// SPDX-License-Identifier: Apache-2.0
import { click, fill, see } from './drive';
import { alarm, failure, now } from './fixture';
import { asGuest, family, hubAsk, person, type Kin } from './kin';
import type { Replaced } from '../src/lib/people';
import type { State } from './states';

const minute = 60_000;
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
  const nothing = {
    bells: [],
    speakers: [],
    lights: [],
    doors: [],
    channels: [],
    integrations: [],
  };
  const things = {
    bells: ['cam_door'],
    speakers: ['cam_door'],
    lights: ['cam_door'],
    doors: [{ camera: 'cam_door', name: 'Gartentor' }],
    channels: ['Oma', 'ntfy'],
    integrations: ['Home Assistant'],
  };
  const sent = (state: State, then: () => Promise<void>): State => ({
    ...state,
    then: async () => {
      await fill('form input', code);
      await click('form .filled');
      await then();
    },
  });
  /** Anna and two others are owners, and these of them said no. */
  const asking = (declined: readonly string[]) =>
    replaces(async (_code, onStep, onAsking) => {
      onStep('hub');
      const asked = ['per_kim', 'per_lea'];
      onAsking({ until: now + 13 * minute, begins: code.slice(0, 29), asked, declined });
      return await new Promise<never>(() => undefined);
    });
  const owners = (household: Kin): void =>
    household.people.set([
      ...household.people.get(),
      person('kim', 'Kim', 'owner', []),
      person('lea', 'Lea', 'owner', []),
    ]);
  const asked = (fragment: string, change: (household: Kin) => void = () => undefined): State =>
    at(fragment, (household) => {
      owners(household);
      household.hubAsks.set([hubAsk()]);
      change(household);
    });
  const refused = (
    kind: 'hub-code-wrong' | 'not-allowed' | 'second-declined' | 'second-away',
  ): State =>
    sent(
      at(
        '#/hub',
        replaces(() => Promise.reject(failure(kind))),
      ),
      () => see('[role=alert]'),
    );
  /** The same, of somebody who comes back by the sheet. */
  const bySheet = (recovered: Replaced): State => ({
    ...at('', (household) => {
      household.place = 'own';
      household.phase.set('anonymous');
      household.recovered = recovered;
    }),
    then: async () => {
      await click('.actions .filled');
      await click('li:last-child button');
      await fill('textarea', Array.from({ length: 24 }, () => 'amber').join(' '));
      await click('form button[type=submit]');
      await see('.done');
    },
  });
  const lost = {
    kept: 4,
    lost: [{ camera: 'cam_garden', moment: now - 90 * 24 * 60 * minute }],
    more: true,
  };
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
            return await new Promise<never>(() => undefined);
          }),
        ),
        () => see('ol'),
      ),
    'newhub-wrong': () => refused('hub-code-wrong'),
    'newhub-two': () => refused('not-allowed'),
    'newhub-asking': () =>
      sent(
        at('#/hub', (household) => (owners(household), asking(['per_lea'])(household))),
        () => see('ul strong'),
      ),
    'newhub-declined': () => refused('second-declined'),
    'newhub-away': () => refused('second-away'),
    'agree-asked': () => asked('#/'),
    'agree-alarmed': () =>
      asked('#/', (household) =>
        household.trust.set({ ...household.trust.get(), alarms: [alarm('frozen')] }),
      ),
    'agree-page': () => asked('#/agree'),
    'agree-moved': () => ({
      ...asked('#/agree', (household) => (household.refusal = 'second-moved')),
      then: async () => (await click('.actions .filled'), await see('[role=alert]')),
    }),
    'agree-yes': () => ({
      ...asked('#/agree'),
      then: async () => (await click('.actions .filled'), await see('.done')),
    }),
    'agree-no': () => ({
      ...asked('#/agree'),
      then: async () => (await click('.actions .btn:last-child'), await see('.done')),
    }),
    'agree-none': () => at('#/agree'),
    'newhub-done': () =>
      sent(
        at(
          '#/hub',
          replaces(() =>
            Promise.resolve({ stars: { kept: 4, lost: [], more: false }, again: nothing }),
          ),
        ),
        () => see('.done'),
      ),
    'newhub-stars': () =>
      sent(
        at(
          '#/hub',
          replaces(() => Promise.resolve({ stars: lost, again: things })),
        ),
        () => see('.done'),
      ),
    'newhub-sheet': () => bySheet({ stars: lost, again: things }),
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
