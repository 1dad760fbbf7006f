// SPDX-License-Identifier: Apache-2.0

import { random } from '../bytes.ts';
import type { Bell, BellReport } from '../statement/request.ts';
import type { Heard, Snooze, Visit } from '../sync/alerts.ts';
import type { Door, DoorWish, OpenResult, SetResult } from '../sync/doors.ts';
import type { Shown } from '../sync/gesture.ts';
import type { PasskeyWanted } from '../sync/passkey.ts';
import type { Picture } from '../sync/pictures.ts';
import type { Quiet, QuietWeek } from '../sync/quiets.ts';
import { StarClient } from './star-client.ts';

/** Where something stands that the hub wants to see somebody for, and how it goes on. */
export type Step<Result extends Asked> = Omit<Result, 'passkey'> & {
  digits(typed: string): Promise<Step<Result>>;
  readonly passkey: (() => Promise<Step<Result>>) | null;
};
/** What the engine says of it. */
interface Asked {
  readonly outcome: string;
  readonly passkey: PasskeyWanted | null;
}

/** Asks for something, with nothing shown at first. */
export async function stepOf<Result extends Asked>(
  ask: (shown: Shown | null) => Promise<Result>,
  shown: Shown | null = null,
): Promise<Step<Result>> {
  const { passkey, ...said } = await ask(shown);
  const sign = async (): Promise<Step<Result>> => {
    const { signByPasskey } = await import('./passkey.ts');
    return stepOf(ask, await signByPasskey(passkey!));
  };
  const digits = (typed: string): Promise<Step<Result>> => stepOf(ask, typed);
  return { ...said, digits, passkey: passkey === null ? null : sign };
}

/** The part of a household that is about who rings at its doors. */
export abstract class DoorClient extends StarClient {
  private readonly rings = new Set<(ring: Heard) => void>();

  protected ring(heard: Heard): void {
    for (const run of [...this.rings]) run(heard);
  }

  onRing(run: (ring: Heard) => void): () => void {
    const entry = (ring: Heard): void => run(ring);
    this.rings.add(entry);
    return () => this.rings.delete(entry);
  }

  visits(from: number): Promise<readonly Visit[]> {
    return this.port.call('visits', [from]);
  }

  moment(camera: string, number: number): Promise<Picture | null> {
    return this.port.call('moment', [camera, number]);
  }

  snoozes(): Promise<readonly Snooze[]> {
    return this.port.call('snoozes', []);
  }

  snooze(camera: string, until: number): Promise<void> {
    return this.port.call('snooze', [camera, until]);
  }

  quiets(): Promise<QuietWeek | null> {
    return this.port.call('quiets', []);
  }

  setQuiet(camera: string, hours: Quiet['hours']): Promise<void> {
    return this.port.call('setQuiet', [camera, hours]);
  }

  bells(): Promise<readonly BellReport[]> {
    return this.port.call('bells', []);
  }

  setBell(camera: string, bell: Bell): Promise<readonly string[]> {
    return this.port.call('setBell', [camera, bell]);
  }

  doors(): Promise<readonly Door[]> {
    return this.port.call('doors', []);
  }

  /** Sets what opens the door at a camera; null: nothing any more. */
  setDoor(camera: string, wish: Omit<DoorWish, 'nonce'> | null): Promise<Step<SetResult>> {
    const whole = wish === null ? null : { ...wish, nonce: random(16) };
    return stepOf((shown) => this.port.call('setDoor', [camera, whole, shown]));
  }

  /** Opens a door. Where it wants a gesture a passkey is asked, if there is one here and nobody typed digits. */
  async openDoor({ camera, gesture }: Door, digits?: string): Promise<OpenResult> {
    const wish = await this.port.call('wishOpen', [camera]);
    if ('outcome' in wish) return wish;
    const passkey = gesture && digits === undefined ? wish.passkey : null;
    let shown: Shown | null = digits ?? null;
    if (passkey !== null) {
      const { signByPasskey } = await import('./passkey.ts');
      shown = await signByPasskey(passkey);
    }
    return this.port.call('openDoor', [wish.act, shown]);
  }
}
