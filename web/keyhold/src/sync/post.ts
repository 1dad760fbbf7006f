// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import type { Envelope } from '../statement/dsse.ts';
import type { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import type { Sides } from './sides.ts';
import { Mailbox, type Delivery } from './socket.ts';

type Sent = 'command' | 'live' | 'find';
type Heard = 'reply' | 'live' | 'alert' | 'find';

/** How long the cloud has to bring an answer before the same letter goes home as well. */
const homeAfter = 2_000;

/** What the hub seals to this device, in the order in which it is tried. */
const purposes: readonly Heard[] = ['reply', 'live', 'alert', 'find'];

/**
 * The post between this device and its hub (docs/protocol.md 7 and 14.1): sealed to the one, opened
 * by the other, and carried by the cloud. What the cloud does not bring is carried home, where this
 * device knows the way: it is one letter, and the hub takes it once. What it says is checked by
 * whoever listens.
 */
export class Post {
  private readonly mailbox: Mailbox;
  /** At home, once something went there. */
  private box: { readonly hub: Cloud; readonly mailbox: Mailbox } | null = null;
  private closed = false;
  private readonly listeners = new Map<Heard, Listener>();
  private readonly openings: (() => void)[] = [];
  private readonly losses: (() => void)[] = [];

  constructor(
    private readonly cloud: Cloud,
    private readonly signer: Signer,
    private readonly reader: XWingKey,
    private readonly roster: () => Roster,
    /** Is handed what did not come from the hub. */
    private readonly others: (delivery: Delivery) => void,
    private readonly sides?: Sides,
  ) {
    this.mailbox = this.open(cloud, false);
  }

  private open(at: Cloud, home: boolean): Mailbox {
    return new Mailbox(
      at,
      this.roster().household,
      this.signer,
      (delivery) => this.deliver(delivery, home),
      () => this.openings.forEach((run) => run()),
      () => this.losses.forEach((run) => run()),
    );
  }

  /** Resolves once mail is taken and brought, by the cloud or at home. */
  async opened(): Promise<void> {
    const hub = await this.hub();
    const byCloud = this.mailbox.opened();
    if (hub === null) return byCloud;
    const pause = this.sides?.atHome === true ? 0 : homeAfter;
    await Promise.race([byCloud, after(pause, () => this.boxAt(hub).opened(), byCloud)]);
  }

  close(): void {
    this.closed = true;
    this.mailbox.close();
    this.box?.mailbox.close();
  }

  /** Mail comes by a new way from now on. */
  anew(): void {
    // The first of two sockets that a browser opens is the one that the other waits for; and who they are from is
    // signed before, at the same time.
    const at =
      this.sides?.atHome === true
        ? [this.box?.mailbox, this.mailbox]
        : [this.mailbox, this.box?.mailbox];
    let before = Promise.resolve();
    for (const one of at) if (one) before = one.anew(within(homeAfter, before));
  }

  private async hub(): Promise<Cloud | null> {
    return (await this.sides?.home(this.roster()))?.side ?? null;
  }

  private boxAt(hub: Cloud): Mailbox {
    if (this.box?.hub !== hub) {
      this.box?.mailbox.close();
      this.box = { hub, mailbox: this.open(hub, true) };
      if (this.closed) this.box.mailbox.close();
    }
    return this.box.mailbox;
  }

  hear(purpose: Heard, listener: Listener): void {
    this.listeners.set(purpose, listener);
  }

  /** Runs now and then: whenever mail comes again after it did not. */
  onOpening(run: () => void): void {
    this.openings.push(run);
  }

  /** Runs whenever mail comes no more, until it comes again. */
  onLoss(run: () => void): void {
    this.losses.push(run);
  }

  /**
   * Sends a letter; resolves once somebody has taken it. `waits`: whether its answer is still awaited;
   * then it goes home as well after a while.
   */
  async send(purpose: Sent, statement: Envelope, waits = (): boolean => false): Promise<void> {
    const { household, hub: keys } = this.roster();
    const body = await seal(
      keys.hpke,
      encode({ household, purpose }),
      encode({ from: this.signer.keyid, to: 'hub' }),
      statement.encode(),
    );
    const by = (side: Cloud): Promise<void> =>
      side.write(household, this.signer, 'mail', 'hub', body);
    const hub = await this.hub();
    if (hub === null) return by(this.cloud);
    const home = async (): Promise<void> => {
      await within(homeAfter, this.boxAt(hub).opened());
      await by(hub);
    };
    if (this.sides?.atHome === true) {
      await home().catch(() => by(this.cloud));
      return;
    }
    const byCloud = by(this.cloud);
    const late = new Promise<void>((resolve, reject) => {
      const go = (): void => void home().then(resolve, reject);
      const timer = setTimeout(() => {
        if (waits()) go();
        else resolve(byCloud);
      }, homeAfter);
      byCloud.catch(() => {
        clearTimeout(timer);
        go();
      });
    });
    late.catch(() => undefined);
    // Whose word it is why it did not go: the cloud's, unless there is no such word.
    await Promise.any([byCloud, late]).catch(() => byCloud);
  }

  private async deliver(delivery: Delivery, home: boolean): Promise<void> {
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
      return listener(plain, home);
    }
    // Anybody can put bytes into a mailbox; what was not sealed to this device means nothing.
  }
}

/** `home`: it came past the cloud. */
type Listener = (plain: Bytes, home: boolean) => Promise<void>;

/** Does something after a pause, unless `unless` is done by then. */
async function after(
  pause: number,
  run: () => Promise<void>,
  unless: Promise<void>,
): Promise<void> {
  let done = false;
  void unless.then(
    () => (done = true),
    () => undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, pause));
  return done ? undefined : run();
}

/** Waits no longer than that; what is late is not waited for. */
async function within(pause: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, pause))]);
}

/** The same text is tried for several purposes: its key is taken out of it once. */
function once(key: XWingKey): XWingKey {
  let taken: Promise<Bytes> | undefined;
  return {
    publicKey: key.publicKey,
    decapsulate: (enc) => (taken ??= key.decapsulate(enc)),
  };
}
