// SPDX-License-Identifier: Apache-2.0

import { base32, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Grown } from '../grown.ts';
import { must, off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import type { Envelope, Proves } from './dsse.ts';
import type { DeviceKeys, HubKeys, Link, Op, PasskeyKeys, Removal, SheetKeys } from './ops.ts';
import { nextHub, type Hubs } from './hubs.ts';
import { checkRights, manages, mayRole, type Reason, type Right, type Role } from './rights.ts';

/** Who belongs to a household at one link of its chain, and how that may change (docs/protocol.md 3). */
export interface Person {
  readonly id: string;
  readonly role: Role;
  readonly rights: readonly Right[];
  /** `at` of the link that brought them, and of the one that made them an owner; 0 for none. */
  readonly since: number;
  readonly ownerSince: number;
}

/** A device, or a passkey: that reads what devices read, and brings its person back. */
export interface Member extends Omit<DeviceKeys, 'storage'> {
  readonly storage: DeviceKeys['storage'] | 'passkey';
  /** Only of a passkey. */
  readonly passkey?: PasskeyKeys;
  readonly person: string;
  readonly since: number;
}

export interface State {
  readonly household: string;
  readonly hub: HubKeys;
  readonly hubs: Hubs;
  readonly sheet: SheetKeys;
  /** Whom the sheet brings back. Once they are gone it has no power. */
  readonly sheetPerson: string;
  readonly people: readonly Person[];
  readonly members: readonly Member[];
  /** Devices that were removed: names in old looks are theirs. */
  readonly former: Grown<Member>;
  /** Ids that were removed, and earlier sheets and hubs by hash. None comes back. */
  readonly gone: Grown<true>;
  /** Owners whose removal by the sheet was announced, with the link's time. */
  readonly announced: ReadonlyMap<string, number>;
}

export const personIn = (s: State, id: string): Person | undefined =>
  s.people.find((p) => p.id === id);
export const deviceIn = (s: State, id: string): Member | undefined =>
  s.members.find((m) => m.id === id);

/** Whether this only brings a person back: the sheet, or a passkey. */
export const isReturnKey = (keyid: string): boolean => keyid === 'sheet' || isPasskey(keyid);
export const isPasskey = (keyid: string): boolean => keyid.startsWith('pas_');

/** Whose signature it is. The sheet counts as its person's. */
export function actorOf(s: State, keyid: string): Person | undefined {
  return personIn(s, keyid === 'sheet' ? s.sheetPerson : (deviceIn(s, keyid)?.person ?? ''));
}

/** Whether a device may do this to a camera at a time; empty for yes, else why not. */
export function mayIn(
  s: State,
  device: string,
  action: string,
  camera: string,
  at: number,
): Reason {
  const person = actorOf(s, device);
  if (person === undefined) return off('device') ? '' : 'device';
  return mayRole(person.role, person.rights, action, camera, at);
}

export function onlyOwner(s: State, person: Person): boolean {
  return person.role === 'owner' && s.people.filter((p) => p.role === 'owner').length === 1;
}

/** The verification key of somebody who can order something. */
export function keyIn(s: State, keyid: string): Bytes | undefined {
  if (keyid === 'sheet') return actorOf(s, keyid) === undefined ? undefined : s.sheet.sign;
  return deviceIn(s, keyid)?.sign;
}

/** The name under which keys are remembered that were replaced. */
function keyName({ sign }: { readonly sign: Uint8Array }): string {
  return base32(sha256(sign));
}

export function wants(ok: boolean, what: string): void {
  must(ok, 'roster-op', what);
}

function taken(s: State, id: string): boolean {
  return deviceIn(s, id) !== undefined || personIn(s, id) !== undefined || s.gone.has(id);
}

/** Whether an operation has a sense here, whoever signed it. A removal is looked at elsewhere. */
export function checkOp(s: State, op: Op, envelope: Envelope): void {
  switch (op.kind) {
    case 'add-device':
      wants(!taken(s, op.device.id), 'the device is, or once was, in the roster');
      wants(personIn(s, op.person) !== undefined, 'a device for an unknown person');
      return;
    case 'add-person':
      wants(!taken(s, op.device.id), 'the device is, or once was, in the roster');
      wants(!taken(s, op.person), 'the person is, or once was, in the roster');
      checkRights(op.role, op.rights);
      return;
    case 'add-passkey':
      wants(!taken(s, op.passkey.id), 'the passkey is, or once was, in the roster');
      wants(personIn(s, op.person) !== undefined, 'a passkey for an unknown person');
      return;
    case 'set-rights': {
      const target = personIn(s, op.person);
      if (target === undefined) throw new RuleError('roster-op', 'rights for an unknown person');
      wants(target.role !== 'owner', 'an owner keeps every right until they leave or are removed');
      const self = envelope.signatures.some(({ keyid }) => actorOf(s, keyid) === target);
      wants(!self, 'nobody changes their own rights');
      checkRights(op.role, op.rights);
      return;
    }
    case 'new-sheet':
      wants(keyName(op.sheet) !== keyName(s.sheet), "the sheet is this household's");
      wants(!s.gone.has(keyName(op.sheet)), "the sheet was this household's");
      return;
    case 'announce-removal': {
      const target = personIn(s, op.person);
      wants(target?.role === 'owner' && !onlyOwner(s, target), 'no owner who could be removed');
      wants(op.person !== s.sheetPerson, "the sheet's own person");
      wants(!s.announced.has(op.person), 'the removal was announced already');
      return;
    }
    case 'object':
      wants(s.announced.has(op.person), 'there is nothing to object to');
      return;
    case 'replace-hub':
      wants(keyName(op.hub) !== keyName(s.hub), "the hub is this household's");
      wants(!s.gone.has(keyName(op.hub)), "the hub was this household's");
      return;
    case 'remove':
      return;
  }
}

/** Wants a link to be signed by those who may order it, those whose keys it brings, and the hub. */
export async function verifyLink(
  s: State,
  { op, at }: Link,
  envelope: Envelope,
  finished: boolean,
  proves?: Proves,
): Promise<void> {
  const proof = new Map<string, Bytes>();
  if (finished) proof.set('hub', op.kind === 'replace-hub' ? op.hub.sign : s.hub.sign);
  if (op.kind === 'add-device' || op.kind === 'add-person') {
    proof.set(op.device.id, op.device.sign);
  }
  if (op.kind === 'add-passkey') proof.set(op.passkey.id, op.passkey.sign);
  if (op.kind === 'new-sheet') proof.set('sheet', op.sheet.sign);
  const by = envelope.signatures.map((one) => one.keyid).filter((keyid) => !proof.has(keyid));
  await verifySigned(s, envelope, by, proof, mayOrder(s, op, by, at), proves);
}

/** Verifies the signatures of `by`, who have to be allowed, and of `proof`, and wants no other. */
export async function verifySigned(
  s: State,
  envelope: Envelope,
  by: readonly string[],
  proof: ReadonlyMap<string, Bytes>,
  allowed: boolean,
  proves?: Proves,
): Promise<void> {
  const needed = new Map(proof);
  for (const keyid of by) {
    const key = keyIn(s, keyid);
    if (key !== undefined) needed.set(keyid, key);
  }
  must(
    allowed && by.every((keyid) => needed.has(keyid)),
    'signer',
    'not signed by those who may order it',
  );
  // With the rule off whoever signs may; but a signature still has to be one.
  await (off('signer') ? envelope.verifyKnown(needed, proves) : envelope.verify(needed, proves));
}

function mayOrder(s: State, op: Op, by: readonly string[], at: number): boolean {
  if (op.kind === 'remove') return by.length === 0;
  if (op.kind === 'replace-hub') return mayReplaceHub(s, by, at);
  const [keyid] = by;
  const actor = keyid === undefined ? undefined : actorOf(s, keyid);
  if (by.length !== 1 || actor === undefined) return false;
  const back = isReturnKey(keyid ?? '');
  const manages_ = (role: Role): boolean => manages(actor.role).includes(role);
  switch (op.kind) {
    case 'add-device':
      return actor.id === op.person;
    case 'add-person':
      return !back && manages_(op.role);
    case 'add-passkey':
      return !back && actor.id === op.person;
    case 'set-rights': {
      const target = personIn(s, op.person);
      return !back && target !== undefined && manages_(target.role) && manages_(op.role);
    }
    case 'new-sheet':
      if (back) return false;
      return personIn(s, s.sheetPerson) === undefined
        ? actor.role === 'owner'
        : actor.id === s.sheetPerson;
    case 'announce-removal':
      return keyid === 'sheet' && actor.role === 'owner';
    case 'object':
      return !back && actor.role === 'owner';
  }
}

/** How long somebody has to be an owner before they have a voice where two are needed. */
const ownerWait = 7 * 24 * 3_600_000;

/** The sheet alone, the only owner, or two who have been owners for a week. */
function mayReplaceHub(s: State, by: readonly string[], at: number): boolean {
  const actors = by.map((keyid) => actorOf(s, keyid));
  if (by.some(isPasskey) || actors.some((actor) => actor?.role !== 'owner')) return false;
  if (by.length === 1) return by[0] === 'sheet' || onlyOwner(s, actors[0]!);
  const long = actors.every((actor) => at >= actor!.ownerSince + ownerWait);
  return by.length === 2 && actors[0] !== actors[1] && !by.includes('sheet') && long;
}

/** The state after a link that was verified; `removal` is the one inside it. */
export function apply(
  s: State,
  link: Link,
  signers: readonly string[],
  removal: Removal | null,
): State {
  const { op, at } = link;
  switch (op.kind) {
    case 'add-device':
      return { ...s, members: [...s.members, { ...op.device, person: op.person, since: at }] };
    case 'add-passkey': {
      const { id, reader, sign } = op.passkey;
      const keys = { id, reader, sign, storage: 'passkey' as const, passkey: op.passkey };
      return { ...s, members: [...s.members, { ...keys, person: op.person, since: at }] };
    }
    case 'add-person': {
      const { person: id, role, rights } = op;
      const ownerSince = role === 'owner' ? at : 0;
      return {
        ...s,
        people: [...s.people, { id, role, rights, since: at, ownerSince }],
        members: [...s.members, { ...op.device, person: id, since: at }],
      };
    }
    case 'set-rights': {
      const { role, rights } = op;
      const ownerSince = role === 'owner' ? at : 0;
      const people = s.people.map((one) =>
        one.id === op.person ? { ...one, role, rights, ownerSince } : one,
      );
      return { ...s, people };
    }
    case 'remove':
      return removal === null ? s : removed(s, removal);
    case 'new-sheet':
      return newSheet(s, op.sheet, signers);
    case 'announce-removal':
      return { ...s, announced: new Map(s.announced).set(op.person, at) };
    case 'object': {
      const announced = new Map(s.announced);
      announced.delete(op.person);
      return { ...s, announced };
    }
    case 'replace-hub':
      return {
        ...s,
        hub: op.hub,
        hubs: nextHub(s.hubs, link),
        gone: s.gone.with(keyName(s.hub), true),
      };
  }
}

/** What the old sheet announced is void: it may have been in other hands. */
function newSheet(s: State, sheet: SheetKeys, signers: readonly string[]): State {
  const gone = s.gone.with(keyName(s.sheet), true);
  const signer = signers.map((keyid) => deviceIn(s, keyid)).find((one) => one !== undefined);
  const present = personIn(s, s.sheetPerson) !== undefined;
  const sheetPerson = present ? s.sheetPerson : (signer?.person ?? s.sheetPerson);
  return { ...s, sheet, sheetPerson, gone, announced: new Map() };
}

function removed(s: State, { device, person }: Removal): State {
  const goes = (m: Member): boolean => (device !== '' ? m.id === device : m.person === person);
  let { former, gone } = s;
  for (const member of s.members.filter(goes)) {
    former = former.with(member.id, member);
    gone = gone.with(member.id, true);
  }
  const announced = new Map(person !== '' && person === s.sheetPerson ? [] : s.announced);
  if (person !== '') {
    gone = gone.with(person, true);
    announced.delete(person);
  }
  const members = s.members.filter((m) => !goes(m));
  const people = s.people.filter((p) => p.id !== person);
  return { ...s, members, people, former, gone, announced };
}
