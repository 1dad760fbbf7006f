// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { Identity } from '../crypto/age.ts';
import { hashText } from '../crypto/hash.ts';
import type { Leaf } from '../manifest/leaf.ts';
import type { Entry } from '../manifest/page.ts';
import { off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { actorOf, isReturnKey, keyIn, type State } from '../statement/change.ts';
import { Envelope } from '../statement/dsse.ts';
import { reseal, type Row } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import { must } from '../mutant.ts';
import type { PageRef, SyncAnswer } from './cloud.ts';
import type { Member } from './member.ts';
import { checkReaders, checkUse, mayLack } from './readers.ts';
import { openRow } from './row.ts';
import { retention } from './runs.ts';

/** This reader was never given the epoch, and could not expect to be. */
export class NoKey extends Error {
  override readonly name = 'NoKey';
}

/** The cloud keeps a page no longer: nobody is given what it held. */
export class Expired extends NoKey {}

/** The leaf that announces the epoch is not under a checkpoint yet. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}

/** Reads a page with an identity that is not trusted yet: what is under the checkpoint, proved. */
export type PageReader = (page: PageRef, identity: Identity) => Promise<readonly Entry[]>;

const day = 24 * 3_600_000;

/** Epoch identities, opened lazily, held in memory alone. */
export class Epochs {
  private rows = new Map<string, Row[]>();
  /** Hashes of envelopes that a reseal of a member vouches for. */
  private given = new Set<string>();
  private readonly open = new Map<string, Promise<Identity>>();
  /** The leaves by which the hub announced epochs, once they were checked. */
  private readonly announced = new Map<string, Extract<Leaf, { kind: 'epoch' }>>();

  constructor(
    private readonly member: Member,
    private readonly read: PageReader,
    /** The first page of an epoch that the cloud lists. */
    private readonly firstPage: (camera: string, epoch: string) => PageRef | null,
    private readonly now: () => number,
    /** The hub itself hands out pages, and no longer has the first of each epoch. */
    private readonly home: () => boolean = () => false,
  ) {}

  private roster: Roster | null = null;

  /** Takes rows and reseals of an answer; a reseal that does not hold is refused. */
  async take(answer: Pick<SyncAnswer, 'rows' | 'reseals'>, roster: Roster): Promise<void> {
    this.roster = roster;
    const given = new Set<string>();
    for (const raw of answer.reseals) {
      for (const hash of await readReseal(raw, roster, this.member.device)) given.add(hash);
    }
    const rows = new Map<string, Row[]>();
    for (const row of answer.rows) {
      if (row.device !== this.member.device) continue;
      const key = keyOf(row.camera, row.epoch);
      rows.set(key, [...(rows.get(key) ?? []), row]);
    }
    this.given = given;
    this.rows = rows;
  }

  has(camera: string, epoch: string): boolean {
    return this.rows.has(keyOf(camera, epoch));
  }

  /** Every epoch that this reader has a row of. */
  all(): { camera: string; epoch: string }[] {
    return [...this.rows.values()].map(([row]) => ({ camera: row!.camera, epoch: row!.epoch }));
  }

  identity(camera: string, epoch: string): Promise<Identity> {
    const key = keyOf(camera, epoch);
    let identity = this.open.get(key);
    if (identity === undefined) {
      identity = this.openEpoch(camera, epoch);
      this.open.set(key, identity);
      identity.catch(() => this.open.delete(key));
    }
    return identity;
  }

  /** The identity string of one's own row, for giving it to another device. */
  async identityText(camera: string, epoch: string): Promise<string> {
    await this.identity(camera, epoch);
    const rows = this.rows.get(keyOf(camera, epoch)) ?? [];
    return openRow(this.member.reader, this.member.household, rows[0]!);
  }

  private async openEpoch(camera: string, epoch: string): Promise<Identity> {
    const first = this.firstPage(camera, epoch);
    if (first === null) throw new NoKey('the cloud lists no page of this epoch');
    const rows = this.rows.get(keyOf(camera, epoch)) ?? [];
    if (rows.length === 0) {
      if (this.mayLack(first)) throw new NoKey('recorded before this device was given keys');
      throw new RuleError(
        'envelope',
        "the cloud does not hand out this device's key for what was recorded since it joined",
        { camera, epoch },
      );
    }
    let last: unknown;
    for (const row of rows) {
      try {
        const text = await openRow(this.member.reader, this.member.household, row);
        const identity = await Identity.parse(text);
        await this.check(first, row, identity);
        return identity;
      } catch (error) {
        last = error;
      }
    }
    // Rows of a sheet that was replaced.
    if (this.member.device === 'sheet' && this.mayLack(first)) throw new NoKey('an earlier sheet');
    throw last;
  }

  /**
   * Opens what is sealed to an epoch of which no page is there yet, or nothing: envelopes and names
   * are sent at once, pages beside them. Only for what the hub has signed inside.
   */
  async openEarly(camera: string, sealed: Bytes): Promise<Bytes | null> {
    for (const row of [...this.rows.values()].flat()) {
      if (row.camera !== camera || this.firstPage(camera, row.epoch) !== null) continue;
      try {
        const text = await openRow(this.member.reader, this.member.household, row);
        return await (await Identity.parse(text)).open(sealed);
      } catch {
        // Sealed to another one, or not for this reader at all.
      }
    }
    return null;
  }

  /** Whether this reader can honestly have no key: before it came, and while it had no right. */
  mayLack({ camera, hour }: PageRef): boolean {
    return this.roster === null || mayLack(this.roster, this.member.device, camera, hour);
  }

  /** The hour before which the cloud shows this reader nothing of a camera; 0 for none. */
  begins(camera: string): number {
    const since = this.roster?.earliest(this.member.device, 'history', camera, this.now()) ?? 0;
    return Math.floor(since / 3_600_000);
  }

  /** Whom the hub gave the epoch; empty where that is not kept any more. */
  async readersOf(camera: string, epoch: string): Promise<readonly string[]> {
    await this.identity(camera, epoch);
    return this.announced.get(keyOf(camera, epoch))?.readers.map((one) => one.device) ?? [];
  }

  /** Refuses footage in an epoch that should have ended. */
  checkUse({ camera, epoch }: PageRef, entries: readonly Entry[]): void {
    const leaf = this.announced.get(keyOf(camera, epoch));
    if (this.roster !== null && leaf !== undefined && !off('envelope')) {
      checkUse(this.roster, camera, leaf.head, entries);
    }
  }

  /** Holds an identity against the leaf by which the hub announced its epoch. */
  private async check(first: PageRef, row: Row, identity: Identity): Promise<void> {
    if (off('envelope')) return;
    const { camera, epoch } = row;
    const entries = await this.read(first, identity);
    for (const { leaf } of entries) {
      if (leaf.kind !== 'epoch' || leaf.epoch !== epoch) continue;
      if (this.roster !== null) checkReaders(this.roster, camera, leaf);
      this.announced.set(keyOf(camera, epoch), leaf);
      must(
        leaf.recipient === identity.recipientHash,
        'envelope',
        'the key of an epoch is not the one that the hub announced',
        { camera, epoch },
      );
      const hash = hashText(row.bytes);
      must(
        this.given.has(hash) ||
          leaf.readers.some((r) => r.device === row.device && r.envelope === hash),
        'envelope',
        'an envelope was made neither by the hub nor by a device of this person',
        { camera, epoch },
      );
      return;
    }
    if (entries.length === 0) throw new NotYet('not under a checkpoint yet');
    // The page that announced it may be older than what the cloud shows this reader, or keeps.
    if (first.hour <= this.begins(camera) || this.home()) return;
    if ((first.hour + 1) * 3_600_000 < this.now() - (retention - day)) return;
    throw new RuleError('envelope', 'the page in which the hub announced an epoch is missing', {
      camera,
      epoch,
    });
  }
}

function keyOf(camera: string, epoch: string): string {
  return `${camera}/${epoch}`;
}

/** The envelopes that a reseal gives to `device`; empty for another device's. */
async function readReseal(raw: Uint8Array, roster: Roster, device: string): Promise<string[]> {
  const envelope = Envelope.parse(raw);
  const read = envelope.read('reseal', reseal);
  must(read.household === roster.household, 'wrong-household', 'a reseal of another household');
  const { keyid } = envelope.signatures[0]!;
  // Who gave keys may have left since: what counts is the roster under which they did.
  const seq = roster.seqOf(read.head);
  const then = seq === null ? null : roster.stateAfter(seq);
  const key = then === null ? undefined : keyIn(then, keyid);
  must(
    envelope.signatures.length === 1 &&
      then !== null &&
      key !== undefined &&
      mayGive(then, keyid, read.device),
    'signer',
    'a reseal by somebody who may not give keys to that device',
  );
  await envelope.verify(new Map([[keyid, key ?? new Uint8Array(0)]]));
  return read.device === device ? read.epochs.map((e) => e.envelope) : [];
}

/** The same person's device, passkey or sheet, or one of an owner or guardian. */
function mayGive(state: State, keyid: string, to: string): boolean {
  const by = actorOf(state, keyid);
  const person = actorOf(state, to);
  if (by === undefined || person === undefined) return false;
  return by === person || (!isReturnKey(keyid) && (by.role === 'owner' || by.role === 'guardian'));
}
