// SPDX-License-Identifier: Apache-2.0

/** Where a device keeps what it has to remember. Values are copied structurally. */
export interface Store {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

/** Where the household is, as this device has settled. */
export const placeKey = 'cloud';

/** The highest that this device has seen: nothing older is taken later. */
export interface Seen {
  readonly runs: Readonly<Record<string, SeenRun>>;
  /** `at` of the newest status. */
  readonly status: number;
  /** Number and hash of the newest names. */
  readonly names: number;
  readonly namesHash: string;
  /** Numbers of the newest labels, by camera. */
  readonly labels?: Readonly<Record<string, number>>;
}

export interface SeenRun {
  readonly size: number;
  /** Text form. */
  readonly root: string;
  readonly at: number;
}

export const nothingSeen: Seen = { runs: {}, status: 0, names: 0, namesHash: '' };

export class MemoryStore implements Store {
  private readonly values = new Map<string, unknown>();
  get<T>(key: string): Promise<T | undefined> {
    return Promise.resolve(structuredClone(this.values.get(key)) as T | undefined);
  }
  set(key: string, value: unknown): Promise<void> {
    this.values.set(key, structuredClone(value));
    return Promise.resolve();
  }
  delete(key: string): Promise<void> {
    this.values.delete(key);
    return Promise.resolve();
  }
  clear(): Promise<void> {
    this.values.clear();
    return Promise.resolve();
  }
}
