// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind } from '../src/lib/household';
import type { LiveState, Look, LookSet, Watched } from '../src/lib/looking';
import type { Right, Role } from '../src/lib/people';
import { codedStates } from './coded';
import { click, see, settle } from './drive';
import { DrawnView } from './drawnview';
import { camera, nothing, now } from './fixture';
import { asGuest, family, friday, Kin, right } from './kin';
import type { Scene } from './scenes';
import type { State } from './states';
import { openStates } from './opening';
import { talkStates } from './talking';

const minute = 60_000;
const hour = 60 * minute;

export function watched(change: Partial<Watched> = {}): Watched {
  return {
    view: `vie_${change.person?.id ?? 'jan'}`,
    cameras: [{ id: 'cam_door', name: 'Front door' }],
    person: { id: 'per_jan', name: 'Jan' },
    device: { id: 'dev_jan', name: 'Jan’s phone' },
    since: now - 3 * minute,
    talking: [],
    mine: false,
    here: false,
    ...change,
  };
}

const eva = (): Watched =>
  watched({ person: { id: 'per_eva', name: 'Eva' }, device: { id: 'dev_eva', name: 'Pixel 8' } });

const who: Record<string, { name: string; role: Role; device: string; rights?: Right[] }> = {
  anna: { name: 'Anna', role: 'owner', device: 'Kitchen computer' },
  jan: { name: 'Jan', role: 'guardian', device: 'Jan’s phone' },
  eva: { name: 'Eva', role: 'guest', device: 'Pixel 8', rights: [right({ until: friday })] },
};
const places: Record<string, string> = {
  cam_door: 'Front door',
  cam_hall: 'Hall',
  cam_garden: 'Garden',
};

let count = 0;
function look(person: string, ago: number, cameras: string[], change: Partial<Look> = {}): Look {
  const one = who[person];
  if (!one) throw new Error(`nobody is called ${person}`);
  const at = now - ago;
  return {
    id: `look_${count++}`,
    kind: 'live',
    person: { id: `per_${person}`, name: one.name },
    device: { id: `dev_${person}`, name: one.device },
    role: one.role,
    rights: one.rights ?? [],
    mine: person === 'anna',
    cameras: cameras.map((id) => ({ id, name: places[id] ?? '' })),
    at,
    until: at + 3 * minute,
    open: false,
    footage: null,
    count: 1,
    set: null,
    door: null,
    ...change,
  };
}

const footage = (ago: number, length: number) => ({
  footage: { from: now - ago, until: now - ago + length },
});

export const someLooks = (): Look[] => [
  look('anna', 34 * minute, ['cam_door'], { until: now - 31 * minute }),
  look('anna', 33 * minute, ['cam_door'], { kind: 'talk', until: now - 33 * minute + 12_000 }),
  look('jan', 100 * minute, ['cam_garden'], {
    kind: 'history',
    ...footage(150 * minute, 10 * minute),
    count: 2,
  }),
  look('anna', 3 * hour, ['cam_door', 'cam_hall', 'cam_garden'], {
    kind: 'tiles',
    ...footage(6 * hour, 6 * hour),
    count: 3,
  }),
  look('eva', 22 * hour, ['cam_garden'], { until: now - 22 * hour + 2 * minute }),
  look('jan', 23 * hour, ['cam_hall'], {
    kind: 'export',
    ...footage(49 * hour, 4 * minute),
  }),
];

/** What was turned off and covered, among the looks. */
export const whatWasSet = (): Look[] => {
  const nothingSet = { on: false, hours: [], masks: [], moment: 0 };
  const act = (person: string, ago: number, camera: string, set: Partial<LookSet>): Look =>
    look(person, ago, [camera], {
      kind: set.masks ? 'masks' : set.moment ? 'star' : 'private',
      until: now - ago,
      set: { ...nothingSet, ...set },
    });
  const part = { left: 0, top: 0, width: 420, height: 480 };
  const masks = [part, { left: 700, top: 560, width: 240, height: 300 }];
  const nights = [{ days: [1, 2, 3, 4, 5], from: 22 * 60, until: 24 * 60 }];
  return [
    act('jan', 4 * minute, 'cam_door', { on: true, moment: now - 26 * hour }),
    act('anna', 12 * minute, 'cam_garden', { masks: [] }),
    act('jan', 50 * minute, 'cam_garden', { masks }),
    act('anna', 2 * hour, 'cam_hall', {}),
    act('jan', 3 * hour, 'cam_hall', { on: true }),
    act('anna', 5 * hour, 'household', { hours: nights }),
    ...someLooks(),
  ].sort((a, b) => b.at - a.at);
};

/** The same household with more cameras. */
function crowd(household: Kin, count: number): Kin {
  const names = ['Straße vor der Haustür', 'Werkstatt', 'Gartenhäuschen hinten links', 'Dachboden'];
  const scenes: Scene[] = ['street', 'hall', 'garden', 'door'];
  const more = Array.from({ length: count - household.cameras.get().length }, (_, n) => {
    const name = names[n] ?? `Kamera ${n}`;
    return camera(`cam_${n}`, name, scenes[n % scenes.length] ?? 'door', nothing);
  });
  household.cameras.set([...household.cameras.get(), ...more]);
  return household;
}

/** What is shown of a camera, and what is done then. */
export interface Shown {
  scene?: Scene | null;
  then?: (view: DrawnView) => Promise<void>;
}

export function lookingStates(three: () => Kin): Record<string, () => State> {
  const live = (state: LiveState, { scene = null, then }: Shown = {}): State => {
    const household = family(three());
    let view: DrawnView | null = null;
    household.makeView = () => (view = new DrawnView(state, () => scene));
    return {
      household,
      fragment: '#/live?camera=cam_door',
      then: async () => {
        await see('.stage');
        if (scene !== null) await see('.age.live');
        if (view !== null) await then?.(view);
      },
    };
  };
  /** All cameras, each with its scene; `then` what happens to the view. */
  const all = (
    household: Kin,
    state: LiveState = { step: 'on' },
    then: (view: DrawnView) => Promise<void> = () => Promise.resolve(),
    dark?: string,
  ): State => {
    let view: DrawnView | null = null;
    const scenes = new Map(household.cameras.get().map(({ id, scene }) => [id, scene]));
    household.makeView = () =>
      (view = new DrawnView(state, (id) => (id === dark ? null : (scenes.get(id) ?? null))));
    return {
      household,
      fragment: '#/live',
      then: async () => {
        await see('.wall');
        if (state.step === 'on') {
          const live = (): boolean =>
            [...document.querySelectorAll<HTMLElement>('.wall .tile')].every(
              ({ dataset }) => dataset['how'] === 'live' || dataset['camera'] === dark,
            );
          await see('.wall .tile', live);
        }
        if (view !== null) await then(view);
      },
    };
  };
  const over = (reason: ErrorKind): State => live({ step: 'over', reason });
  const looks = (list: Look[], change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    household.looked = list;
    change(household);
    return { household, fragment: '#/looks' };
  };
  const watching = (fragment: string, list: Watched[]): State => {
    const household = family(three());
    household.watched.set(list);
    return { household, fragment };
  };
  const pick = async (place: number, value: string): Promise<void> => {
    await see('.picks select');
    const select = document.querySelectorAll<HTMLSelectElement>('.picks select')[place];
    if (!select) throw new Error('no such select');
    select.value = value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
    await settle();
  };

  return {
    live: () => live({ step: 'on' }, { scene: 'door' }),
    'live-sound': () => {
      const state = live({ step: 'on' }, { scene: 'door', then: () => click('.buttons button') });
      const [door, ...others] = state.household.cameras.get();
      if (!door) throw new Error('three cameras');
      state.household.cameras.set([{ ...door, sound: true }, ...others]);
      return state;
    },
    ...openStates((then, step) =>
      live({ step }, step === 'on' ? { scene: 'door', then } : { then }),
    ),
    ...talkStates((then) => live({ step: 'on' }, { scene: 'door', then })),
    'live-with': () => {
      const state = live({ step: 'on' }, { scene: 'door' });
      state.household.watched.set([watched()]);
      return state;
    },
    'live-connecting': () => live({ step: 'connecting' }),
    'live-lost': () =>
      live(
        { step: 'on' },
        {
          scene: 'door',
          then: async (view) => {
            view.state.set({ step: 'again', reason: 'lost' });
            await see('.said');
          },
        },
      ),
    'live-silent': () =>
      live({ step: 'on' }, { then: async (view) => view.silent.set(['cam_door']) }),
    ...codedStates((options) => live({ step: 'on' }, options)),
    'live-narrow': () => {
      const then = async (view: DrawnView): Promise<void> => view.narrow.set(['cam_door']);
      return live({ step: 'on' }, { scene: 'door', then });
    },
    'live-no-way': () => live({ step: 'again', reason: 'no-way' }),
    'live-hub-away': () => live({ step: 'again', reason: 'hub-away' }),
    'live-refused': () => over('not-allowed'),
    'live-hours': () => over('not-now'),
    'live-browser': () => over('browser-live'),
    'live-busy': () => live({ step: 'again', reason: 'busy' }),
    'live-all': () => all(family(three())),
    'live-all-many': () =>
      all(
        family(crowd(three(), 7)),
        { step: 'on' },
        async (view) => (view.silent.set(['cam_0']), await settle()),
        'cam_0',
      ),
    'live-all-sixteen': () => all(family(crowd(three(), 18))),
    'live-all-lost': () =>
      all(family(three()), { step: 'on' }, async (view) => {
        view.state.set({ step: 'again', reason: 'lost' });
        await see('.said');
      }),
    'live-all-connecting': () => all(family(three()), { step: 'connecting' }),
    'live-all-hub-away': () => all(family(three()), { step: 'again', reason: 'hub-away' }),
    'live-all-over': () => all(family(three()), { step: 'over', reason: 'browser-live' }),
    'live-all-larger': () =>
      all(family(three()), { step: 'on' }, () => click('.wall [data-camera=cam_hall]')),
    // The hub refuses all for one that may not be seen: nobody asks for that one.
    'live-all-but-one': () => {
      const household = family(three());
      const shut = (id: string): void => {
        const list = household.cameras.get();
        household.cameras.set(list.map((one) => (one.id === id ? { ...one, live: false } : one)));
      };
      const more = camera('cam_attic', 'Attic', 'street', nothing);
      household.cameras.set([...household.cameras.get(), more]);
      shut('cam_attic');
      return all(household, { step: 'on' }, async () => {
        // And when a right ends while it lasts, the others go on.
        shut('cam_hall');
        await see('.wall .tile', () => document.querySelectorAll('.wall .tile').length === 2);
        const asked = JSON.stringify(household.asked);
        const due = [
          ['cam_door', 'cam_hall', 'cam_garden'],
          ['cam_door', 'cam_garden'],
        ];
        if (asked !== JSON.stringify(due)) throw new Error(`views were asked for of ${asked}`);
      });
    },
    'live-all-not-now': () => {
      const household = family(three());
      asGuest(household, [right({ actions: ['history', 'live'] })]);
      const { cameras } = household;
      cameras.set(cameras.get().map((one) => ({ ...one, live: false })));
      return { household, fragment: '#/live' };
    },
    'live-kept': () =>
      live({ step: 'on' }, { scene: 'door', then: () => click('.buttons button') }),
    'home-hub-away': () => {
      const household = three();
      household.trust.set({ ...household.trust.get(), hubAway: true });
      return { household };
    },
    'live-gone': () => ({ household: family(three()), fragment: '#/live?camera=cam_nowhere' }),
    'live-guest': () => {
      const state = live({ step: 'on' }, { scene: 'door' });
      asGuest(state.household, [right({ actions: ['history', 'live'] })]);
      state.household.watched.set([
        watched({ person: { id: 'per_anna', name: '' }, device: { id: 'dev_kitchen', name: '' } }),
      ]);
      return state;
    },

    'watching-talk': () =>
      watching('', [watched({ talking: [{ id: 'cam_door', name: 'Front door' }] }), eva()]),
    'watching-one': () => watching('', [watched()]),
    'watching-many': () =>
      watching('', [
        {
          ...eva(),
          cameras: ['Front door', 'Hall', 'Garden', 'Attic'].map((name) => ({ id: name, name })),
        },
        watched({
          person: { id: 'per_anna', name: 'Anna' },
          device: { id: 'dev_phone', name: 'Anna’s phone' },
          mine: true,
          cameras: Object.entries(places).map(([id, name]) => ({ id, name })),
          since: now - 30 * hour,
        }),
        watched({
          person: { id: 'per_oma', name: 'Großtante Hildegard Schmidt-Bernstein' },
          device: { id: 'dev_oma', name: 'Mobiltelefon der Nachbarschaftshilfe' },
        }),
        watched(),
      ]),

    looks: () => looks(someLooks()),
    'looks-now': () =>
      looks(someLooks(), (household) => {
        household.watched.set([watched(), eva()]);
      }),
    'looks-set': () => looks(whatWasSet()),
    'looks-empty': () => looks([]),
    'looks-filtered': () => ({ ...looks(someLooks()), then: () => pick(0, 'per_jan') }),
    'looks-none': () => ({
      ...looks(someLooks()),
      then: async () => (await pick(0, 'per_jan'), await pick(1, 'cam_door')),
    }),
    'looks-closed': () => looks(someLooks(), (household) => (household.closedHours = 3)),
    'looks-how': () => ({ ...looks(someLooks()), then: () => click('summary') }),
    'looks-loading': () => looks([], (household) => (household.stuck = true)),
    'looks-away': () => looks([], (household) => (household.refusal = 'cloud-away')),
    'looks-guest': () => {
      const state = looks(someLooks());
      asGuest(state.household);
      return state;
    },
  };
}
