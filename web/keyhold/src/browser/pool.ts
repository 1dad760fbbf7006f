// SPDX-License-Identifier: Apache-2.0

/// <reference types="vite/client" />
import type { Bytes } from '../bytes.ts';
import address from './opening.ts?worker&url';
import { trusted } from './trusted.ts';

export interface ToOpen {
  readonly id: number;
  readonly key: Bytes;
  readonly body: Uint8Array;
}

export interface Opened {
  readonly id: number;
  /** Null where it did not open. */
  readonly plain: Bytes | null;
  readonly message?: string;
}

interface Waiting {
  readonly resolve: (plain: Bytes) => void;
  readonly reject: (reason: Error) => void;
}

interface Opener {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** As many segments are opened ahead as are played: more workers would wait. */
const most = 3;

/** Workers that open footage where the browser's own cryptography cannot. They hold no keys. */
export class OpenerPool {
  private readonly openers: Opener[] = [];
  private readonly address = trusted(address);
  private readonly size = Math.min(most, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
  private next = 1;

  open(key: Bytes, body: Uint8Array): Promise<Bytes> {
    const { worker, waiting } = this.least();
    const id = this.next++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      const own = body.slice();
      worker.postMessage({ id, key, body: own } satisfies ToOpen, [own.buffer]);
    });
  }

  /** The opener with the least to do; another one while there may be more. */
  private least(): Opener {
    const [first, ...others] = this.openers;
    const least = others.reduce(
      (best, one) => (one.waiting.size < best!.waiting.size ? one : best),
      first,
    );
    if (least !== undefined && (least.waiting.size === 0 || this.openers.length === this.size)) {
      return least;
    }
    const opener = { worker: new Worker(this.address, { type: 'module' }), waiting: new Map() };
    opener.worker.onmessage = ({ data }: MessageEvent<Opened>) => settle(opener, data);
    opener.worker.onerror = () => {
      for (const { reject } of opener.waiting.values()) reject(new Error('age: no worker'));
      opener.waiting.clear();
    };
    this.openers.push(opener);
    return opener;
  }
}

function settle({ waiting }: Opener, { id, plain, message = '' }: Opened): void {
  const one = waiting.get(id);
  waiting.delete(id);
  if (plain === null) one?.reject(new Error(message));
  else one?.resolve(plain);
}
