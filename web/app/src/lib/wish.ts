// SPDX-License-Identifier: Apache-2.0
import {
  parseDateTime,
  parseTime,
  toCalendarDate,
  fromAbsolute,
  toTime,
} from '@internationalized/date';
import { m } from '../paraglide/messages.js';
import type { Action, Right, Role } from './people';
import { limited } from './rights';

/** What a form about somebody's rights holds while it is being filled in. */
export interface Wish {
  role: Role;
  /** Every camera, those of later as well. */
  every: boolean;
  cameras: string[];
  /** May take films out as files. */
  save: boolean;
  /** May hear them live. What was recorded has its sound for whoever may see it. */
  listen: boolean;
  /** May turn these cameras off, and on again. */
  off: boolean;
  /** May talk by the cameras' speakers. */
  talk: boolean;
  /** May open the doors at these cameras. */
  open: boolean;
  always: boolean;
  /** 1 is Monday. */
  days: number[];
  from: string;
  until: string;
  /** A viewer may stay without an end; a guest never does. */
  ends: boolean;
  /** Such as 2026-11-27 and 18:00, in the household's zone. */
  day: string;
  time: string;
}

const week = 7 * 24 * 60 * 60_000;

export function newWish(role: Role, now: number, zone: string): Wish {
  return {
    role,
    every: false,
    cameras: [],
    save: false,
    listen: true,
    off: false,
    talk: false,
    open: false,
    always: true,
    days: [1, 2, 3, 4, 5],
    from: '08:00',
    until: '18:00',
    ends: false,
    day: toCalendarDate(fromAbsolute(now + week, zone)).toString(),
    time: '18:00',
  };
}

export const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** A form that says what somebody has now. Of several rights the first is shown. */
export function wishOf(role: Role, rights: readonly Right[], now: number, zone: string): Wish {
  const wish = newWish(role, now, zone);
  const right = rights[0];
  if (!right) return wish;
  const hours = right.hours[0];
  const end = right.until === 0 ? null : fromAbsolute(right.until, zone);
  return {
    ...wish,
    every: right.cameras.length === 0,
    cameras: [...right.cameras],
    save: right.actions.includes('export'),
    listen: right.actions.includes('listen'),
    off: right.actions.includes('private'),
    talk: right.actions.includes('talk'),
    open: right.actions.includes('open'),
    always: !hours,
    days: hours ? [...hours.days] : wish.days,
    from: hours ? clock(hours.from) : wish.from,
    until: hours ? clock(hours.until % (24 * 60)) : wish.until,
    ends: end !== null,
    day: end ? toCalendarDate(end).toString() : wish.day,
    time: end ? toTime(end).toString().slice(0, 5) : wish.time,
  };
}

export function minuteOf(time: string): number | null {
  try {
    const { hour, minute } = parseTime(time);
    return hour * 60 + minute;
  } catch {
    return null;
  }
}

/** Midnight at the end of a span is the end of that day. */
export function span(wish: Pick<Wish, 'from' | 'until'>): { from: number; until: number } | null {
  const from = minuteOf(wish.from);
  const until = minuteOf(wish.until);
  if (from === null || until === null) return null;
  const end = until === 0 ? 24 * 60 : until;
  return from < end ? { from, until: end } : null;
}

export const hasEnd = (wish: Wish): boolean => wish.role === 'guest' || wish.ends;

function endAt(wish: Wish, zone: string): number | null {
  try {
    return parseDateTime(`${wish.day}T${wish.time}`).toDate(zone).getTime();
  } catch {
    return null;
  }
}

export interface WishFaults {
  cameras: string | null;
  hours: string | null;
  end: string | null;
}

/** What is still missing, in words. `since`: when the rights will begin. */
export function wishFaults(wish: Wish, since: number, zone: string): WishFaults | null {
  if (!limited(wish.role)) return null;
  const end = hasEnd(wish) ? endAt(wish, zone) : 0;
  const faults: WishFaults = {
    cameras: wish.every || wish.cameras.length > 0 ? null : m.wish_no_camera(),
    hours: wish.always
      ? null
      : wish.days.length === 0
        ? m.wish_no_day()
        : span(wish)
          ? null
          : m.wish_hours_wrong(),
    end: end === null ? m.wish_no_end() : end > 0 && end <= since ? m.wish_end_past() : null,
  };
  return faults.cameras || faults.hours || faults.end ? faults : null;
}

/** In the order in which rights list them. Who may see what was recorded may see it happen. */
const actionsOf = (wish: Wish): Action[] => [
  ...(wish.save ? (['export'] as const) : []),
  'history',
  ...(wish.listen ? (['listen'] as const) : []),
  'live',
  ...(wish.open ? (['open'] as const) : []),
  ...(wish.off ? (['private'] as const) : []),
  ...(wish.talk ? (['talk'] as const) : []),
];

/** The rights that a complete form asks for. */
export function rightsOf(wish: Wish, since: number, zone: string): Right[] {
  if (!limited(wish.role)) return [];
  const hours = wish.always ? null : span(wish);
  return [
    {
      actions: actionsOf(wish),
      cameras: wish.every ? [] : [...wish.cameras].sort(),
      hours: hours ? [{ days: [...wish.days].sort((a, b) => a - b), ...hours }] : [],
      since,
      until: hasEnd(wish) ? (endAt(wish, zone) ?? 0) : 0,
      zone: hours ? zone : '',
    },
  ];
}
