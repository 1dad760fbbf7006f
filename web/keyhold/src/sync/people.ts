// SPDX-License-Identifier: Apache-2.0

import { manages, type Right, type Role } from '../statement/rights.ts';
import type { Op, Member, Roster, Step } from '../statement/roster.ts';
import type { Names } from '../statement/names.ts';

/** The household's persons as a page shows them, out of the roster and the sealed names. */
export interface Named {
  readonly id: string;
  /** Empty where it is not known. */
  readonly name: string;
}

export interface DeviceView extends Named {
  readonly storage: Member['storage'];
  readonly since: number;
  readonly seen: number | null;
  readonly me: boolean;
  readonly may: { readonly remove: boolean };
}

/** Of a person's devices, those that only bring them back. */
export interface PasskeyView extends DeviceView {
  readonly origin: string;
  /** Copied to the person's other devices by the maker of the phone. */
  readonly synced: boolean;
}

export interface PersonView extends Named {
  readonly role: Role;
  readonly rights: readonly Right[];
  readonly since: number;
  readonly devices: readonly DeviceView[];
  readonly passkeys: readonly PasskeyView[];
  readonly me: boolean;
  readonly sheet: boolean;
  /** When the removal of an owner was announced with the recovery sheet. */
  readonly announced: number | null;
  readonly may: { readonly remove: boolean; readonly rights: boolean; readonly ask: boolean };
}

export interface Own {
  readonly person: string;
  readonly device: string;
  readonly role: Role;
  readonly rights: readonly Right[];
  readonly manages: readonly Role[];
  readonly people: boolean;
  readonly cameras: boolean;
  readonly leave: boolean;
  readonly sheet: boolean;
}

export type TrailKind =
  'genesis' | 'remove-device' | 'remove-person' | Exclude<Op['kind'], 'remove'>;

/** One sentence of the roster. */
export interface Trail {
  readonly seq: number;
  readonly at: number;
  readonly kind: TrailKind;
  readonly by: {
    readonly kind: 'device' | 'passkey' | 'sheet' | 'hub';
    readonly person: Named | null;
    readonly device: Named | null;
  };
  /** Who said the same, where it took two. */
  readonly with?: Named;
  readonly mine: boolean;
  readonly person: Named | null;
  readonly device: Named | null;
  readonly storage?: Member['storage'];
  readonly role?: Role;
  readonly rights?: readonly Right[];
  readonly before?: { readonly role: Role; readonly rights: readonly Right[] };
}

/** This device among the others, and what it calls itself where nobody tells it the names. */
export interface Self {
  readonly device: string;
  readonly person: string;
  readonly deviceName: string;
  readonly personName: string;
}

/** Names by id; viewers and guests know their own alone. */
export function namesOf(names: Names | null, self: Self): (id: string) => string {
  const known = new Map([
    [self.device, self.deviceName],
    [self.person, self.personName],
  ]);
  for (const { id, name } of [...(names?.devices ?? []), ...(names?.persons ?? [])]) {
    if (name !== '') known.set(id, name);
  }
  return (id) => known.get(id) ?? '';
}

export function ownOf(roster: Roster, device: string, now: number): Own | null {
  const person = roster.personOf(device);
  if (person === null) return null;
  const { id, role, rights } = person;
  return {
    person: id,
    device,
    role,
    rights,
    manages: manages(role),
    people: roster.may(device, 'people', 'household', now) === '',
    cameras: roster.may(device, 'cameras', 'household', now) === '',
    leave: roster.mayRemovePerson(device, id, now),
    sheet: roster.sheetPerson === id,
  };
}

export function peopleOf(
  roster: Roster,
  names: Names | null,
  self: Self,
  seen: ReadonlyMap<string, number>,
  now: number,
): PersonView[] {
  const nameOf = namesOf(names, self);
  const own = roster.person(self.person);
  if (own === null) return [];
  const all = roster.may(self.device, 'people', 'household', now) === '';
  const managed = manages(own.role);
  const view = (device: Member): DeviceView => ({
    id: device.id,
    name: nameOf(device.id),
    storage: device.storage,
    since: device.since,
    seen: seen.get(device.id) ?? null,
    me: device.id === self.device,
    may: { remove: roster.mayRemoveDevice(self.device, device.id) },
  });
  const devicesOf = (id: string): Pick<PersonView, 'devices' | 'passkeys'> => {
    const all = roster.devices(id);
    return {
      devices: all.filter((one) => one.passkey === undefined).map(view),
      passkeys: all.flatMap((one) =>
        one.passkey === undefined
          ? []
          : [{ ...view(one), origin: one.passkey.origin, synced: one.passkey.synced }],
      ),
    };
  };
  return roster.people
    .filter((person) => all || person.id === self.person)
    .map(({ id, role, rights, since }) => ({
      id,
      name: nameOf(id),
      role,
      rights,
      since,
      ...devicesOf(id),
      me: id === self.person,
      sheet: roster.sheetPerson === id,
      announced: roster.state.announced.get(id) ?? null,
      may: {
        remove: roster.mayRemovePerson(self.device, id, now),
        rights: id !== self.person && managed.includes(role),
        ask: false,
      },
    }));
}

/** The whole chain as sentences. */
export function trailOf(roster: Roster, names: Names | null, self: Self): Trail[] {
  const nameOf = namesOf(names, self);
  const named = (id: string): Named => ({ id, name: nameOf(id) });
  const { at, device, person } = roster.genesis;
  const by = { kind: 'device' as const, person: named(person), device: named(device) };
  const first: Trail = {
    seq: 0,
    at,
    kind: 'genesis',
    by,
    mine: person === self.person,
    person: named(person),
    device: named(device),
  };
  return [first, ...roster.steps.map((step) => sentence(step, named, self))];
}

function sentence(step: Step, named: (id: string) => Named, self: Self): Trail {
  const { link, before } = step;
  const { op } = link;
  const by = authorOf(step, named);
  const common = { seq: link.seq, at: link.at, by, mine: by.person?.id === self.person };
  const nobody = { person: null, device: null };
  switch (op.kind) {
    case 'add-device':
    case 'add-person':
      return {
        ...common,
        kind: op.kind,
        person: named(op.person),
        device: named(op.device.id),
        storage: op.device.storage,
        ...(op.kind === 'add-person' ? { role: op.role, rights: op.rights } : {}),
      };
    case 'add-passkey':
      return {
        ...common,
        kind: op.kind,
        person: named(op.person),
        device: named(op.passkey.id),
        storage: 'passkey',
      };
    case 'set-rights': {
      const was = before.people.find((one) => one.id === op.person);
      return {
        ...common,
        ...nobody,
        kind: op.kind,
        person: named(op.person),
        role: op.role,
        rights: op.rights,
        ...(was === undefined ? {} : { before: { role: was.role, rights: was.rights } }),
      };
    }
    case 'remove': {
      const { device, person } = step.removal!;
      const member = before.members.find((one) => one.id === device);
      return device === ''
        ? {
            ...common,
            ...second(step, named),
            kind: 'remove-person',
            person: named(person),
            device: null,
          }
        : {
            ...common,
            kind: 'remove-device',
            person: member === undefined ? null : named(member.person),
            device: named(device),
            ...(member === undefined ? {} : { storage: member.storage }),
          };
    }
    case 'announce-removal':
    case 'object':
      return { ...common, ...nobody, kind: op.kind, person: named(op.person) };
    case 'new-sheet':
      return { ...common, ...nobody, kind: op.kind };
    case 'replace-hub':
      return { ...common, ...nobody, ...second(step, named), kind: op.kind };
  }
}

/** Who signed beside the one who asked, where it takes two owners. */
function second({ signers, before }: Step, named: (id: string) => Named): { with?: Named } {
  const [, by] = signers.filter((one) => one !== 'hub');
  const other = before.members.find((one) => one.id === by);
  return other === undefined ? {} : { with: named(other.person) };
}

/** Who wanted it: the device, passkey or sheet that signed beside the hub and a newcomer. */
function authorOf({ link, signers, before }: Step, named: (id: string) => Named): Trail['by'] {
  const { op } = link;
  const added = 'device' in op ? op.device.id : 'passkey' in op ? op.passkey.id : '';
  const signer = signers.find((one) => one !== 'hub' && one !== 'sheet' && one !== added);
  const member = before.members.find((one) => one.id === signer);
  if (member !== undefined) {
    const kind = member.passkey === undefined ? ('device' as const) : ('passkey' as const);
    return { kind, person: named(member.person), device: named(member.id) };
  }
  if (signers.includes('sheet')) {
    return { kind: 'sheet', person: named(before.sheetPerson), device: null };
  }
  return { kind: 'hub', person: null, device: null };
}
