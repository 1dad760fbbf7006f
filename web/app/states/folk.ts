// SPDX-License-Identifier: Apache-2.0
import type {
  Ask,
  Device,
  HubAsk,
  Hours,
  Named,
  Person,
  Right,
  Role,
  Trail,
} from '../src/lib/people';
import { now, zone } from './fixture';

/** Persons as they are drawn, and what the roster says of them. */
export const minute = 60_000;
export const day = 24 * 60 * minute;

export const sixWords = ['harbor', 'velvet', 'ostrich', 'canyon', 'mirror', 'spoon'] as const;
export const link =
  'https://cloud.example/join#eyJoZWFkIjp7Imhhc2giOiJrN20ycWQ1eHczbmZhNnRicmhjNHZ5anA1Z3pzMnVsaWVvazdt' +
  'MnFkNXh3M25mYTZ0YnJoIiwic2VxIjo2fSwiaG91c2Vob2xkIjoiazdtMnFkNXh3M25mYTZ0YnJoYzR2eWpwNWd6czJ1bGllb2s3' +
  'bTJxZDV4dzNuZmE2dGJyaCIsImludml0ZXIiOiJkZXZfazdtMnFkNXh3M25mYTZ0YnJoYzR2eWpwNWciLCJzZWNyZXQiOiJBQUVD';

/** Fri, 27 Nov 2026, 18:00 in Berlin. */
export const friday = Date.UTC(2026, 10, 27, 17);
const schoolDays: Hours = { days: [1, 2, 3, 4, 5], from: 14 * 60, until: 18 * 60 };

export function right(change: Partial<Right> = {}): Right {
  return {
    actions: ['history'],
    cameras: ['cam_door', 'cam_garden'],
    hours: [schoolDays],
    since: now - 2 * day,
    until: friday,
    zone,
    ...change,
  };
}

export function device(id: string, name: string, change: Partial<Device> = {}): Device {
  return {
    id: `dev_${id}`,
    name,
    storage: 'native',
    since: now - 9 * day,
    seen: now - 40 * minute,
    me: false,
    may: { remove: true },
    ...change,
  };
}

export function person(
  id: string,
  name: string,
  role: Role,
  devices: Device[],
  change: Partial<Person> = {},
): Person {
  return {
    id: `per_${id}`,
    name,
    role,
    rights: role === 'viewer' || role === 'guest' ? [right()] : [],
    since: now - 9 * day,
    devices,
    passkeys: [],
    me: false,
    sheet: false,
    announced: null,
    may: { remove: role !== 'owner', rights: true, ask: role === 'owner' },
    ...change,
  };
}

/** What an owner asks the others. */
export function ask(about: Named, by: Named): Ask {
  const mine = by.id === 'per_anna';
  return {
    id: `ask_${by.id}`,
    person: about,
    by,
    mine,
    at: now - 3 * 3_600_000,
    until: now + 6 * day,
  };
}

/** Another owner who puts in a new hub. */
export function hubAsk(): HubAsk {
  return {
    id: 'hub_ask',
    by: { id: 'per_lea', name: 'Lea' },
    device: { id: 'dev_lea', name: 'Lea’s laptop' },
    at: now - minute,
    until: now + 14 * minute,
    begins: 'q3fx-m2la-77ub-kcen-4tyo-dp5w',
  };
}

export const anna = (): Person =>
  person(
    'anna',
    'Anna',
    'owner',
    [
      device('kitchen', 'Kitchen computer', { me: true, seen: now }),
      device('phone', 'Anna’s phone', { seen: now - 3 * minute }),
      device('shell', 'Laptop, command line', { storage: 'software', seen: null }),
    ],
    { me: true, sheet: true, may: { remove: false, rights: false, ask: false } },
  );
export const jan = (): Person =>
  person('jan', 'Jan', 'guardian', [
    device('jan', 'Jan’s phone', { since: now - 8 * day }),
    device('fox', 'Firefox at work', { storage: 'split', since: now - 3 * day, seen: null }),
  ]);
export const oma = (): Person =>
  person('oma', 'Oma Trudi', 'viewer', [device('oma', 'Tablet', { seen: now - 26 * minute })], {
    rights: [
      right({
        cameras: [],
        hours: [],
        until: 0,
        zone: '',
        actions: ['export', 'history', 'private'],
      }),
    ],
  });
export const eva = (): Person =>
  person('eva', 'Eva', 'guest', [device('eva', 'Pixel 8', { since: now - 2 * day })], {
    since: now - 2 * day,
  });
export const max = (): Person =>
  person('max', 'Max', 'guest', [device('max', 'Max’s phone', { seen: null })], {
    since: now - 30 * day,
    rights: [right({ since: now - 30 * day, until: now - 4 * day })],
  });

const named = ({ id, name }: { id: string; name: string }): { id: string; name: string } => ({
  id,
  name,
});
const [annaNow, janNow, omaNow, evaNow, maxNow] = [anna(), jan(), oma(), eva(), max()];
const byAnna: Trail['by'] = {
  kind: 'device',
  person: named(annaNow),
  device: { id: 'dev_kitchen', name: 'Kitchen computer' },
};
const byJan: Trail['by'] = {
  kind: 'device',
  person: named(janNow),
  device: { id: 'dev_jan', name: 'Jan’s phone' },
};

export function entry(seq: number, ago: number, change: Partial<Trail>): Trail {
  return {
    seq,
    at: now - ago,
    kind: 'add-device',
    by: byAnna,
    mine: true,
    person: named(annaNow),
    device: null,
    ...change,
  };
}

export const trail = (): Trail[] => [
  entry(0, 40 * day, { kind: 'genesis' }),
  entry(1, 39 * day, { device: { id: 'dev_phone', name: 'Anna’s phone' } }),
  entry(2, 38 * day, { kind: 'add-person', person: named(janNow), role: 'guardian', rights: [] }),
  entry(3, 30 * day, {
    kind: 'add-person',
    by: byJan,
    mine: false,
    person: named(maxNow),
    role: 'guest',
    rights: maxNow.rights,
  }),
  entry(4, 12 * day, { kind: 'new-sheet', person: null }),
  entry(5, 9 * day, {
    kind: 'add-device',
    by: { kind: 'sheet', person: named(annaNow), device: null },
    device: { id: 'dev_kitchen', name: 'Kitchen computer' },
  }),
  entry(6, 9 * day - 5 * minute, {
    kind: 'remove-device',
    device: { id: 'dev_old', name: 'Old phone' },
  }),
  entry(7, 2 * day, {
    kind: 'add-person',
    by: byJan,
    mine: false,
    person: named(evaNow),
    role: 'guest',
    rights: evaNow.rights,
  }),
  entry(8, 70 * minute, {
    kind: 'set-rights',
    person: named(omaNow),
    role: 'viewer',
    rights: omaNow.rights,
    before: { role: 'viewer', rights: [right()] },
  }),
];

export const stranger = (): Trail =>
  entry(9, 6 * minute, {
    by: byJan,
    mine: false,
    person: named(janNow),
    device: { id: 'dev_new', name: 'Galaxy S27' },
  });
