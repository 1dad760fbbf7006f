// SPDX-License-Identifier: Apache-2.0
import type { Picture, Unsubscribe } from './household';
import type { Hours } from './people';

/** Who rings at the doors: a part of `Household`. */
export interface Ringing {
  /** Runs when the hub says that somebody presses. */
  onRing(run: (ring: Ring) => void): Unsubscribe;
  /** Who rang since a time, out of the verified record, newest first. */
  visits(from: number): Promise<readonly Visit[]>;
  /** The verified picture of the moment of a press that `visits` has named; null where there is none. */
  moment(camera: string, number: number): Promise<Picture | null>;
  /** What this person wants to hear nothing of for a while: at none of their devices. */
  snoozes(): Promise<readonly Snooze[]>;
  /** `until` 0 ends it. */
  snooze(camera: string, until: number): Promise<void>;
  /** At which hours of the week they want to hear nothing; null: the hub is too old to keep any. */
  quiets(): Promise<QuietWeek | null>;
  /** Of a camera, or of all (`household`); no hours take them back. */
  setQuiet(camera: string, hours: readonly Hours[]): Promise<void>;
  /** How the bells do, for those who may change cameras. */
  bells(): Promise<readonly BellReport[]>;
  /** Resolves with the addresses that a doorbell is to call, for a `webhook`. */
  setBell(camera: string, bell: Bell): Promise<readonly string[]>;
}

export interface Ring {
  at: number;
  camera: string;
  kind: 'press' | 'test';
  seq: number;
  /** It was so, and is not any more; or it was heard before. */
  late: boolean;
}

/** Presses of one camera within two minutes of each other. */
export interface Visit {
  camera: string;
  at: number;
  presses: readonly Press[];
}

export interface Press {
  at: number;
  number: number;
  /** There is a picture of that moment. */
  picture: boolean;
}

export interface Snooze {
  camera: string;
  until: number;
}

export interface QuietHours {
  camera: string;
  hours: readonly Hours[];
}

export interface QuietWeek {
  readonly hours: readonly QuietHours[];
  /** Those that this device has brought to a hub that took another's place, and when. */
  readonly came: { readonly at: number; readonly cameras: readonly string[] } | null;
}

export interface Bell {
  kind: 'onvif' | 'webhook' | 'mqtt' | 'off';
  url?: string;
  topic?: string;
  payload?: string;
}

export interface BellReport {
  camera: string;
  kind: string;
  state: string;
  since: number;
  /** 0: not since the hub was started. */
  pressed: number;
}
