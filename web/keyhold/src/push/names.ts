// SPDX-License-Identifier: Apache-2.0

import type { FromWorker } from '../browser/wire.ts';
import { wordsKey, type AlertWords } from '../sync/phones.ts';
import type { Store } from '../sync/store.ts';

/** Keeps the names of cameras for the service worker, where alerts are wanted: it asks nobody. */
export class AlertNames {
  private zone = '';
  private cameras: Record<string, string> = {};
  private pending: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: Store) {}

  /** What a page is told of the household. */
  hear(message: FromWorker): void {
    if ('home' in message) this.zone = message.home?.zone ?? '';
    else if ('cameras' in message) {
      this.cameras = Object.fromEntries(message.cameras.map(({ id, name }) => [id, name]));
    } else return;
    void this.keep();
  }

  /** One at a time: what is told later is kept later. */
  keep(): Promise<unknown> {
    this.pending = this.pending.then(() => this.write()).catch(() => undefined);
    return this.pending;
  }

  private async write(): Promise<void> {
    const { zone, cameras } = this;
    const words = await this.store.get<AlertWords>(wordsKey);
    if (words === undefined) return;
    const next: AlertWords = { ...words, zone, cameras };
    if (JSON.stringify(next) !== JSON.stringify(words)) await this.store.set(wordsKey, next);
  }
}
