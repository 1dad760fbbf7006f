// SPDX-License-Identifier: Apache-2.0

import { fromBase64url, random } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { useDevice, type KeptMember } from '../browser/keys.ts';
import { open, seal } from '../crypto/box.ts';
import { openAlert, type Alert, type Lateness } from '../statement/alert.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Cloud } from '../sync/cloud.ts';
import { pinKey, type HubPin } from '../sync/kept.ts';
import { wordsKey, type AlertWords } from '../sync/phones.ts';
import type { Store } from '../sync/store.ts';

/**
 * What came by a push service, in a service worker: no page is open, no roster read. What is
 * believed is what this device's key opens and the pinned hub has signed; whatever else somebody
 * sends is shown as just that, since a browser that is sent something has to show something.
 */
export interface Taken {
  readonly alert: Alert;
  readonly late: Lateness;
  readonly words: AlertWords;
}

/** The highest number that has come this way. An open app hears of alerts by itself and counts apart. */
const lastKey = 'alert-last';

export class Taker {
  /** One message at a time: they may come together. */
  private before: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly now: () => number = Date.now,
  ) {}

  /** Null for what does not hold, whatever is wrong with it. */
  take(text: string): Promise<Taken | null> {
    const work = this.before.then(() => this.read(text));
    this.before = work.catch(() => undefined);
    return work;
  }

  private async read(text: string): Promise<Taken | null> {
    const [member, pin] = await this.known();
    if (member === undefined || pin === undefined) return null;
    const { device, household } = member;
    const sealed = fromBase64url(text);
    if (sealed === null) return null;
    try {
      const plain = await open(
        useDevice(device).reader,
        encode({ household, purpose: 'alert' }),
        encode({ from: 'hub', to: device.id }),
        sealed,
      );
      const last = (await this.store.get<number>(lastKey)) ?? 0;
      const reader = { roster: pin, self: device.id, now: this.now() };
      const { alert, late } = await openAlert(plain, reader, last);
      if (alert.seq > last) await this.store.set(lastKey, alert.seq);
      return { alert, late, words: await this.words() };
    } catch {
      return null;
    }
  }

  private async known(): Promise<[KeptMember | undefined, HubPin | undefined]> {
    return [await this.store.get<KeptMember>('member'), await this.store.get<HubPin>(pinKey)];
  }

  /** What a person is told by, as they chose it. */
  async words(): Promise<AlertWords> {
    const none = { language: 'en', tag: 'en-GB', zone: '', cameras: {} };
    return (await this.store.get<AlertWords>(wordsKey)) ?? none;
  }

  /** Tells the hub that an alert has come, so that it knows how long this took. */
  async report(cloud: Cloud, { seq }: Alert, at: number): Promise<void> {
    const [member, pin] = await this.known();
    if (member === undefined || pin === undefined) return;
    const { household } = member;
    const { signer } = useDevice(member.device);
    const op: Writable = { kind: 'alert-received', received: { at, seq } };
    const command = await Envelope.signed(
      'command',
      { at, device: signer.keyid, head: pin.head, household, nonce: random(16), op },
      signer,
    );
    const body = await seal(
      pin.hub.hpke,
      encode({ household, purpose: 'command' }),
      encode({ from: signer.keyid, to: 'hub' }),
      command.encode(),
    );
    await cloud.write(household, signer, 'mail', 'hub', body);
  }
}
