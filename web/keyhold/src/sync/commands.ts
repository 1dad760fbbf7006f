// SPDX-License-Identifier: Apache-2.0

import { base64, random, type Bytes } from '../bytes.ts';
import type { Writable } from '../canon.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { must } from '../mutant.ts';
import { Envelope, openBy } from '../statement/dsse.ts';
import { reply as replySchema, type Op, type Reply } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Fault, type FaultKind } from './fault.ts';
import { Post } from './post.ts';
import type { Sides } from './sides.ts';
import type { Delivery } from './socket.ts';

const words: Readonly<Record<string, FaultKind>> = {
  stale: 'internal',
  denied: 'not-allowed',
  invalid: 'internal',
  'camera-unreachable': 'camera-unreachable',
  'camera-password': 'camera-password',
  'camera-codec': 'camera-video',
  'camera-address': 'camera-address',
  'camera-program': 'camera-program',
  'camera-form': 'camera-form',
  exists: 'camera-exists',
  'cloud-unreachable': 'hub-cannot-reach',
  'not-found': 'not-found',
  elsewhere: 'camera-elsewhere',
  private: 'camera-private',
  covered: 'camera-covered',
  full: 'stars-full',
  'no-bell': 'camera-no-bell',
  'no-speaker': 'camera-no-speaker',
  'speaker-taken': 'camera-speaker-taken',
  'no-relay': 'camera-no-relay',
  'relay-stays': 'camera-relay-stays',
  'no-light': 'light-none',
  'relay-falls': 'light-falls',
  'door-there': 'light-door',
  'light-away': 'light-away',
  'light-no': 'light-no',
};

/** What the hub answers instead of doing it, in its own word. */
export class Refused extends Fault {
  constructor(readonly word: string) {
    super(words[word] ?? 'internal', `the hub says: ${word}`);
  }
}

interface Waiting {
  readonly take: (reply: Reply) => void;
}

/**
 * Commands to the hub and its replies (docs/protocol.md 7). A reply is the hub's fresh word: it
 * names the newest checkpoint that is uploaded, by which a cloud that holds back is caught.
 */
export class Commands {
  private readonly waiting = new Map<string, Waiting>();
  readonly post: Post;

  constructor(
    private readonly cloud: Cloud,
    private readonly signer: Signer,
    reader: XWingKey,
    private readonly roster: () => Roster,
    /** Hears every reply that holds. */
    private readonly heard: (reply: Reply, home: boolean) => void,
    /** Hears what did not hold. */
    private readonly fault: (error: unknown) => void,
    /** Is handed what did not come from the hub. */
    others: (delivery: Delivery) => Promise<void> = () => Promise.resolve(),
    sides?: Sides,
  ) {
    // It looks at the cloud, and other mail does not wait for that.
    const other = (delivery: Delivery): void =>
      void others(delivery).catch((error: unknown) => this.fault(error));
    this.post = new Post(cloud, signer, reader, roster, other, sides);
    this.post.hear('reply', (plain, home) => this.take(plain, home));
  }

  close(): void {
    this.post.close();
  }

  /** The hub's answer to an operation; an error word of the hub rejects. */
  async send(op: Op, patience: number): Promise<Reply> {
    const nonce = random(16);
    const key = base64(nonce);
    const answer = new Promise<Reply>((take) => this.waiting.set(key, { take }));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Fault('hub-away', 'the hub did not answer')), patience);
    });
    late.catch(() => undefined);
    try {
      await Promise.race([this.post.opened(), late]);
      await Promise.race([this.order(op, nonce, () => this.waiting.has(key)), late]);
      const reply = await Promise.race([answer, late]);
      if (reply.error !== '') {
        throw new Refused(reply.error);
      }
      return reply;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(key);
    }
  }

  private async order(op: Op, nonce: Uint8Array, waits: () => boolean): Promise<void> {
    const { household, head } = this.roster();
    const command = await Envelope.signed(
      'command',
      {
        at: this.cloud.now(),
        device: this.signer.keyid,
        head: head.hash,
        household,
        nonce,
        op: op as unknown as Writable,
      },
      this.signer,
    );
    await this.post.send('command', command, waits);
  }

  private async take(plain: Bytes, home: boolean): Promise<void> {
    const { household, hub } = this.roster();
    try {
      const reply = await openBy(plain, 'reply', replySchema, 'hub', hub.sign);
      must(reply.household === household, 'wrong-household', 'a reply of another household');
      const waiting = this.waiting.get(base64(reply.nonce));
      // A reply to nobody is old, or meant for another window of this browser.
      if (waiting === undefined) return;
      this.heard(reply, home);
      waiting.take(reply);
    } catch (error) {
      this.fault(error);
    }
  }
}
