// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';

/** Opening doors: a part of `Household`. */
export interface Doors {
  /** Those that can be opened, as far as one may know of them. */
  doors(): Promise<readonly Door[]>;

  /**
   * Opens one, now: what comes late opens nothing. Where the door wants a gesture a passkey is
   * asked, if there is one at this address; `gesture` where the digits that the hub shows are wanted.
   */
  openDoor(door: Door, digits?: string): Promise<OpenResult>;

  /** Says what opens the door at a camera; null: nothing any more. Owners do. */
  setDoor(camera: string, wish: DoorWish | null): Promise<DoorStep>;
}

/** What is to open a door: an address where something is posted, a broker, or the camera itself. */
export interface DoorWish {
  readonly name: string;
  readonly kind: 'http' | 'mqtt' | 'onvif';
  /** It opens only for who shows that it is them. */
  readonly gesture: boolean;
  readonly url: string;
  readonly body: string;
  readonly topic: string;
  readonly state: string;
  readonly expect: string;
  /** The camera's own name for its door or relay; '' for its first. */
  readonly relay: string;
}

/** `gesture`: the hub wants to see somebody before it is set. `invalid`: it cannot go there. */
export interface DoorStep {
  readonly outcome: 'set' | 'gesture' | 'gesture-wrong' | 'invalid';
  /** Goes on with the digits that the hub shows. */
  digits(typed: string): Promise<DoorStep>;
  /** Goes on with a passkey; null where there is none at this address. */
  readonly passkey: (() => Promise<DoorStep>) | null;
}

export interface Door {
  readonly camera: string;
  readonly name: string;
  readonly kind: 'http' | 'mqtt' | 'onvif' | 'off';
  readonly gesture: boolean;
}

export type OpenOutcome =
  'opened' | 'unanswered' | 'shut' | 'late' | 'gesture' | 'gesture-wrong' | 'denied' | 'none';

export interface OpenResult {
  readonly outcome: OpenOutcome;
  /** Who opened it; '' where it was not opened. */
  readonly person: string;
}

/** What came of it, for whoever stands there and waits. */
export function outcomeText(door: string, outcome: OpenOutcome): string {
  switch (outcome) {
    case 'opened':
      return m.open_done({ door });
    case 'unanswered':
      return m.open_unanswered({ door });
    case 'shut':
      return m.open_shut({ door });
    case 'late':
      return m.open_late({ door });
    case 'denied':
    case 'none':
      return m.open_denied({ door });
    default:
      return '';
  }
}
