// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Op, PhoneReport, Reply, Subscription } from '../statement/request.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { keepPin } from './kept.ts';
import type { Store } from './store.ts';

/** What a device is told of a phone that gets alerts. */
export interface Phone extends PhoneReport {
  readonly mine: boolean;
}

/** What the service worker needs for its words. It is there as long as alerts are wanted here. */
export interface AlertWords {
  /** A language of ours, and the reader's own form of it. */
  readonly language: string;
  readonly tag: string;
  readonly zone: string;
  /** Names of cameras. */
  readonly cameras: Readonly<Record<string, string>>;
}

export const wordsKey = 'alert-words';

const patience = 10_000;

/** Alerts to this device while its app is closed (docs/protocol.md 17). */
export class Phones {
  constructor(
    private readonly engine: Engine,
    private readonly store: Store,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  /** The key by which the push service will know the hub. */
  async key(): Promise<Bytes> {
    const { result } = await this.send({ kind: 'push-key' }, patience);
    if (result.push_key === undefined) throw new Fault('internal', 'the hub gives no key');
    return result.push_key;
  }

  /** Has alerts brought there; `language` and `tag` are those of the words. */
  async subscribe(push: Subscription, language: string, tag: string): Promise<void> {
    await keepPin(this.store, this.engine.known.roster);
    const words = await this.store.get<AlertWords>(wordsKey);
    await this.store.set(wordsKey, { zone: '', cameras: {}, ...words, language, tag });
    await this.send({ kind: 'subscribe', push }, patience);
  }

  async unsubscribe(): Promise<void> {
    await this.store.delete(wordsKey);
    await this.send({ kind: 'unsubscribe' }, patience);
  }

  /** They were turned on here, and not off again. */
  async wanted(): Promise<boolean> {
    return (await this.store.get(wordsKey)) !== undefined;
  }

  async test(): Promise<void> {
    await this.send({ kind: 'test-alert' }, patience);
  }

  async list(): Promise<Phone[]> {
    const { result } = await this.send({ kind: 'phones' }, patience);
    const { device } = this.engine.member;
    return (result.phones ?? []).map((one) => ({ ...one, mine: one.device === device }));
  }
}
