// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Camera, Off } from './household';
import type { Hours, Own } from './people';
import { limited } from './rights';

/** Turning cameras off at their source, and on again: a part of `Household`. */
export interface Turning {
  /** What is set now, by the hub's word, with its signers' own signatures. */
  privates(): Promise<readonly PrivateSetting[]>;
  /** For a camera, or for all (`household`). What is not in the wish stays as it is set. */
  setPrivate(camera: string, wish: Partial<PrivateWish>): Promise<void>;
}

export interface PrivateWish {
  /** Until somebody says otherwise. */
  readonly on: boolean;
  /** Besides, in these hours of each week. */
  readonly hours: readonly Hours[];
  readonly zone: string;
}

export interface PrivateSetting extends PrivateWish {
  readonly camera: string;
  /** The id of who set it. */
  readonly person: string;
  readonly at: number;
}

/** What is set for all cameras. */
export const allCameras = 'household';

/** Whether somebody may turn a camera off; whether at this hour is asked when they do. */
export function mayTurnOff(own: Own | null, camera: string): boolean {
  if (own === null) return false;
  if (!limited(own.role)) return true;
  return own.rights.some(
    ({ actions, cameras }) =>
      actions.includes('private') && (cameras.length === 0 || cameras.includes(camera)),
  );
}

/** Front door: private since 14:05, by Anna. */
export function offText(what: string, { person, mine, hours }: Off, time: string): string {
  if (hours) return m.off_hours({ what, time });
  if (mine) return m.off_you({ what, time });
  const name = person?.name ?? '';
  return name ? m.off_by({ what, time, person: name }) : m.off({ what, time });
}

/** One line for all cameras where one setting turned all of them off; else one for each. */
export function offGroups(cameras: readonly Camera[]): { camera: Camera | null; off: Off }[] {
  const closed = cameras.flatMap((camera) =>
    camera.state === 'private' && camera.off ? [{ camera, off: camera.off }] : [],
  );
  const home = closed.filter(({ off }) => off.home);
  if (home.length < 2 || closed.length < cameras.length) return closed;
  const first = home[0]!.off;
  return [{ camera: null, off: first }, ...closed.filter(({ off }) => !off.home)];
}
