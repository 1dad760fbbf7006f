// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind } from '../src/lib/household';
import type { InvitePhase, Offered, Removal, Role } from '../src/lib/people';
import { click, fill, see } from './drive';
import { alarm, now } from './fixture';
import {
  anna,
  asGuest,
  ask,
  device,
  eva,
  family,
  friday,
  Kin,
  own,
  person,
  right,
  sixWords,
  stranger,
} from './kin';
import { alertStates } from './alerts';
import { lookingStates } from './looking';
import { coverStates } from './covers';
import { privateStates } from './private';
import { roomStates } from './rooms';
import { starStates } from './stars';
import { rightStates } from './rights';
import { outsideStates } from './outside';
import { ringingStates } from './ringing';
import { sheetOutStates } from './sheetout';
import type { State } from './states';

const minute = 60_000;
const day = 24 * 60 * minute;

/** The drawn states of who belongs here; `three` is a household with three cameras. */
export function householdStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    change(household);
    return { household, fragment };
  };
  /** A household of three owners, of whom one may have asked that another goes. */
  const kim = (household: Kin, by: string | null = null, announced: number | null = null): void => {
    household.people.set([
      ...household.people.get(),
      person('kim', 'Kim', 'owner', [], {
        announced: announced === null ? null : now - announced,
      }),
      person('lea', 'Lea', 'owner', []),
    ]);
    const name = by === 'per_anna' ? 'Anna' : 'Lea';
    if (by !== null) household.asks.set([ask({ id: 'per_kim', name: 'Kim' }, { id: by, name })]);
  };
  const guest = (fragment: string, rights = [right()]): State => ({
    household: asGuest(three(), rights),
    fragment,
  });

  const who = async (name = 'Eva', role: Role = 'guest'): Promise<void> => {
    await fill('form input', name);
    await click(`input[type=radio][value=${role}]`);
    await click('form button[type=submit]');
  };
  const what = async (): Promise<void> => {
    await who();
    await click('li:nth-child(1) label');
    await click('li:nth-child(3) label');
    await click('.hours label:nth-of-type(2)');
    await click('form button[type=submit]');
  };
  const inviting = (phase: InvitePhase, slow = false): State => ({
    ...at('#/invite', (household) => (household.inviteAt = phase)),
    then: async () => {
      await what();
      if (slow) await click('input[value=afar]');
      await click('form button[type=submit]');
      await see('.run');
    },
  });
  const removing = (state: Removal['state']): State =>
    at('#/people', (household) => {
      const sentAt = now - (state === 'late' ? 90_000 : 4000);
      const both: Removal[] = [
        { id: 'a', person: null, device: { id: 'dev_jan', name: 'Jan’s phone' }, sentAt, state },
        { id: 'b', device: null, person: { id: 'per_eva', name: 'Eva' }, sentAt, state },
      ];
      household.removals.set(both.map((one) => ({ ...one, inForceAt: now - 2000 })));
    });
  const joining = (offered: Offered, change: (household: Kin) => void = () => undefined): State => {
    const household = new Kin();
    household.phase.set('anonymous');
    household.offered = offered;
    change(household);
    return { household, link: 'https://cloud.example/join#drawn', joining: true };
  };
  const sitter = (slow = false): Offered => ({
    kind: 'person',
    from: 'Anna',
    name: 'Eva',
    role: 'guest',
    rights: [right({ since: slow ? now + day : now })],
    cameras: [
      { id: 'cam_door', name: 'Front door' },
      { id: 'cam_garden', name: 'Garden' },
    ],
    slow,
    history: false,
  });
  const drill = (change: (household: Kin) => void): State => ({
    ...at('#/drill', (household) => {
      household.place = 'own';
      change(household);
    }),
    then: async () => {
      await fill('textarea', Array.from({ length: 24 }, () => 'amber').join(' '));
      await click('form button[type=submit]');
    },
  });
  const refusedJoin = (kind: ErrorKind): State => ({
    ...joining(sitter(), (household) => (household.joinRefusal = kind)),
    then: () => click('form button[type=submit]'),
  });

  return {
    ...alertStates(three),
    ...sheetOutStates(three),
    people: () => at('#/people'),
    'people-alone': () => ({ household: three(), fragment: '#/people' }),
    'people-many': () =>
      at('#/people', (household) => {
        const names = [
          'Großtante Hildegard Schmidt-Bernstein',
          'Nachbarschaftshilfe Treppenhaus',
          'Klaas',
          'Putzfirma Saubermann und Söhne',
        ];
        household.people.set([
          ...household.people.get(),
          ...names.map((name, index) =>
            person(`more${index}`, name, index === 0 ? 'viewer' : 'guest', [
              device(`more${index}`, 'Mobiltelefon der Nachbarschaftshilfe'),
            ]),
          ),
          person('soon', 'Noor', 'guest', [], { rights: [right({ since: now + day })] }),
        ]);
      }),
    'people-guardian': () =>
      at('#/people', (household) => {
        household.own.set({ ...own(household), role: 'guardian', manages: ['guest'], leave: true });
      }),
    'people-not-yet': () => removing('sent'),
    'people-late': () => removing('late'),
    'people-in-force': () => removing('in-force'),
    'people-refused': () => removing('refused'),
    'people-loading': () => {
      const state = at('#/people');
      state.household.stuck = true;
      return state;
    },

    person: () => at('#/person?who=per_jan'),
    'person-guest': () => at('#/person?who=per_eva'),
    'person-viewer': () => at('#/person?who=per_oma'),
    'person-ended': () => at('#/person?who=per_max'),
    'person-owner': () =>
      at('#/person?who=per_kim', (household) => {
        household.people.set([...household.people.get(), person('kim', 'Kim', 'owner', [])]);
      }),
    'person-owner-ask': () => ({
      ...at('#/person?who=per_kim', (household) => kim(household)),
      then: async () => (await click('.danger-text'), await see('[role=dialog]')),
    }),
    'person-owner-asked': () =>
      at('#/person?who=per_kim', (household) => kim(household, 'per_anna')),
    'person-owner-second': () =>
      at('#/person?who=per_kim', (household) => kim(household, 'per_lea')),
    'people-asked': () => at('#/people', (household) => kim(household, 'per_lea')),
    'people-announced': () => at('#/people', (household) => kim(household, null, 3_600_000)),
    'person-unknown': () => at('#/person?who=per_nobody'),
    'person-remove': () => ({
      ...at('#/person?who=per_eva'),
      then: async () => (await click('.danger-text'), await see('[role=dialog]')),
    }),
    'device-remove': () => ({
      ...at('#/person?who=per_jan'),
      then: async () => (await click('.row .btn'), await see('[role=dialog]')),
    }),
    'device-remove-refused': () => ({
      ...at('#/person?who=per_jan', (household) => (household.refusal = 'not-allowed')),
      then: async () => {
        await click('.row .btn');
        await click('[role=dialog] .danger');
        await see('[role=dialog] [role=alert]');
      },
    }),
    'device-removing': () => ({
      ...at('#/person?who=per_jan'),
      then: async () => (await click('.row .btn'), await click('[role=dialog] .danger')),
    }),

    trail: () => at('#/trail'),
    'trail-young': () => ({ household: three(), fragment: '#/trail' }),

    ...rightStates(at),

    invite: () => at('#/invite'),
    'invite-by-hand': () =>
      at('#/invite', (household) => {
        const names = { personName: 'Eva', deviceName: 'Pixel 8', words: [] };
        household.inviteAt = { step: 'arrived', ...names };
      }),
    'invite-nameless': () => ({
      ...at('#/invite'),
      then: () => click('form button[type=submit]'),
    }),
    'invite-what': () => ({ ...at('#/invite'), then: () => who() }),
    'invite-what-chosen': () => ({
      ...at('#/invite'),
      then: async () => {
        await who('Nachbarschaftshilfe', 'viewer');
        await click('li:nth-child(1) label');
        await click('.hours label:nth-of-type(2)');
        await click('.end label:nth-of-type(2)');
      },
    }),
    'invite-what-missing': () => ({
      ...at('#/invite'),
      then: async () => (await who(), await click('form button[type=submit]')),
    }),
    'invite-where': () => ({ ...at('#/invite'), then: what }),
    'invite-where-family': () => ({ ...at('#/invite'), then: () => who('Jan', 'guardian') }),
    'invite-refused': () => ({
      ...at('#/invite', (household) => (household.refusal = 'cloud-away')),
      then: async () => (await what(), await click('form button[type=submit]')),
    }),
    'invite-code': () => inviting({ step: 'waiting' }),
    'invite-link': () => inviting({ step: 'waiting' }, true),
    'invite-arrived': () =>
      inviting({ step: 'arrived', personName: 'Eva', deviceName: 'Pixel 8', words: [] }),
    'invite-words': () =>
      inviting(
        { step: 'arrived', personName: 'Eva', deviceName: 'Pixel 8', words: sixWords },
        true,
      ),
    'invite-sending': () => inviting({ step: 'sending' }),
    'invite-digits': () => inviting({ step: 'code', wrong: false, passkey: null }),
    'invite-digits-wrong': () => inviting({ step: 'code', wrong: true, passkey: null }),
    'invite-giving': () => inviting({ step: 'history', done: 118, total: 240 }),
    'invite-done': () => inviting({ step: 'done', person: 'per_eva', device: 'dev_eva' }),
    'invite-declined': () => inviting({ step: 'refused', reason: 'declined' }),
    'invite-too-old': () => inviting({ step: 'refused', reason: 'too-old' }),
    'invite-hub-away': () => inviting({ step: 'refused', reason: 'hub-away' }),

    'join-person': () => joining(sitter()),
    'join-person-slow': () => joining(sitter(true)),
    'join-person-owner': () =>
      joining({ ...sitter(), name: 'Jan', role: 'owner', rights: [], history: true }),
    'join-person-reading': () => joining(sitter(), (household) => (household.stuck = true)),
    'join-person-progress': () => ({
      ...joining(sitter(), (household) => (household.joinStuck = true)),
      then: () => click('form button[type=submit]'),
    }),
    'join-person-words': () => ({
      ...joining(sitter(true), (household) => {
        household.joinStuck = true;
        household.joinAt = { step: 'words', words: sixWords };
      }),
      then: () => click('form button[type=submit]'),
    }),
    'join-person-ended': () => refusedJoin('invitation-ended'),
    'join-person-differ': () => refusedJoin('words-differ'),
    'join-person-done': () => ({
      ...joining(sitter()),
      then: () => click('form button[type=submit]'),
    }),

    mine: () => at('#/mine'),
    'mine-own': () => at('#/mine', (household) => (household.place = 'own')),
    'mine-alone': () => ({
      household: (() => {
        const household = three();
        const me = anna();
        household.people.set([{ ...me, devices: me.devices.slice(0, 1) }]);
        return household;
      })(),
      fragment: '#/mine',
    }),
    'mine-add': () => at('#/add'),
    'mine-add-refused': () => at('#/add', (household) => (household.refusal = 'cloud-away')),
    'mine-leave': () => ({
      ...at('#/mine', (household) => household.own.set({ ...own(household), leave: true })),
      then: async () => (await click('.danger-text'), await see('[role=dialog]')),
    }),
    drill: () => at('#/drill', (household) => (household.place = 'own')),
    'drill-right': () => drill(() => undefined),
    'drill-another': () => drill((household) => (household.sheetAnswer = 'another')),
    'drill-wrong': () => drill((household) => (household.refusal = 'sheet-wrong')),
    'drill-elsewhere': () => at('#/drill'),
    'bad-page': () => at('#/sheet', (household) => (household.place = 'own')),
    'bad-page-sheet': () => ({
      ...at('#/sheet', (household) => (household.place = 'own')),
      then: async () => (await click('.actions .filled'), await see('ol li:nth-child(24)')),
    }),

    news: () => at('#/', (household) => household.news.set([stranger()])),
    'news-announced': () =>
      at('#/', (household) => {
        kim(household, null, day);
        const person = { id: 'per_kim', name: 'Kim' };
        const by = { kind: 'sheet', person: null, device: null } as const;
        const entry = { ...stranger(), at: now - day, by, person, device: null };
        household.news.set([{ ...entry, kind: 'announce-removal' }]);
      }),
    'news-many': () =>
      at('#/history', (household) => {
        const person = { id: 'per_eva', name: 'Eva' };
        const rights = [right({ until: friday })];
        household.news.set([
          stranger(),
          { ...stranger(), seq: 10, kind: 'new-sheet', person: null, device: null },
          { ...stranger(), seq: 11, by: { kind: 'sheet', person: null, device: null } },
          { ...stranger(), seq: 12, kind: 'add-person', person, role: 'guest', rights },
        ]);
      }),
    'alarm-withheld': () =>
      at('#/people', (household) => {
        const trust = household.trust.get();
        household.trust.set({ ...trust, alarms: [alarm('withheld')] });
      }),

    'guest-home': () => guest('#/'),
    'guest-shut': () => {
      const state = guest('#/');
      const { cameras } = state.household;
      cameras.set(
        cameras
          .get()
          .map((one) => ({ ...one, newest: undefined, live: false, shut: 'hours' as const })),
      );
      return state;
    },
    'guest-nothing': () => {
      const state = guest('#/');
      state.household.cameras.set([]);
      return state;
    },
    'guest-news': () => {
      const state = guest('#/');
      const person = { id: 'per_eva', name: 'Eva' };
      const by = { kind: 'device' as const, person: { id: 'per_anna', name: '' }, device: null };
      state.household.news.set([{ ...stranger(), kind: 'set-rights', by, person }]);
      return state;
    },
    'guest-mine': () => guest('#/mine'),
    'guest-settings': () => guest('#/settings'),
    'guest-ended': () => guest('#/', [right({ until: now - minute })]),
    'guest-gone': () => {
      const state = guest('#/');
      state.household.phase.set('gone');
      return state;
    },
    'guest-of-two-rights': () =>
      at('#/person?who=per_eva', (household) => {
        const more = right({ cameras: ['cam_hall'], hours: [], zone: '', actions: ['history'] });
        household.people.set([{ ...eva(), rights: [right(), more] }]);
      }),
    ...lookingStates(three),
    ...privateStates(three),
    ...roomStates(),
    ...starStates(three),
    ...coverStates(three),
    ...ringingStates(three),
    ...outsideStates(three),
  };
}
