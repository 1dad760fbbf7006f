// SPDX-License-Identifier: Apache-2.0
import type { AddStep, Channel, Integration } from '../src/lib/outside';
import { click, fill, see } from './drive';
import { now } from './fixture';
import { family, own, type Kin } from './kin';
import type { State } from './states';

const minute = 60_000;
const day = 24 * 60 * minute;

const channel = (change: Partial<Channel> = {}): Channel => ({
  name: 'Grandma',
  kind: 'ntfy',
  added: now - 12 * day,
  by: 'per_anna',
  cameras: [],
  missed: 0,
  names: true,
  since: now - 12 * day,
  state: 'telling',
  to: '',
  told: now - 95 * minute,
  topic: '',
  url: 'https://ntfy.example',
  ...change,
});

const integration = (change: Partial<Integration> = {}): Integration => ({
  name: 'Home Assistant',
  added: now - 40 * day,
  by: 'per_anna',
  cameras: ['cam_door', 'cam_garden'],
  since: now - 3 * day,
  state: 'telling',
  tells: ['online', 'press'],
  url: 'mqtt://192.168.1.5:1883',
  ...change,
});

const mail = channel({
  name: 'Onkel Heinz-Günther in der Werkstatt am Hafen',
  kind: 'email',
  by: 'per_jan',
  cameras: ['cam_door'],
  names: false,
  to: 'heinz-guenther.schmidt-bernstein@werkstatt-am-hafen.example',
  told: 0,
  state: 'untried',
  url: 'smtps://mail.example',
});
const lamp = channel({
  name: 'Lamp in the workshop',
  kind: 'mqtt',
  by: 'per_somebody',
  topic: 'home/workshop/lamp/bell',
  url: 'mqtt://192.168.1.5',
});

/** Who is told outside of the app. */
export function outsideStates(three: () => Kin): Record<string, () => State> {
  const at = (
    channels: readonly Channel[],
    integrations: readonly Integration[],
    then?: (household: Kin) => Promise<void>,
  ): State => {
    const household = family(three());
    household.channelList = channels;
    household.integrationList = integrations;
    return {
      household,
      fragment: '#/outside',
      then: async () => {
        await see('#systems');
        await then?.(household);
      },
    };
  };
  const much = (then?: (household: Kin) => Promise<void>): State =>
    at([channel(), mail, lamp], [integration()], then);
  const dialog = '[role=dialog]';
  const form = async (section: 'ways' | 'systems'): Promise<void> => {
    await click(`section[aria-labelledby=${section}] > .btn`);
    await see(`${dialog} form`);
  };
  /** A system that is told nothing and sees the first two cameras. */
  const reading = async (): Promise<void> => {
    await form('systems');
    for (const nth of [1, 2])
      await click(`${dialog} form > fieldset label:nth-of-type(${nth}) input`);
    await see(`${dialog} .means`);
    await click(`${dialog} .means + fieldset label:nth-of-type(1) input`);
  };
  const send = async (): Promise<void> => {
    await fill(`${dialog} .field:first-of-type input`, 'Grandma');
    await fill(`${dialog} fieldset + .field input`, 'ntfy.example/a-name-that-nobody-guesses');
    await click(`${dialog} button[type=submit]`);
  };
  const adding = (outcome: AddStep['outcome'], last: string): State =>
    at([], [], async (household) => {
      household.addOutcome = outcome;
      await form('ways');
      await send();
      await see(last);
    });
  const test = (household: Kin, state: string): Promise<void> => {
    household.testState = state;
    return click('.test .btn');
  };
  const away = (state: string): readonly [Channel, Integration] => [
    channel({ name: state, state, missed: 3, since: now - 40 * minute }),
    integration({ name: state, state, since: now - 40 * minute }),
  ];
  return {
    outside: () => much(),
    'outside-empty': () => at([], []),
    'outside-guardian': () => {
      const state = much();
      state.household.own.set({ ...own(state.household), role: 'guardian', manages: ['guest'] });
      return state;
    },
    'outside-broken': () => {
      const broken = ['away', 'refused', 'barred'].map(away);
      return at(
        broken.map(([one]) => one),
        broken.map(([, one]) => one),
      );
    },
    'outside-hub-away': () => {
      const state = much();
      state.household.refusal = 'hub-away';
      return { ...state, then: () => see('[role=alert]') };
    },
    'outside-loading': () => {
      const state = much();
      state.household.stuck = true;
      return { ...state, then: () => see('#main [role=status]') };
    },
    'outside-reads': () =>
      at(
        [],
        [
          integration({ tells: ['online', 'press', 'stream'] }),
          integration({ name: 'Recorder', tells: ['stream'], url: '', state: 'offered' }),
          integration({ name: 'Screen', tells: ['stream'], url: '', state: 'unheard' }),
        ],
      ),
    'outside-connecting': () => at([], [integration({ state: 'connecting' })]),
    'outside-testing': () =>
      much(async (household) => {
        household.stuck = true;
        await click('.test .btn');
      }),
    'outside-tested': () => much((household) => test(household, 'telling')),
    'outside-test-failed': () => much((household) => test(household, 'away')),
    'outside-remove': () =>
      much(async () => {
        await click('section[aria-labelledby=ways] .head .btn');
        await see(dialog);
      }),
    'outside-add': () => at([], [], () => form('ways')),
    'outside-add-missing': () =>
      at([], [], async () => {
        await form('ways');
        await click(`${dialog} button[type=submit]`);
      }),
    'outside-add-mail': () =>
      at([], [], async () => {
        await form('ways');
        await click(`${dialog} input[value=email]`);
      }),
    'outside-add-broker': () =>
      at([], [], async () => {
        await form('ways');
        await click(`${dialog} input[value=mqtt]`);
        await fill(`${dialog} [autocapitalize=none]:not([inputmode]):not([required])`, 'hub');
      }),
    'outside-add-digits': () => adding('gesture', `${dialog} .digits`),
    'outside-add-wrong': () => adding('invalid', `${dialog} .wrong`),
    'outside-add-exists': () => adding('exists', `${dialog} .wrong`),
    'outside-added': () => adding('set', '.test .btn'),
    'outside-system-reads': () => at([], [], () => reading()),
    'outside-system-none': () =>
      at([], [], async () => {
        await form('systems');
        await click(`${dialog} fieldset:first-of-type input`);
        await click(`${dialog} button[type=submit]`);
      }),
    'outside-system-shown': () =>
      at([], [], async () => {
        await reading();
        await click(`${dialog} button[type=submit]`);
        await see(`${dialog} .copying`);
      }),
    'outside-system-unheard': () =>
      at([], [], async (household) => {
        household.listens = false;
        await reading();
        await click(`${dialog} button[type=submit]`);
        await see(`${dialog} .once`);
      }),
    'outside-remove-reads': () =>
      at([], [integration({ tells: ['online', 'press', 'stream'] })], async () => {
        await click('section[aria-labelledby=systems] .head .btn');
        await see(dialog);
      }),
    'outside-system': () => at([], [], () => form('systems')),
    'outside-system-missing': () =>
      at([], [], async () => {
        await form('systems');
        await click(`${dialog} button[type=submit]`);
      }),
  };
}
