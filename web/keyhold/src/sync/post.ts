// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import type { Envelope } from '../statement/dsse.ts';
import type { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Mailbox, type Delivery } from './socket.ts';

type Sent = 'command' | 'live' | 'find';
type Heard = 'reply' | 'live' | 'find';

/** What the hub seals to this device, in the order in which it is tried. */
const purposes: readonly Heard[] = ['reply', 'live', 'find'];

/**
 * The post between this device and its hub (docs/protocol.md 7 and 14.1): sealed to the one, opened
 * by the other, and carried by the cloud. What it says is checked by whoever listens.
 */
export class Post {
  private readonly mailbox: Mailbox;
  private readonly listeners = new Map<Heard, (plain: Bytes) => Promise<void>>();
  private readonly openings: (() => void)[] = [];

  constructor(
    private readonly cloud: Cloud,
    private readonly signer: Signer,
    private readonly reader: XWingKey,
    private readonly roster: () => Roster,
    /** Is handed what did not come from the hub. */
    private readonly others: (delivery: Delivery) => void,
  ) {
    this.mailbox = new Mailbox(
      cloud,
      roster().household,
      signer,
      (delivery) => this.deliver(delivery),
      () => this.openings.forEach((run) => run()),
    );
  }

  /** Resolves once the cloud takes and brings mail. */
  opened(): Promise<void> {
    return this.mailbox.opened();
  }

  close(): void {
    this.mailbox.close();
  }

  /** Mail comes by a new way from now on. */
  anew(): void {
    this.mailbox.anew();
  }

  hear(purpose: Heard, listener: (plain: Bytes) => Promise<void>): void {
    this.listeners.set(purpose, listener);
  }

  /** Runs now and then: whenever mail comes again after it did not. */
  onOpening(run: () => void): void {
    this.openings.push(run);
  }

  async send(purpose: Sent, statement: Envelope): Promise<void> {
    const { household, hub } = this.roster();
    const body = await seal(
      hub.hpke,
      encode({ household, purpose }),
      encode({ from: this.signer.keyid, to: 'hub' }),
      statement.encode(),
    );
    await this.cloud.write(household, this.signer, 'mail', 'hub', body);
  }

  private async deliver(delivery: Delivery): Promise<void> {
    const { body, from } = delivery;
    if (from !== 'hub') {
      this.others(delivery);
      return;
    }
    const { household } = this.roster();
    const key = once(this.reader);
    for (const purpose of purposes) {
      const listener = this.listeners.get(purpose);
      if (listener === undefined) continue;
      let plain: Bytes;
      try {
        plain = await open(
          key,
          encode({ household, purpose }),
          encode({ from: 'hub', to: this.signer.keyid }),
          body,
        );
      } catch {
        continue;
      }
      return listener(plain);
    }
    // Anybody can put bytes into a mailbox; what was not sealed to this device means nothing.
  }
}

/** The same text is tried for several purposes: its key is taken out of it once. */
function once(key: XWingKey): XWingKey {
  let taken: Promise<Bytes> | undefined;
  return {
    publicKey: key.publicKey,
    decapsulate: (enc) => (taken ??= key.decapsulate(enc)),
  };
}
