// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { maxBytes } from '../canon.ts';
import { verify } from '../crypto/sign.ts';
import { publicSize } from '../crypto/xwing.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { bytes, hash, id, integer, object, oneOf, text, type Read } from '../schema.ts';
import { Envelope, type Needed } from './dsse.ts';

/**
 * The household's chain of who belongs to it (docs/protocol.md 3). Every key that is used comes
 * out of a roster that was replayed from a household id or head which a person saw, never from a
 * server's word.
 */
export const deviceKeys = object({
  id: id('dev'),
  reader: bytes(publicSize),
  sign: bytes(32),
  storage: oneOf('native', 'software'),
});
export const hubKeys = object({ hpke: bytes(publicSize), sign: bytes(32) });
export const sheetKeys = object({ reader: bytes(publicSize), sign: bytes(32) });

export const genesis = object({
  at: integer(1),
  device: deviceKeys,
  hub: hubKeys,
  nonce: bytes(32),
  person: id('per'),
  sheet: sheetKeys,
});

export const link = object({
  at: integer(1),
  household: hash,
  op: object({ device: deviceKeys, kind: text(maxBytes), person: id('per') }),
  prev: hash,
  seq: integer(1),
});

export const head = object({ hash, seq: integer() });

export type DeviceKeys = Read<typeof deviceKeys>;
export type HubKeys = Read<typeof hubKeys>;
export type SheetKeys = Read<typeof sheetKeys>;
export type Link = Read<typeof link>;
export type Head = Read<typeof head>;

export interface Member extends DeviceKeys {
  readonly person: string;
  readonly since: number;
}

/** A verified roster. Immutable: `append` gives a new one. */
export class Roster {
  private constructor(
    readonly household: string,
    readonly head: Head,
    readonly at: number,
    readonly hub: HubKeys,
    readonly sheet: SheetKeys,
    readonly members: readonly Member[],
    /** Encoded envelopes, genesis first. */
    readonly chain: readonly Bytes[],
    /** Hash of each statement of the chain. */
    private readonly hashes: readonly string[],
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
    const first = { hash: own, seq: 0 };
    const members = [{ ...device, person, since: at }];
    return new Roster(own, first, at, hub, sheet, members, [input], [own]);
  }

  static async replay(chain: readonly Bytes[], household: string | null): Promise<Roster> {
    const [first, ...links] = chain;
    if (first === undefined) throw new RuleError('roster-seq', 'the chain is empty');
    let roster = await Roster.start(first, household);
    for (const one of links) roster = await roster.append(one);
    return roster;
  }

  /** Verifies the next link with all its signatures. */
  async append(input: Bytes): Promise<Roster> {
    const { envelope, link } = await this.propose(input, true);
    const own = envelope.hashText();
    return new Roster(
      this.household,
      { hash: own, seq: link.seq },
      link.at,
      this.hub,
      this.sheet,
      [...this.members, { ...link.op.device, person: link.op.person, since: link.at }],
      [...this.chain, input],
      [...this.hashes, own],
    );
  }

  /** Verifies a link; one that is not `finished` lacks the hub's signature. */
  async propose(input: Bytes, finished: boolean): Promise<{ envelope: Envelope; link: Link }> {
    const envelope = Envelope.parse(input);
    const read = envelope.read('roster', link);
    await this.follows(envelope, read);
    await envelope.verify(this.needed(envelope, read, finished));
    return { envelope, link: read };
  }

  private async follows(envelope: Envelope, link: Link): Promise<void> {
    must(link.household === this.household, 'household', 'link of another household');
    if (link.seq <= this.head.seq && this.hashes[link.seq] !== envelope.hashText()) {
      must(
        !(await this.hubSigned(envelope)),
        'roster-fork',
        'two statements with one number, both signed by the hub',
      );
    }
    must(link.seq === this.head.seq + 1, 'roster-seq', "the link's number does not follow");
    must(link.prev === this.head.hash, 'roster-prev', 'the link names another predecessor');
    must(link.at >= this.at, 'roster-time', 'the link is older than its predecessor');
    must(
      link.op.kind === 'add-device' &&
        this.device(link.op.device.id) === null &&
        this.members.some((m) => m.person === link.op.person),
      'roster-op',
      'the operation is unknown, adds a known device, or names an unknown person',
    );
  }

  private async hubSigned(envelope: Envelope): Promise<boolean> {
    const given = envelope.signatures.find((s) => s.keyid === 'hub');
    return given !== undefined && verify(this.hub.sign, envelope.pae(), given.sig);
  }

  /** One signer who may add a device for this person, the new device, and the hub. */
  private needed(envelope: Envelope, { op }: Link, finished: boolean): Needed {
    const needed = new Map<string, Uint8Array>([[op.device.id, op.device.sign]]);
    if (finished) needed.set('hub', this.hub.sign);
    let signers = 0;
    for (const { keyid } of envelope.signatures) {
      const member = this.device(keyid);
      if (keyid === 'sheet') needed.set(keyid, this.sheet.sign);
      else if (member?.person === op.person) needed.set(keyid, member.sign);
      else continue;
      signers++;
    }
    must(signers === 1, 'signer', 'a link needs exactly one signer who may add this device');
    return needed;
  }

  device(keyid: string): Member | null {
    return this.members.find((m) => m.id === keyid) ?? null;
  }

  /** The verification key of a device, the sheet or the hub. */
  key(keyid: string): Bytes | null {
    if (keyid === 'hub') return this.hub.sign;
    if (keyid === 'sheet') return this.sheet.sign;
    return this.device(keyid)?.sign ?? null;
  }

  /** What envelopes for a device or the sheet are sealed to. */
  reader(keyid: string): Bytes | null {
    if (keyid === 'sheet') return this.sheet.reader;
    return this.device(keyid)?.reader ?? null;
  }

  /** Whether `other` says the same up to where this one ends. */
  startsLike(other: Roster): boolean {
    const shared = Math.min(this.hashes.length, other.hashes.length);
    return this.hashes.slice(0, shared).every((one, i) => one === other.hashes[i]);
  }

  hashAt(seq: number): string | null {
    return this.hashes[seq] ?? null;
  }

  /** The next link that adds a device; it still needs its signatures. */
  link(at: number, device: DeviceKeys, person: string): Envelope {
    return Envelope.make('roster', {
      at: Math.max(at, this.at),
      household: this.household,
      op: { device: { ...device }, kind: 'add-device', person },
      prev: this.head.hash,
      seq: this.head.seq + 1,
    });
  }
}
