// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Writable } from '../canon.ts';
import { verify } from '../crypto/sign.ts';
import { Grown } from '../grown.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import {
  actorOf,
  apply,
  checkOp,
  deviceIn,
  isReturnKey,
  mayIn,
  onlyOwner,
  personIn,
  verifyLink,
  type Member,
  type Person,
  type State,
} from './change.ts';
import { Envelope, type Proves } from './dsse.ts';
import { firstHub } from './hubs.ts';
import {
  genesis,
  link as linkSchema,
  type DeviceKeys,
  type Head,
  type HubKeys,
  type Link,
  type Op,
  type Removal,
  type SheetKeys,
} from './ops.ts';
import {
  hasVoice,
  mayRemoveDevice,
  mayRemovePerson,
  readRemoval,
  verifyRemoval,
  verifyVoice,
} from './removal.ts';
import type { SignedRemoval } from './removal.ts';
import { earliestOf, type Reason } from './rights.ts';

export { head, hubKeys } from './ops.ts';
export type { DeviceKeys, Head, HubKeys, Link, Member, Op, Person, Removal, SheetKeys };

/** A link of the chain, as it was before and after it. */
export interface Step {
  readonly link: Link;
  /** Who signed it; for a removal, who signed that. */
  readonly signers: readonly string[];
  readonly removal: Removal | null;
  readonly before: State;
  readonly after: State;
}

interface Checked {
  readonly envelope: Envelope;
  readonly link: Link;
  readonly removing: SignedRemoval | null;
}

/**
 * The household's chain of who belongs to it (docs/protocol.md 3). Every key that is used comes
 * out of a roster that was replayed from a household id or head which a person saw, never from a
 * server's word. Immutable: `append` gives a new one.
 */
export class Roster {
  private constructor(
    readonly state: State,
    readonly head: Head,
    readonly at: number,
    /** Encoded envelopes, genesis first. */
    readonly chain: readonly Bytes[],
    /** Hash of each statement of the chain. */
    private readonly hashes: readonly string[],
    /** What each link changed; the first stands for number 1. */
    readonly steps: readonly Step[],
    readonly genesis: { readonly at: number; readonly device: string; readonly person: string },
  ) {}

  /** `household` is the one it has to be, or null where the caller checks by other means. */
  static async start(input: Bytes, household: string | null): Promise<Roster> {
    const envelope = Envelope.parse(input);
    const { at, device, hub, person, sheet } = envelope.read('genesis', genesis);
    const own = envelope.hashText();
    must(household === null || own === household, 'household', 'genesis of another household');
    await envelope.verify(
      new Map([
        [device.id, device.sign],
        ['sheet', sheet.sign],
        ['hub', hub.sign],
      ]),
    );
    const state: State = {
      household: own,
      hub,
      hubs: firstHub(hub, at),
      sheet,
      sheetPerson: person,
      people: [{ id: person, role: 'owner', rights: [], since: at, ownerSince: at }],
      members: [{ ...device, person, since: at }],
      former: Grown.empty(),
      gone: Grown.empty(),
      announced: new Map(),
    };
    const first = { at, device: device.id, person };
    return new Roster(state, { hash: own, seq: 0 }, at, [input], [own], [], first);
  }

  /**
   * Verifies a whole chain. Most are in order: signatures are looked at side by side while the
   * checks between the links go on as if all were right, and the result counts if every single one
   * was. Whatever goes wrong on this way decides nothing: the chain is then replayed link by link,
   * and that says by which rule it is refused.
   */
  static async replay(chain: readonly Bytes[], household: string | null): Promise<Roster> {
    const given: Promise<boolean>[] = [];
    const proves: Proves = (key, message, sig) => {
      given.push(verify(key, message, sig));
      return Promise.resolve(true);
    };
    try {
      const roster = await Roster.through(chain, household, proves);
      if ((await Promise.all(given)).every((right) => right)) return roster;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
    return Roster.through(chain, household, verify);
  }

  /**
   * The roster of a chain whose signatures this device has looked at before; everything else is
   * asked again. Null where something is not as it was: then the chain has to be replayed.
   */
  static async resume(chain: readonly Bytes[], household: string): Promise<Roster | null> {
    try {
      return await Roster.through(chain, household, () => Promise.resolve(true));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return null;
    }
  }

  private static async through(
    chain: readonly Bytes[],
    household: string | null,
    proves: Proves,
  ): Promise<Roster> {
    const [first, ...links] = chain;
    if (first === undefined) throw new RuleError('roster-seq', 'the chain is empty');
    let roster = await Roster.start(first, household);
    for (const one of links) roster = await roster.append(one, proves);
    return roster;
  }

  get household(): string {
    return this.state.household;
  }
  get hub(): HubKeys {
    return this.state.hub;
  }
  get sheet(): SheetKeys {
    return this.state.sheet;
  }
  get sheetPerson(): string {
    return this.state.sheetPerson;
  }
  /** Present devices. */
  get members(): readonly Member[] {
    return this.state.members;
  }
  /** Present persons. */
  get people(): readonly Person[] {
    return this.state.people;
  }

  /** Verifies the next link with all its signatures. */
  async append(input: Bytes, proves: Proves = verify): Promise<Roster> {
    const { envelope, link, removing } = await this.check(input, true, proves);
    const own = envelope.hashText();
    const { signatures } = removing?.envelope ?? envelope;
    const signers = signatures.map((one) => one.keyid);
    const removal = removing?.removal ?? null;
    const after = apply(this.state, link, signers, removal);
    return new Roster(
      after,
      { hash: own, seq: link.seq },
      link.at,
      [...this.chain, input],
      [...this.hashes, own],
      [...this.steps, { link, signers, removal, before: this.state, after }],
      this.genesis,
    );
  }

  /** Verifies a link that the hub has not signed yet. */
  async propose(input: Bytes): Promise<Link> {
    return (await this.check(input, false)).link;
  }

  private async check(input: Bytes, finished: boolean, proves = verify): Promise<Checked> {
    const envelope = Envelope.parse(input);
    const link = envelope.read('roster', linkSchema);
    const { state } = this;
    await this.follows(envelope, link);
    checkOp(state, link.op, envelope);
    const removing = link.op.kind === 'remove' ? this.readRemoval(link.op.removal, link.at) : null;
    await verifyLink(state, link, envelope, finished, proves);
    if (removing !== null) await verifyRemoval(state, removing, link.at, proves);
    return { envelope, link, removing };
  }

  private readRemoval(raw: Bytes, at: number): SignedRemoval {
    return readRemoval(this.state, raw, at, (seq) => this.hashAt(seq));
  }

  /** Refuses a link that is not the next one. */
  async follows(envelope: Envelope, link: Link): Promise<void> {
    must(link.household === this.household, 'household', 'link of another household');
    if (link.seq <= this.head.seq && this.hashes[link.seq] !== envelope.hashText()) {
      must(
        !(await this.hubSigned(envelope, link.seq)),
        'roster-fork',
        'two statements with one number, both signed by the hub',
      );
    }
    must(link.seq === this.head.seq + 1, 'roster-seq', "the link's number does not follow");
    must(link.prev === this.head.hash, 'roster-prev', 'the link names another predecessor');
    must(link.at >= this.at, 'roster-time', 'the link is older than its predecessor');
  }

  /**
   * Whether a hub signed it that could. One that was replaced may not sign the number of its
   * replacement either.
   */
  private async hubSigned(envelope: Envelope, seq: number): Promise<boolean> {
    const given = envelope.signatures.find((s) => s.keyid === 'hub');
    if (given === undefined) return false;
    const before = this.steps[seq - 1]?.before.hub ?? this.hub;
    const after = this.steps[seq - 1]?.after.hub ?? this.hub;
    const pae = envelope.pae();
    return (
      (await verify(after.sign, pae, given.sig)) ||
      (before !== after && (await verify(before.sign, pae, given.sig)))
    );
  }

  device(keyid: string): Member | null {
    return deviceIn(this.state, keyid) ?? null;
  }

  /** A device that was removed. */
  former(keyid: string): Member | null {
    return this.state.former.get(keyid) ?? null;
  }

  person(id: string): Person | null {
    return personIn(this.state, id) ?? null;
  }

  /** Whose device it is; the sheet counts as its person's. */
  personOf(device: string): Person | null {
    return actorOf(this.state, device) ?? null;
  }

  devices(person: string): readonly Member[] {
    return this.members.filter((m) => m.person === person);
  }

  /** Whether the sheet's person is still there. */
  private sheetCounts(): boolean {
    return this.person(this.sheetPerson) !== null;
  }

  /** The verification key of a device, the sheet or the hub. */
  key(keyid: string): Bytes | null {
    if (keyid === 'hub') return this.hub.sign;
    if (keyid === 'sheet') return this.sheetCounts() ? this.sheet.sign : null;
    return this.device(keyid)?.sign ?? null;
  }

  /** What envelopes for a device or the sheet are sealed to. */
  reader(keyid: string): Bytes | null {
    if (keyid === 'sheet') return this.sheetCounts() ? this.sheet.reader : null;
    return this.device(keyid)?.reader ?? null;
  }

  /** Whether a device may do this to a camera at a time; empty for yes, else why not. */
  may(device: string, action: string, camera: string, at: number): Reason {
    return mayIn(this.state, device, action, camera, at);
  }

  /** The number of the last statement that is not newer: links carry their makers' clocks. */
  seqAt(at: number): number {
    const next = this.steps.findIndex(({ link }) => link.at > at);
    return next < 0 ? this.head.seq : next;
  }

  /** `may` under the roster as the statement with this number left it. */
  mayAfter(seq: number, device: string, action: string, camera: string, at: number): Reason {
    return mayIn(this.stateAfter(seq), device, action, camera, at);
  }

  stateAfter(seq: number): State {
    return this.steps[seq]?.before ?? this.state;
  }

  seqOf(hash: string): number | null {
    const seq = this.hashes.lastIndexOf(hash);
    return seq < 0 ? null : seq;
  }

  /** Older footage of the camera is not served to the device; null where it may not at all. */
  earliest(device: string, action: string, camera: string, at: number): number | null {
    const person = this.personOf(device);
    if (person === null) return null;
    return earliestOf(person.role, person.rights, action, camera, at);
  }

  /** Who reads what is recorded of a camera now: devices in roster order, then the sheet. */
  readers(camera: string, at: number): readonly string[] {
    const out = this.members
      .filter((m) => this.may(m.id, 'history', camera, at) === '')
      .map((m) => m.id);
    return this.sheetCounts() ? [...out, 'sheet'] : out;
  }

  /** Refuses a removal that would not hold in a link made now. */
  async checkRemoval(input: Bytes, now: number): Promise<Removal> {
    const at = Math.max(now, this.at);
    const read = this.readRemoval(input, at);
    await verifyRemoval(this.state, read, at);
    return read.removal;
  }

  /** Refuses what is not the word of one owner on another; whose it is, and about whom. */
  async checkVoice(input: Bytes, now: number): Promise<{ at: number; by: string; person: string }> {
    const at = Math.max(now, this.at);
    const read = this.readRemoval(input, at);
    const by = await verifyVoice(this.state, read, at);
    return { at: read.removal.at, by, person: read.removal.person };
  }

  /** Whether a device speaks for somebody who has been an owner for long enough. */
  hasVoice(device: string, at: number): boolean {
    return !isReturnKey(device) && hasVoice(actorOf(this.state, device), at);
  }

  mayRemoveDevice(by: string, device: string): boolean {
    return mayRemoveDevice(this.state, [by], device);
  }

  mayRemovePerson(by: string, person: string, at: number): boolean {
    const target = this.person(person);
    if (target === null || onlyOwner(this.state, target)) return false;
    return mayRemovePerson(this.state, [by], person, at);
  }

  /** Whether `other` says the same up to where this one ends. */
  startsLike(other: Roster): boolean {
    const shared = Math.min(this.hashes.length, other.hashes.length);
    return this.hashes.slice(0, shared).every((one, i) => one === other.hashes[i]);
  }

  hashAt(seq: number): string | null {
    return this.hashes[seq] ?? null;
  }

  linkAt(seq: number): Link | null {
    return this.steps[seq - 1]?.link ?? null;
  }

  /** The next link; it still needs its signatures. */
  newLink(at: number, op: Op): Envelope {
    return Envelope.make('roster', {
      at: Math.max(at, this.at),
      household: this.household,
      op: op as unknown as Writable,
      prev: this.head.hash,
      seq: this.head.seq + 1,
    });
  }

  /** The next link that adds a device. */
  link(at: number, device: DeviceKeys, person: string): Envelope {
    return this.newLink(at, { device: { ...device }, kind: 'add-device', person });
  }
}
