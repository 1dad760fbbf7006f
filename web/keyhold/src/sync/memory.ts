// SPDX-License-Identifier: Apache-2.0

import { seenOf, type Run } from './runs.ts';
import { nothingSeen, type Seen, type Store } from './store.ts';

/** What one look at the cloud has shown. */
export interface Raised extends Partial<Omit<Seen, 'runs'>> {
  readonly runs?: ReadonlyMap<string, Run>;
}

/** The highest that this device has seen: it is only ever raised. */
export class Memory {
  private pending: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: Store) {}

  async seen(): Promise<Seen> {
    return (await this.store.get<Seen>('seen')) ?? nothingSeen;
  }

  /** Another window may have seen more: the higher one stays. */
  raise({ runs, status = 0, names = 0, namesHash, labels }: Raised): Promise<void> {
    const step = this.pending.then(async () => {
      const stored = await this.seen();
      await this.store.set('seen', {
        runs: runs === undefined ? stored.runs : seenOf(runs, stored.runs),
        status: Math.max(stored.status, status),
        names: Math.max(stored.names, names),
        namesHash: names >= stored.names ? (namesHash ?? stored.namesHash) : stored.namesHash,
        labels: { ...stored.labels, ...labels },
      } satisfies Seen);
    });
    this.pending = step.catch(() => undefined);
    return step;
  }
}
