// SPDX-License-Identifier: Apache-2.0

import type { ExportProgress } from '../sync/home.ts';
import type { Asking } from '../sync/second.ts';
import type { Calls, CallName, FromWorker, ToWorker, WireFault } from './wire.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string, words?: readonly string[]) => void;
  readonly onProgress?: (progress: ExportProgress) => void;
  readonly onAsking?: (asking: Asking) => void;
  readonly onPiece?: (bytes: Uint8Array) => Promise<void>;
}

interface Pending extends CallOptions {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls into the worker, and what comes back. */
export class Port {
  private next = 1;
  private readonly pending = new Map<number, Pending>();

  constructor(
    private readonly worker: Worker,
    private readonly event: (message: FromWorker) => void,
  ) {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.take(data);
  }

  start(origin: string, own: boolean, mutant: readonly string[]): void {
    this.send({ start: { origin, own, mutant: [...mutant] } });
  }

  call<N extends CallName>(
    name: N,
    args: Calls[N]['args'],
    options: CallOptions = {},
  ): Promise<Calls[N]['result']> {
    const id = this.next++;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(cancelled());
        return;
      }
      const abort = (): void => {
        this.send({ abort: id });
        // The caller need not wait for the worker to notice.
        this.settle(id)?.reject(cancelled());
      };
      signal?.addEventListener('abort', abort, { once: true });
      const done = (): void => signal?.removeEventListener('abort', abort);
      this.pending.set(id, {
        ...options,
        resolve: (value: never) => {
          done();
          resolve(value);
        },
        reject: (reason) => {
          done();
          reject(reason as Error);
        },
      });
      this.send({ call: id, name, args });
    });
  }

  private send(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }

  private take(message: FromWorker): void {
    if ('done' in message) {
      this.settle(message.done)?.resolve(message.value as never);
    } else if ('failed' in message) {
      this.settle(message.failed)?.reject(errorOf(message.fault));
    } else if ('step' in message) {
      this.pending.get(message.step)?.onStep?.(message.name, message.words);
    } else if ('progress' in message) {
      this.pending.get(message.progress)?.onProgress?.(message.value);
    } else if ('asking' in message) {
      this.pending.get(message.asking)?.onAsking?.(message.value);
    } else if ('piece' in message) {
      void this.piece(message.piece, message.bytes);
    } else {
      this.event(message);
    }
  }

  private async piece(id: number, bytes: Uint8Array): Promise<void> {
    let failed = false;
    try {
      await this.pending.get(id)?.onPiece?.(bytes);
    } catch {
      failed = true;
    }
    this.send({ written: id, failed });
  }
}

function cancelled(): DOMException {
  return new DOMException('cancelled', 'AbortError');
}

function errorOf(fault: WireFault): Error {
  if (fault.kind === 'cancelled') return cancelled();
  return Object.assign(new Error(fault.message), fault);
}
