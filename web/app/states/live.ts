// SPDX-License-Identifier: Apache-2.0
import type { Live } from '../src/lib/household';

/** A value that a state sets by hand. */
export class Settable<T> implements Live<T> {
  #value: T;
  #heard = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const run of this.#heard) run(value);
  }

  subscribe(run: (value: T) => void): () => void {
    this.#heard.add(run);
    run(this.#value);
    return () => this.#heard.delete(run);
  }
}
