// SPDX-License-Identifier: Apache-2.0

/** Alerts to a phone while Keyhold is closed: a part of `Household`. */
export interface Alerting {
  /** Whether they can come to this browser, and whether they do. */
  alertsHere(): Promise<AlertsHere>;
  /** Asks the person, then has them come. Call it from a press of a button: browsers want that. */
  alertsOn(language: string, tag: string): Promise<AlertsHere>;
  alertsOff(): Promise<AlertsHere>;
  /** What was wanted once still holds, in today's language. */
  keepAlerts(language: string, tag: string): Promise<void>;
  /** Has an alert sent to this device now. */
  testAlert(): Promise<void>;
  /** This device, if alerts come to it; for owners and guardians those of the others as well. */
  phones(): Promise<readonly Phone[]>;
}

export type AlertsHere =
  | 'on'
  | 'off'
  | 'blocked' // by the person, in the browser
  | 'unable' // the browser cannot
  | 'install'; // an iPhone: only once Keyhold is on its home screen

export interface Phone {
  /** The id of a device. */
  readonly device: string;
  readonly mine: boolean;
  /** Whose push service it is. */
  readonly service: string;
  readonly since: number;
  /** When it last said that an alert had come, and how long that one took; 0 if it never has. */
  readonly seen: number;
  readonly took: number;
  /** How much of that was over when it left the hub, and when the push service had it; 0 if nobody knows. */
  readonly left: number;
  readonly brought: number;
  /** Since when alerts were sent that it says nothing of; 0 if there are none. */
  readonly silent: number;
}

/** A part of the way of an alert, and how long it took (ms). */
export interface Part {
  readonly part: 'home' | 'service' | 'device' | 'rest';
  readonly took: number;
}

/** The way of the newest alert that came to a phone, as far as its parts are known. */
export function wayOf({ seen, took, left, brought }: Phone): readonly Part[] {
  if (seen === 0 || left === 0) return [];
  const home: Part = { part: 'home', took: left };
  if (brought === 0) return [home, { part: 'rest', took: took - left }];
  return [
    home,
    { part: 'service', took: brought - left },
    { part: 'device', took: took - brought },
  ];
}

/** A phone of which nothing is heard for so long is pointed out. */
export const silentFor = 24 * 3_600_000;
