// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { DoorOutcome, Look, LookKind, LookSet, Watched } from './looking';
import type { Named } from './people';
import { allCameras } from './privacy';
import {
  dateText,
  hoursText,
  limited,
  listText,
  rightsText,
  roleText,
  type Called,
} from './rights';
import { clockText, lengthText, shortDayText } from './time';
import { called } from './trail';

/** Cameras by name; how many they are, where this device does not know what they are called. */
export function camerasOf(cameras: readonly Named[]): string {
  const named = cameras.filter(({ name }) => name !== '').map(({ name }) => name);
  const rest = cameras.length - named.length;
  if (rest === 0) return listText(named);
  const more = rest === 1 ? m.right_camera_one() : m.right_camera_count({ n: rest });
  return listText([...named, more]);
}

/** As many cameras are called by name in one line. */
const named = 3;

/** Anna is watching live: Front door; Anna is watching 4 cameras live. */
export function watchedText({ cameras, person, mine, talking }: Watched): string {
  if (talking.length > 0) {
    const where = camerasOf(talking);
    if (mine) return m.talking_you({ cameras: where });
    return person.name
      ? m.talking_person({ person: person.name, cameras: where })
      : m.talking_somebody({ cameras: where });
  }
  if (cameras.length > named) {
    const n = cameras.length;
    if (mine) return m.watching_you_many({ n });
    return person.name
      ? m.watching_person_many({ person: person.name, n })
      : m.watching_somebody_many({ n });
  }
  const what = camerasOf(cameras);
  if (mine) return m.watching_you({ cameras: what });
  return person.name
    ? m.watching_person({ person: person.name, cameras: what })
    : m.watching_somebody({ cameras: what });
}

export function kindText(kind: LookKind): string {
  switch (kind) {
    case 'live':
      return m.looks_live();
    case 'talk':
      return m.looks_talk();
    case 'open':
      return m.looks_opened();
    case 'lock':
      return m.looks_lock();
    case 'history':
      return m.looks_history();
    case 'tiles':
      return m.looks_tiles();
    case 'export':
      return m.looks_export();
    case 'private':
      return m.looks_private();
    case 'masks':
      return m.looks_masks();
    case 'star':
      return m.stars_title();
    case 'child':
      return m.looks_child();
  }
}

/** What somebody set: Front door: turned off; Garden: 2 parts of the picture are covered. */
function setText(
  { on, hours, masks, moment, door = '' }: LookSet,
  { kind, cameras, at }: Pick<Look, 'kind' | 'cameras' | 'at'>,
  zone?: string,
): string {
  const all = cameras.some(({ id }) => id === allCameras);
  const what = all ? m.right_every_camera() : camerasOf(cameras);
  if (kind === 'star') {
    const time = dateText(moment, at, zone);
    return on ? m.looks_set_star({ what, time }) : m.looks_set_unstar({ what, time });
  }
  if (kind === 'private') {
    if (on) return m.looks_set_off({ what });
    return hours.length > 0
      ? m.looks_set_hours({ what, hours: hoursText(hours) })
      : m.looks_set_on({ what });
  }
  if (kind === 'child') return on ? m.looks_set_child({ what }) : m.looks_set_no_child({ what });
  if (kind === 'lock') return on ? m.looks_set_lock({ what, door }) : m.looks_set_no_lock({ what });
  if (masks.length === 0) return m.looks_set_uncovered({ what });
  return masks.length === 1
    ? m.looks_set_covered_one({ what })
    : m.looks_set_covered({ what, n: masks.length });
}

/** Front door: opened. What is not known is not said. */
function doorText(door: string, outcome: DoorOutcome): string {
  switch (outcome) {
    case '':
      return m.looks_door_opening({ door });
    case 'opened':
      return m.looks_door_opened({ door });
    case 'unanswered':
    case 'lost':
      return m.looks_door_unknown({ door });
    default:
      return m.looks_door_shut({ door });
  }
}

/** What was looked at: Live, Front door; Recordings, Garden, 11:30 to 11:40. */
export function lookText(look: Look, zone?: string): string {
  const { kind, cameras, footage, at, set, door } = look;
  if (set !== null) return setText(set, look, zone);
  if (door !== null) return doorText(door.name, door.outcome);
  if (look.reply !== undefined) {
    return m.looks_reply({ cameras: camerasOf(cameras), text: look.reply });
  }
  const what = m.looks_what({ kind: kindText(kind), cameras: camerasOf(cameras) });
  if (footage === null || kind === 'tiles') return what;
  const day = shortDayText(footage.from, zone);
  const until = Math.min(footage.until, at);
  const span = { from: clockText(footage.from, zone), until: clockText(until, zone) };
  return day === shortDayText(at, zone)
    ? m.looks_span({ what, ...span })
    : m.looks_span_day({ what, day, ...span });
}

/** How long, as far as it is known. */
export function longText({ kind, at, until, open, count, set, door }: Look): string {
  if (open) return m.looks_open();
  if (set !== null || door !== null) return '';
  if (kind === 'live' || kind === 'talk') return lengthText(Math.max(1000, until - at));
  // Of recordings it is known when they were asked for, not how long somebody looked.
  return count > 1 ? m.looks_times({ n: count }) : '';
}

/** Why they may: what they are to the household, and what they were given. */
export function whyText(
  { role, rights }: Look,
  cameras: readonly Called[],
  now: number,
  zone?: string,
): string {
  if (role === null) return m.looks_nobody();
  if (!limited(role)) return roleText(role);
  const what = rightsText({ role, rights }, cameras, now, zone);
  return m.looks_why({ role: roleText(role), what });
}

/** Anna, or that nobody knows the name any more. */
export const lookerText = ({ person, mine }: Pick<Look, 'person' | 'mine'>): string =>
  mine ? m.person_you({ name: called(person) }) : called(person);
