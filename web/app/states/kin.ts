// SPDX-License-Identifier: Apache-2.0
import type { CreateStep, ErrorKind, Household, JoinStep, NewSheet } from '../src/lib/household';
import type {
  Ask,
  Change,
  ChangePhase,
  Device,
  Hours,
  Invitation,
  InvitePhase,
  Named,
  Offered,
  Own,
  Person,
  Removal,
  Right,
  Role,
  Trail,
} from '../src/lib/people';
import type { Erased, Erasing, Stretch } from '../src/lib/leaving';
import { failure, Fixture, forever, now, zone } from './fixture';
import { Settable } from './live';

const minute = 60_000;
const day = 24 * 60 * minute;

export const sixWords = ['harbor', 'velvet', 'ostrich', 'canyon', 'mirror', 'spoon'] as const;
const link =
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
const jan = (): Person =>
  person('jan', 'Jan', 'guardian', [
    device('jan', 'Jan’s phone', { since: now - 8 * day }),
    device('fox', 'Firefox at work', { storage: 'split', since: now - 3 * day, seen: null }),
  ]);
const oma = (): Person =>
  person('oma', 'Oma Trudi', 'viewer', [device('oma', 'Tablet', { seen: now - 26 * minute })], {
    rights: [right({ cameras: [], hours: [], until: 0, zone: '', actions: ['export', 'history'] })],
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

/** A drawn household with persons. */
export class Kin extends Fixture implements Household {
  own = new Settable<Own | null>({
    person: 'per_anna',
    device: 'dev_kitchen',
    role: 'owner',
    rights: [],
    manages: ['owner', 'guardian', 'viewer', 'guest'],
    people: true,
    cameras: true,
    leave: false,
    sheet: true,
  });
  people = new Settable<readonly Person[]>([anna()]);
  news = new Settable<readonly Trail[]>([]);
  removals = new Settable<readonly Removal[]>([]);
  asks = new Settable<readonly Ask[]>([]);

  erasing = new Settable<Erasing | null>(null);
  erased: Erased | null = null;

  history: readonly Trail[] = [entry(0, 9 * day, { kind: 'genesis' })];
  offered: Offered = {
    kind: 'device',
    from: 'Anna',
    name: '',
    role: '',
    rights: [],
    cameras: [],
    slow: false,
    history: true,
  };
  /** Where an invitation, or a change that needs a code, is standing. */
  inviteAt: InvitePhase = { step: 'waiting' };
  changeAt: ChangePhase = { step: 'done' };
  sheetAnswer: 'right' | 'another' = 'right';
  joinAt: { step: JoinStep; words?: readonly string[] } = { step: 'asking' };

  async #act(): Promise<void> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
  }

  trail(): Promise<readonly Trail[]> {
    return this.stuck ? forever : Promise.resolve(this.history);
  }

  async readNews(): Promise<void> {
    this.news.set([]);
  }

  async invite(): Promise<Invitation> {
    await this.#act();
    const phase = new Settable<InvitePhase>(this.inviteAt);
    return {
      link,
      phase,
      confirm: () => phase.set({ step: 'code', wrong: false, passkey: null }),
      decline: () => phase.set({ step: 'refused', reason: 'declined' }),
      code: () => phase.set({ step: 'done', person: 'per_eva', device: 'dev_eva' }),
      passkey: async () => phase.set({ step: 'done', person: 'per_eva', device: 'dev_eva' }),
    };
  }

  async readInvitation(): Promise<Offered> {
    await this.#act();
    return this.offered;
  }

  async joinAs(
    _link: string,
    _names: { deviceName: string; personName: string },
    onStep: (step: JoinStep, words?: readonly string[]) => void,
  ): Promise<void> {
    onStep(this.joinAt.step, this.joinAt.words);
    if (this.joinStuck) await forever;
    if (this.joinRefusal) throw failure(this.joinRefusal);
    this.phase.set('ready');
  }
  joinStuck = false;
  joinRefusal: ErrorKind | null = null;

  async recover(_words: string, _device: string, onStep: (step: JoinStep) => void): Promise<void> {
    onStep('hub');
    await this.#act();
    this.phase.set('ready');
  }

  async replaceHub(_code: string, onStep: (step: CreateStep) => void): Promise<void> {
    onStep('finding');
    await this.#act();
    onStep('hub');
  }

  passkeysKnown = true;
  passkeys(): boolean {
    return this.passkeysKnown;
  }

  async addPasskey(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  async returnByPasskey(_device: string, onStep: (step: JoinStep) => void): Promise<void> {
    await this.#act();
    onStep('hub');
    await forever;
  }

  async #remove(what: Pick<Removal, 'person' | 'device'>): Promise<void> {
    await this.#act();
    const removal: Removal = { id: 'rem_1', sentAt: now - 2000, state: 'sent', ...what };
    this.removals.set([removal, ...this.removals.get()]);
  }

  removeDevice(id: string): Promise<void> {
    const all = this.people.get().flatMap((one) => one.devices);
    const found = all.find((one) => one.id === id);
    return this.#remove({ person: null, device: { id, name: found?.name ?? '' } });
  }

  removePerson(id: string): Promise<void> {
    const found = this.people.get().find((one) => one.id === id);
    return this.#remove({ device: null, person: { id, name: found?.name ?? '' } });
  }

  async askRemoval(id: string): Promise<void> {
    await this.#act();
    const found = this.people.get().find((one) => one.id === id);
    this.asks.set([ask({ id, name: found?.name ?? '' }, { id: 'per_anna', name: 'Anna' })]);
  }

  async secondRemoval(id: string): Promise<void> {
    const found = this.asks.get().find((one) => one.id === id);
    await this.#remove({ device: null, person: found?.person ?? null });
  }

  async objectRemoval(id: string): Promise<void> {
    await this.#act();
    const people = this.people.get();
    this.people.set(people.map((one) => (one.id === id ? { ...one, announced: null } : one)));
  }

  leave(): Promise<void> {
    return this.removePerson(this.own.get()?.person ?? '');
  }

  #change(): Change {
    const phase = new Settable<ChangePhase>(this.changeAt);
    return {
      phase,
      code: () => phase.set({ step: 'done' }),
      passkey: async () => phase.set({ step: 'done' }),
      cancel: () => phase.set({ step: 'refused', reason: 'cancelled' }),
    };
  }

  async setRights(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  async eraseAll(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  async keepAll(): Promise<void> {
    await this.#act();
    this.erasing.set(null);
  }

  async receipt(): Promise<Erased | null> {
    return this.erased;
  }

  async forget(): Promise<void> {}

  async stretches(): Promise<readonly Stretch[]> {
    return [];
  }

  async exportStretch(): Promise<never> {
    throw failure('not-found');
  }

  newSheet(): Promise<NewSheet> {
    const wish = { personName: '', deviceName: '', hubCode: '', zone };
    return this.create(wish, () => undefined);
  }

  async checkSheet(): Promise<'right' | 'another'> {
    await this.#act();
    return this.sheetAnswer;
  }

  async useSheet(): Promise<Change> {
    return this.#change();
  }
}

/** Anna, Jan, a grandmother, a sitter, and one whose time is over. */
export function family(household: Kin): Kin {
  household.people.set([anna(), jan(), oma(), eva(), max()]);
  household.history = trail();
  household.own.set({ ...own(household), leave: false });
  return household;
}

export function own(household: Kin): Own {
  const found = household.own.get();
  if (!found) throw new Error('a household without its own person');
  return found;
}

/** Seen by the sitter: one's own person alone, and the cameras that were given. */
export function asGuest(household: Kin, rights: readonly Right[] = [right()]): Kin {
  household.own.set({
    person: 'per_eva',
    device: 'dev_eva',
    role: 'guest',
    rights,
    manages: [],
    people: false,
    cameras: false,
    leave: true,
    sheet: false,
  });
  const phone = device('eva', 'Pixel 8', { me: true, seen: now, since: now - 2 * day });
  household.people.set([person('eva', 'Eva', 'guest', [phone], { me: true, rights })]);
  household.cameras.set(household.cameras.get().filter((one) => one.id !== 'cam_hall'));
  return household;
}
