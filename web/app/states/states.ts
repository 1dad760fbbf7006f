// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind, Trust } from '../src/lib/household';
import { click, fill, key, see } from './drive';
import { alarm, camera, day, nothing, now } from './fixture';
import { addOne, findingStates, openAdding } from './finding';
import { householdStates } from './household';
import { Kin } from './kin';
import { leavingStates } from './leaving';
import { newHubStates } from './newhub';
import { passkeyStates } from './passkeys';

export interface State {
  household: Kin;
  /** Opened at /join with this link. */
  link?: string | null;
  joining?: boolean;
  fragment?: string;
  /** What a hand does to get there. */
  then?: () => Promise<void>;
}

const minute = 60_000;

function three(): Kin {
  const household = new Kin();
  household.cameras.set([
    camera(
      'cam_door',
      'Front door',
      'door',
      day([
        [0, 11.6],
        [12.1, 24],
      ]),
    ),
    camera(
      'cam_hall',
      'Hall',
      'hall',
      day([
        [0.3, 2],
        [3.2, 24],
      ]),
    ),
    camera(
      'cam_garden',
      'Garden',
      'garden',
      day(
        [
          [0, 6.1],
          [7.9, 9.5],
          [10, 24],
        ],
        'hub',
      ),
    ),
  ]);
  return household;
}

function trust(change: Partial<Trust>): State {
  const household = three();
  household.trust.set({ ...household.trust.get(), ...change });
  return { household };
}

function alarmed(...rules: string[]): State {
  return trust({ alarms: rules.map((rule) => alarm(rule)) });
}

function joining(refusal: ErrorKind | null, stuck = false): State {
  const household = new Kin();
  household.phase.set('anonymous');
  household.refusal = refusal;
  household.joinStuck = stuck;
  const link = 'https://cloud.example/join#drawn';
  return { household, link, joining: true, then: () => click('form button[type=submit]') };
}

function first(then?: () => Promise<void>): State {
  const household = new Kin();
  household.place = 'own';
  household.phase.set('anonymous');
  return { household, then };
}

const toWay = async (): Promise<void> => click('.actions .filled');
const toNames = async (): Promise<void> => {
  await toWay();
  await click('li button');
};
const toHub = async (): Promise<void> => {
  await toNames();
  await fill('input', 'Anna');
  await click('button[type=submit]');
};
const toSheet = async (): Promise<void> => {
  await toHub();
  await fill('input', 'abcd-efgh');
  await click('button[type=submit]');
  await see('ol li:nth-child(24)');
};
const toCheck = async (): Promise<void> => {
  await toSheet();
  await click('.actions .btn:nth-child(2)');
  await click('.actions .filled');
};
const toCameras = async (): Promise<void> => {
  await toCheck();
  await fill('.field:nth-of-type(1) input', 'cradle');
  await fill('.field:nth-of-type(2) input', 'island');
  await fill('.field:nth-of-type(3) input', 'quarter');
  await click('button[type=submit]');
};

const history = (change: Partial<State> = {}): State => ({
  household: three(),
  fragment: '#/history',
  ...change,
});

/** Opens a real film in the player, cut from the test's own drawing. */
function playing(video = 'h264'): State {
  const household = three().code('cam_door', video);
  household.stuckPlayback = false;
  const at = now - 30 * minute;
  return {
    household,
    fragment: `#/history?camera=cam_door&at=${at}`,
    then: () => see('video', (video) => (video as HTMLVideoElement).readyState >= 2),
  };
}

function exporting(change: (household: Kin) => void): State {
  const household = three();
  return {
    household,
    fragment: '#/history',
    then: async () => {
      await see('.poster canvas');
      await click('.word');
      change(household);
      await click('.export .filled');
    },
  };
}

const many = (): Kin => {
  const household = three();
  const more = ['Straße vor der Haustür', 'Werkstatt', 'Dachboden', 'Gartenhäuschen hinten links'];
  household.cameras.set([
    ...household.cameras.get(),
    ...more.map((name, index) =>
      camera(`cam_${index}`, name, index % 2 ? 'hall' : 'street', day([[index, 20 + index]])),
    ),
  ]);
  return household;
};

export const states: Record<string, () => State> = {
  join: () => ({ ...joining(null), then: undefined }),
  'join-paste': () => ({ ...joining(null), link: null, then: undefined }),
  'join-progress': () => joining(null, true),
  'join-used': () => joining('invitation-used'),
  'join-old': () => joining('invitation-too-old'),
  'join-wrong': () => joining('invitation-wrong-household'),
  'join-broken': () => joining('invitation-broken'),
  'join-browser': () => joining('browser-too-old'),
  'join-inviter-away': () => joining('inviter-away'),
  'join-clock': () => {
    const state = joining('clock-wrong');
    state.household.trust.set({ ...state.household.trust.get(), clockOff: -26 * 60 * minute });
    return state;
  },
  'join-cloud-away': () => joining('cloud-away'),
  'join-already': () => ({ household: three(), joining: true, link: 'drawn' }),

  unable: () => {
    const state = joining(null);
    state.household.phase.set('unable');
    return { ...state, then: undefined };
  },
  'unable-own': () => {
    const state = first();
    state.household.phase.set('unable');
    return state;
  },

  'first-language': () => first(),
  'first-way': () => first(toWay),
  'first-invited': () => first(async () => (await toWay(), await click('li:nth-child(2) button'))),
  'first-return': () => first(async () => (await toWay(), await click('li:last-child button'))),
  'first-return-wrong': () => {
    const state = first(async () => {
      await toWay();
      await click('li:last-child button');
      await fill('textarea', Array.from({ length: 24 }, () => 'amber').join(' '));
      await click('button[type=submit]');
    });
    state.household.refusal = 'sheet-wrong';
    return state;
  },
  'first-names': () => first(toNames),
  'first-hub': () => first(toHub),
  'first-hub-wrong': () => {
    const state = first(async () => {
      await toHub();
      await fill('input', 'abcd');
      await click('button[type=submit]');
    });
    state.household.refusal = 'hub-code-wrong';
    return state;
  },
  'first-sheet': () => first(toSheet),
  'first-check': () => first(toCheck),
  'first-check-wrong': () =>
    first(async () => {
      await toCheck();
      await fill('.field:nth-of-type(1) input', 'cradle');
      await fill('.field:nth-of-type(2) input', 'iceland');
      await click('button[type=submit]');
    }),
  'first-camera': () => first(toCameras),
  'first-camera-added': () =>
    first(async () => (await toCameras(), await addOne(), await see('summary'))),
  'first-waiting': () =>
    first(async () => (await toCameras(), await addOne(), await click('.actions .filled'))),
  'first-picture': () => {
    const state = first(async () => {
      await toCameras();
      await addOne();
      await click('.actions .filled');
      state.household.cameras.set([camera('cam_door', 'Front door', 'door', nothing)]);
    });
    return state;
  },

  home: () => ({ household: three() }),
  'home-empty': () => ({ household: new Kin() }),
  'home-one': () => {
    const household = three();
    household.cameras.set(household.cameras.get().slice(0, 1));
    return { household };
  },
  'home-two': () => {
    const household = three();
    household.cameras.set(household.cameras.get().slice(0, 2));
    return { household };
  },
  'home-many': () => ({ household: many() }),
  'home-waiting': () => {
    const household = three();
    household.cameras.set(
      household.cameras
        .get()
        .map((one) => ({ ...one, newest: undefined, state: 'waiting' as const })),
    );
    household.trust.set({
      ...household.trust.get(),
      checkedAt: null,
      checking: true,
      hubHeardAt: null,
    });
    return { household };
  },
  'home-lost': () => {
    const household = three();
    const [door, hall, garden] = household.cameras.get();
    if (!door?.newest || !hall?.newest || !garden) throw new Error('three cameras');
    household.cameras.set([
      { ...door, newest: { ...door.newest, at: now - 16 * minute } },
      {
        ...hall,
        state: 'lost',
        lostSince: now - 51 * minute,
        newest: { ...hall.newest, at: now - 51 * minute },
      },
      { ...garden, state: 'lost', newest: undefined },
    ]);
    return { household };
  },
  'home-late': () => trust({ hubHeardAt: now - 12 * minute, checkedAt: now - 40_000 }),
  'home-silent': () => trust({ hubHeardAt: now - 47 * minute, checkedAt: now - 40_000 }),
  'home-at-home': () => trust({ cloudReachable: false, atHome: true }),
  'home-cloud-away': () => trust({ cloudReachable: false, checkedAt: now - 5 * minute }),
  'home-clock': () => trust({ clockOff: 3 * 60 * minute, checkedAt: now - 5 * minute }),
  'home-clock-new': () => {
    const household = new Kin();
    household.home.set(null);
    household.trust.set({ ...household.trust.get(), clockOff: -4 * minute, checkedAt: null });
    return { household };
  },
  'home-behind': () => trust({ lag: 14 * minute }),
  'home-alarm-read': () =>
    trust({ alarms: [alarm('file-hash', { acknowledgedAt: now - minute })] }),
  'home-add': () => ({
    household: three(),
    then: async () => (await openAdding(), await see('[role=dialog] .other .btn')),
  }),
  'home-add-refused': () => {
    const household = three();
    household.refusal = 'camera-password';
    return { household, then: async () => (await openAdding(), await addOne()) };
  },

  history: () => history({ then: () => see('.poster canvas') }),
  'history-playing': () => playing(),
  'history-opening': () =>
    history({ fragment: `#/history?camera=cam_hall&at=${now - 9 * minute}` }),
  'history-h265': () => playing('h265'),
  'history-gap': () =>
    history({ fragment: `#/history?camera=cam_door&at=${Date.UTC(2026, 10, 22, 10, 50)}` }),
  'history-unreadable': () => {
    const household = three();
    const [door, ...others] = household.cameras.get();
    if (!door) throw new Error('three cameras');
    const timeline = day([[9, 24]], 'unreadable');
    const from = Date.UTC(2026, 10, 21, 23);
    const gap = { from, until: from + 9 * 60 * minute, reason: 'unreadable' as const };
    household.cameras.set([{ ...door, timeline: { ...timeline, gaps: [gap] } }, ...others]);
    const at = from + 7 * 60 * minute;
    return history({ household, fragment: `#/history?camera=cam_door&at=${at}` });
  },
  'history-clock': () => {
    const state = history();
    state.household.refusal = 'clock-wrong';
    state.household.trust.set({ ...state.household.trust.get(), clockOff: 400 * 24 * 60 * minute });
    return state;
  },
  'history-no-camera': () => ({ household: new Kin(), fragment: '#/history' }),
  'history-no-day': () =>
    history({ fragment: `#/history?camera=cam_door&at=${now - 5 * 24 * 60 * minute}` }),
  'history-loading': () => {
    const state = history();
    state.household.stuck = true;
    return state;
  },
  'history-cloud-away': () => {
    const state = history();
    state.household.refusal = 'cloud-away';
    return state;
  },
  'history-refused': () => {
    const state = history({ fragment: `#/history?camera=cam_door&at=${now - 9 * minute}` });
    state.household.stuckPlayback = false;
    state.household.playbackRefusal = 'fault';
    return state;
  },
  'history-young': () => {
    const household = three();
    household.cameras.set(
      household.cameras.get().map((one) => ({ ...one, timeline: day([[13.9, 24]]) })),
    );
    return history({ household, then: () => see('.poster canvas') });
  },
  'history-many': () => history({ household: many(), then: () => see('.poster canvas') }),
  export: () => history({ then: async () => (await see('.poster canvas'), await click('.word')) }),
  'export-running': () => exporting((household) => (household.stuck = true)),
  'export-done': () => exporting(() => undefined),
  'export-refused': () => exporting((household) => (household.refusal = 'fault')),

  'alarm-changed': () => alarmed('file-hash'),
  'alarm-forged': () => alarmed('not-included'),
  'alarm-dropped': () => alarmed('seq-gap'),
  'alarm-wrong-camera': () => alarmed('wrong-camera'),
  'alarm-wrong-household': () => alarmed('wrong-household'),
  'alarm-rolled-back': () => alarmed('rolled-back'),
  'alarm-forked': () => alarmed('forked'),
  'alarm-frozen': () => alarmed('frozen'),
  'alarm-seal': () => alarmed('checkpoint'),
  'alarm-key': () => alarmed('envelope'),
  'alarm-roster': () => alarmed('roster-prev'),
  'alarm-other': () => alarmed('something-new'),
  'alarm-two': () => alarmed('file-hash', 'seq-gap'),
  'alarms-read': () => ({
    ...trust({ alarms: [alarm('seq-gap', { acknowledgedAt: now - minute })] }),
    fragment: '#/alarms',
  }),
  'alarms-none': () => ({ household: three(), fragment: '#/alarms' }),

  ...householdStates(three),
  ...leavingStates(three),
  ...newHubStates(three),
  ...findingStates(three),
  ...passkeyStates(three),

  settings: () => ({ household: three(), fragment: '#/settings' }),
  keys: () => ({
    household: three(),
    fragment: '#/settings',
    then: async () => {
      await see('h1');
      await key('?');
      await see('[role=dialog]');
    },
  }),
};
