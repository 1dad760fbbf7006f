// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Delivery } from './socket.ts';

export type Purpose = 'second' | 'seconded';
type Read = (from: string, text: Bytes) => Promise<void>;

/**
 * What devices of the household write to each other by way of the cloud's mailboxes: sealed to the
 * reader. Who wrote it says a signature in the text alone.
 */
export class Letters {
  private readonly readers = new Map<Purpose, Set<Read>>();

  constructor(private readonly engine: Pick<Engine, 'cloud' | 'known' | 'member'>) {}

  async post(to: string, purpose: Purpose, text: Bytes): Promise<void> {
    const { cloud, known, member } = this.engine;
    const { household, device, signer } = member;
    const reader = known.roster.reader(to);
    if (reader === null) throw new Fault('not-found', 'this device is not there any more');
    const info = encode({ household, purpose });
    const body = await seal(reader, info, encode({ from: device, to }), text);
    await cloud.write(household, signer, 'mail', to, body);
  }

  /** Hands over what comes for a purpose until the function that it gives back is called. */
  on(purpose: Purpose, read: Read): () => void {
    const readers = this.readers.get(purpose) ?? new Set();
    this.readers.set(purpose, readers.add(read));
    return () => readers.delete(read);
  }

  /** Takes what lay in the mailbox and is not the hub's. */
  async take({ from, body }: Delivery): Promise<void> {
    const { household, device, reader } = this.engine.member;
    for (const [purpose, readers] of this.readers) {
      let text: Bytes;
      try {
        text = await open(
          reader,
          encode({ household, purpose }),
          encode({ from, to: device }),
          body,
        );
      } catch {
        // For another purpose, or noise: anybody of the household may leave bytes here.
        continue;
      }
      for (const read of [...readers]) await read(from, text);
    }
  }
}
