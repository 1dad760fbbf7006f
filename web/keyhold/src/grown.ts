// SPDX-License-Identifier: Apache-2.0

interface Entry<V> {
  readonly value: V;
  readonly place: number;
}

/**
 * A map that is only ever added to. `with` gives a new one; the old ones stay what they were and
 * share the new one's memory, so that a long history of them costs no more than the last.
 */
export class Grown<V> {
  private constructor(
    private readonly entries: Map<string, Entry<V>>,
    private readonly size: number,
  ) {}

  static empty<V>(): Grown<V> {
    return new Grown(new Map<string, Entry<V>>(), 0);
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.place < this.size ? entry.value : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** What is there stays: no key is given twice. */
  with(key: string, value: V): Grown<V> {
    if (this.has(key)) return this;
    let { entries } = this;
    // Another one went on from here before.
    if (entries.size > this.size) {
      entries = new Map([...entries].filter(([, { place }]) => place < this.size));
    }
    entries.set(key, { value, place: this.size });
    return new Grown(entries, this.size + 1);
  }
}
