// SPDX-License-Identifier: Apache-2.0

import { must, off } from '../mutant.ts';
import { id, integer, list, object, oneOf, text, where, type Read } from '../schema.ts';

/**
 * What a person may do (docs/protocol.md 3.1): a role and, for viewers and guests, rights by camera,
 * action, hours and dates. Hub, cloud and every reader come to the same answer.
 */
export const roles = ['owner', 'guardian', 'viewer', 'guest'] as const;
export type Role = (typeof roles)[number];
export const role = oneOf(...roles);

export const actions = ['export', 'history', 'listen', 'live', 'open', 'private', 'talk'] as const;
export type Action = (typeof actions)[number];

/** Why not; empty for yes. */
export type Reason = '' | 'device' | 'role' | 'camera' | 'action' | 'early' | 'ended' | 'hours';

const dayMinutes = 1440;
const most = 16;
const mostCameras = 64;
/** Names that mean the same on every machine. */
const zoneForm = /^(UTC|[A-Z][A-Za-z]*(\/[A-Za-z0-9_+-]+){1,2})$/;

function rising<T>(items: readonly T[]): boolean {
  return items.every((one, i) => i === 0 || items[i - 1]! < one);
}

export const hours = where(
  object({
    days: where(list(integer(1, 7), 1, 7), rising, 'days in order'),
    from: integer(0, dayMinutes),
    until: integer(0, dayMinutes),
  }),
  (h) => h.from < h.until,
  'hours that end after they begin',
);

export const zone = where(text(64), (t) => t === '' || zoneForm.test(t), 'a time zone');

export const right = where(
  object({
    actions: where(list(oneOf(...actions), 1), rising, 'actions in order'),
    cameras: where(list(id('cam'), 0, mostCameras), rising, 'cameras in order'),
    hours: list(hours, 0, most),
    since: integer(),
    until: integer(),
    zone,
  }),
  (r) => (r.until === 0 || r.until > r.since) && r.hours.length > 0 === (r.zone !== ''),
  'a right with an end after its beginning, and a zone where it has hours',
);

export const rights = list(right);

export type Hours = Read<typeof hours>;
export type Right = Read<typeof right>;

/** Refuses rights that a role cannot have. */
export function checkRights(role: Role, given: readonly Right[]): void {
  const limited = role === 'viewer' || role === 'guest';
  must(
    limited
      ? given.length > 0 &&
          given.length <= most &&
          (role !== 'guest' || given.every((one) => one.until > 0))
      : given.length === 0,
    'rights',
    'the rights do not fit the role',
  );
}

/** Roles that somebody may invite, change and remove. */
export function manages(role: Role): readonly Role[] {
  if (role === 'owner') return roles;
  return role === 'guardian' ? ['guest'] : [];
}

/** What concerns the household as a whole. */
export type HouseholdAction = 'cameras' | 'people';

function isAction(action: string): action is Action {
  return (actions as readonly string[]).includes(action);
}

const ranks: readonly Reason[] = ['action', 'camera', 'early', 'ended', 'hours', ''];

/** Whether a person of this role may do this to a camera at a time. */
export function mayRole(
  role: Role,
  given: readonly Right[],
  action: string,
  camera: string,
  at: number,
): Reason {
  const adult = role === 'owner' || role === 'guardian';
  const whole = action === 'cameras' || action === 'people';
  if (!isAction(action) && !whole) return 'action';
  if (adult) return '';
  if (whole || camera === 'household') return off('role') ? '' : 'role';
  let best = 0;
  for (const one of given)
    best = Math.max(best, ranks.indexOf(outcome(one, action as Action, camera, at)));
  return ranks[best]!;
}

function outcome(right: Right, action: Action, camera: string, at: number): Reason {
  const { cameras, since, until } = right;
  if (!right.actions.includes(action) && !off('action')) return 'action';
  if (cameras.length > 0 && !cameras.includes(camera) && !off('camera')) return 'camera';
  if (at < since && !off('early')) return 'early';
  if (until !== 0 && at >= until && !off('ended')) return 'ended';
  return withinHours(right, at) || off('hours') ? '' : 'hours';
}

/** The smallest beginning of the rights that say yes; null where none does. */
export function earliestOf(
  role: Role,
  given: readonly Right[],
  action: string,
  camera: string,
  at: number,
): number | null {
  if (mayRole(role, given, action, camera, at) !== '') return null;
  if (role === 'owner' || role === 'guardian') return 0;
  const yes = given.filter((one) => outcome(one, action as Action, camera, at) === '');
  return Math.min(...yes.map((one) => one.since));
}

const clocks = new Map<string, Intl.DateTimeFormat | null>();
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Null for a zone that nobody knows. */
function clockOf(zone: string): Intl.DateTimeFormat | null {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = format(zone);
    clocks.set(zone, clock);
  }
  return clock;
}

function format(zone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  } catch {
    return null;
  }
}

function withinHours({ hours, zone }: Right, at: number): boolean {
  if (hours.length === 0) return true;
  const clock = clockOf(zone);
  if (clock === null) return false;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of clock.formatToParts(at)) parts[type] = value;
  const day = weekdays.indexOf(parts.weekday ?? '') + 1;
  const minute = Number(parts.hour) * 60 + Number(parts.minute);
  return hours.some((one) => one.days.includes(day) && minute >= one.from && minute < one.until);
}
