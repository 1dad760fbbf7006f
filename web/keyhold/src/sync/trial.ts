// SPDX-License-Identifier: Apache-2.0

import type { Store } from './store.ts';

/**
 * What a device would remember of another cloud, held against all that it has ever seen: it reads
 * what is kept and writes nothing of its own there.
 */
export class TrialStore implements Store {
  private readonly tried = new Map<string, unknown>();

  constructor(private readonly kept: Store) {}

  async get<T>(key: string): Promise<T | undefined> {
    if (!this.tried.has(key)) return this.kept.get<T>(key);
    return structuredClone(this.tried.get(key)) as T | undefined;
  }

  set(key: string, value: unknown): Promise<void> {
    this.tried.set(key, structuredClone(value));
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    return this.set(key, undefined);
  }

  clear(): Promise<void> {
    return Promise.reject(new Error('trial: nothing is cleared'));
  }
}
