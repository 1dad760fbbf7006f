// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { checkFile, type File, type Pack } from '../manifest/leaf.ts';
import { off } from '../mutant.ts';
import { RuleError, ruleOf } from '../rule.ts';
import type { Cloud, FootageAnswer } from './cloud.ts';
import type { Epochs } from './epochs.ts';
import { Fault } from './fault.ts';
import type { Member } from './member.ts';
import { retention } from './runs.ts';

export type Purpose = 'tiles' | 'history' | 'export';

interface Lease {
  readonly camera: string;
  readonly from: number;
  readonly until: number;
  readonly purpose: Purpose;
  readonly answer: Promise<FootageAnswer>;
  readonly ends: number;
}

const leaseTime = 9 * 60_000;

/**
 * Reads what leaves name: fetches with a signed statement, checks length and hash, and only then
 * opens. Plaintext is handed on, never kept.
 */
export class Footage {
  private leases: Lease[] = [];

  constructor(
    private readonly cloud: Cloud,
    private readonly member: Member,
    private readonly epochs: () => Epochs,
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
  ): Promise<FootageAnswer> {
    const now = this.cloud.clock();
    const covers = (l: Lease): boolean =>
      l.camera === camera && l.purpose === purpose && l.from <= from && l.until >= until;
    this.leases = this.leases.filter((lease) => lease.ends > now && !(afresh && covers(lease)));
    const held = this.leases.find(covers);
    if (held !== undefined) return held.answer;
    const answer = this.cloud.footage(this.member.household, this.member.signer, {
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

  /** The opened file of a pack. Throws a RuleError for anything but what the hub signed. */
  async read(pack: Pack, file: File, lease: FootageAnswer, signal?: AbortSignal): Promise<Bytes> {
    const details = {
      camera: pack.camera,
      from: file.start,
      until: file.end,
      object: pack.object,
      offset: file.offset,
    };
    const [identity, sealed] = await Promise.all([
      this.epochs().identity(pack.camera, pack.epoch),
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
    lease: FootageAnswer,
    purpose: Purpose,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    if (lease.objects.some((object) => object.object === pack.object)) {
      try {
        return await this.read(pack, file, lease, signal);
      } catch (error) {
        if (ruleOf(error) !== 'seq-gap') throw error;
      }
    }
    const first = pack.files[0]!.start;
    const again = await this.lease(pack.camera, first, file.end + 1, purpose, true);
    return this.read(pack, file, again, signal);
  }

  private async fetch(
    pack: Pack,
    file: File,
    lease: FootageAnswer,
    details: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    try {
      return await this.cloud.object(lease.address, pack.object, file.offset, file.size, signal);
    } catch (error) {
      const gone = error instanceof Fault && error.kind === 'not-found';
      const young = file.start > this.cloud.clock() - retention;
      if (gone && young && !off('seq-gap')) {
        throw new RuleError('seq-gap', 'a recording that the hub sent is not served', details);
      }
      throw error;
    }
  }
}
