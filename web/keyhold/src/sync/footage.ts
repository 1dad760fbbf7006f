// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { checkFile, type File, type Pack } from '../manifest/leaf.ts';
import { off } from '../mutant.ts';
import { RuleError, ruleOf } from '../rule.ts';
import type { FootageAnswer, Wish } from './cloud.ts';
import type { Door } from './door.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Member } from './member.ts';
import { retention } from './runs.ts';
import { late, silent } from './sides.ts';

export type Purpose = 'tiles' | 'history' | 'export';

/** An answer, and by which side its addresses are good. */
export interface Leased extends FootageAnswer {
  readonly door: Door;
}

interface Lease {
  readonly camera: string;
  readonly from: number;
  readonly until: number;
  readonly purpose: Purpose;
  readonly answer: Promise<Leased>;
  readonly ends: number;
}

const leaseTime = 9 * 60_000;
/** How long one side has for its answer where there is another. */
const patience = 8_000;

/**
 * Reads what leaves name: fetches with a signed statement, checks length and hash, and only then
 * opens. Plaintext is handed on, never kept.
 */
export class Footage {
  private leases: Lease[] = [];

  constructor(
    private readonly engine: Pick<Engine, 'cloud' | 'epochs' | 'known' | 'sides'>,
    private readonly member: Member,
    /** Whether an old pack has to be there, because somebody has starred it. */
    private readonly starred: (pack: Pack) => boolean = () => false,
  ) {}

  /**
   * Signs a fetch statement for a stretch of one camera, or reuses one that covers it. A statement
   * is a look that the hub writes down, so one is not made for each segment. `afresh` is for what
   * came after the one held.
   */
  lease(
    camera: string,
    from: number,
    until: number,
    purpose: Purpose,
    afresh = false,
  ): Promise<Leased> {
    const now = this.engine.cloud.clock();
    const covers = (l: Lease): boolean =>
      l.camera === camera && l.purpose === purpose && l.from <= from && l.until >= until;
    this.leases = this.leases.filter((lease) => lease.ends > now && !(afresh && covers(lease)));
    const held = this.leases.find(covers);
    if (held !== undefined) return held.answer;
    const answer = this.ask({
      cameras: [camera],
      from: Math.floor(from),
      until: Math.ceil(until),
      purpose,
    });
    const lease = { camera, from, until, purpose, answer, ends: now + leaseTime };
    this.leases.push(lease);
    answer.catch(() => (this.leases = this.leases.filter((other) => other !== lease)));
    return answer;
  }

  /** Asks the side whose record is shown, and the other one if that is silent. */
  private async ask(wish: Wish, without?: Door): Promise<Leased> {
    const { sides, known } = this.engine;
    const doors = (await sides.inOrder(known.roster)).filter((door) => door !== without);
    const { household, signer } = this.member;
    let first: Error | null = null;
    for (const door of doors) {
      const control = new AbortController();
      const answer = door.side.footage(household, signer, wish, control.signal);
      const given = await (doors.length > 1 ? late(answer, patience, control) : answer);
      if (!(given instanceof Error)) return { ...given, door };
      if (!silent(given)) throw given;
      first ??= given;
    }
    throw first ?? new Fault('cloud-away', 'nobody else has it');
  }

  /** The opened file of a pack. Throws a RuleError for anything but what the hub signed. */
  async read(pack: Pack, file: File, lease: Leased, signal?: AbortSignal): Promise<Bytes> {
    const details = {
      camera: pack.camera,
      from: file.start,
      until: file.end,
      object: pack.object,
      offset: file.offset,
    };
    const [identity, sealed] = await Promise.all([
      this.engine.epochs.identity(pack.camera, pack.epoch),
      this.fetch(pack, file, lease, details, signal),
    ]);
    // Whoever has gone elsewhere waits for other work of this worker.
    signal?.throwIfAborted();
    await checkFile(file, sealed, details);
    signal?.throwIfAborted();
    return identity.open(sealed);
  }

  /**
   * Reads a file. A lease that was made before the object came, or while it came, is made again
   * once: only then is what is not served withheld.
   */
  async readLeased(
    pack: Pack,
    file: File,
    lease: Leased,
    purpose: Purpose,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    const lists = ({ objects }: Leased): boolean =>
      objects.some(({ object }) => object === pack.object);
    if (lists(lease)) {
      try {
        return await this.read(pack, file, lease, signal);
      } catch (error) {
        if (ruleOf(error) !== 'seq-gap' && !silent(error)) throw error;
      }
    }
    const first = pack.files[0]!.start;
    const again = await this.lease(pack.camera, first, file.end + 1, purpose, true);
    if (!again.door.home || lists(again)) return this.read(pack, file, again, signal);
    // The hub keeps its packs for some days: the cloud has the others, if it answers.
    const wish = { cameras: [pack.camera], from: first, until: file.end + 1, purpose };
    return this.read(pack, file, await this.ask(wish, again.door), signal);
  }

  private async fetch(
    pack: Pack,
    file: File,
    lease: Leased,
    details: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    try {
      const { address, door } = lease;
      return await door.side.object(address, pack.object, file.offset, file.size, signal);
    } catch (error) {
      const gone = error instanceof Fault && error.kind === 'not-found';
      const owed = file.start > this.engine.cloud.clock() - retention || this.starred(pack);
      if (gone && owed && !lease.door.home && !off('seq-gap')) {
        throw new RuleError('seq-gap', 'a recording that the hub sent is not served', details);
      }
      throw error;
    }
  }
}
