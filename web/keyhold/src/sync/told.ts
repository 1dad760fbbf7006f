// SPDX-License-Identifier: Apache-2.0

import { fromBase32, type Bytes } from '../bytes.ts';
import type { Tree } from '../manifest/tree.ts';
import { must, off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import type { Reply, Status } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import type { Run } from './runs.ts';

/** What the hub itself has said, for holding the cloud's answers against it. */
export class Told {
  /** Uploaded sizes by run. */
  private readonly sizes = new Map<string, number>();

  constructor(private readonly tree: (run: string) => Tree | undefined) {}

  note({ run, size }: Reply): void {
    this.sizes.set(run, Math.max(size, this.sizes.get(run) ?? 0));
  }

  /** Wants everything that the hub has sent to be shown. */
  check(status: Status | null, runs: ReadonlyMap<string, Run>): void {
    if (status !== null) mustServe(runs, status.run, status.uploaded);
    for (const [run, size] of this.sizes) mustServe(runs, run, size);
  }

  /** What the hub named has to be the beginning of what the cloud shows. */
  async checkReply(reply: Reply, roster: Roster): Promise<void> {
    const { head } = roster;
    must(
      head.seq >= reply.head.seq,
      'rolled-back',
      'the hub has a newer roster than the cloud shows',
      { given: head.seq, hub: reply.head.seq },
    );
    must(
      roster.hashAt(reply.head.seq) === reply.head.hash || head.seq < reply.head.seq,
      'roster-fork',
      'the hub has another roster than the cloud shows',
    );
    const tree = this.tree(reply.run);
    if (tree === undefined || tree.checkpoint.size < reply.size || off('forked')) return;
    await tree.follows({ run: reply.run, size: reply.size, root: hashBytes(reply.root) });
  }
}

function mustServe(runs: ReadonlyMap<string, Run>, run: string, uploaded: number): void {
  const served = runs.get(run)?.tree.checkpoint.size ?? 0;
  must(served >= uploaded, 'frozen', 'the hub has sent more than the cloud shows', {
    run,
    uploaded,
    served,
  });
}

function hashBytes(text: string): Bytes {
  const bytes = fromBase32(text);
  if (bytes === null) throw new RuleError('field', 'not a hash');
  return bytes;
}
