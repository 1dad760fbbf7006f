// SPDX-License-Identifier: Apache-2.0

import type { Store } from '../sync/store.ts';

const table = 'values';

/** The device's memory in IndexedDB. Key handles are kept as they are: nobody can export them. */
export class DatabaseStore implements Store {
  private constructor(private readonly database: IDBDatabase) {}

  static open(name = 'keyhold'): Promise<DatabaseStore> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(table);
      request.onsuccess = () => resolve(new DatabaseStore(request.result));
      request.onerror = () => reject(request.error ?? new Error('indexeddb: open'));
    });
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.run('readonly', (values) => values.get(key) as IDBRequest<T | undefined>);
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.run('readwrite', (values) => values.put(value, key));
  }

  async delete(key: string): Promise<void> {
    await this.run('readwrite', (values) => values.delete(key));
  }

  async clear(): Promise<void> {
    await this.run('readwrite', (values) => values.clear());
  }

  private run<T>(
    mode: IDBTransactionMode,
    ask: (values: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // Strict: a key that a household was told of must survive a power cut.
      const transaction = this.database.transaction(table, mode, { durability: 'strict' });
      const request = ask(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('indexeddb: aborted'));
      transaction.onerror = () => reject(transaction.error ?? new Error('indexeddb: failed'));
    });
  }
}
