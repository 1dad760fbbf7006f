// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import { language } from './language.svelte';
import type { Action, Hours, Right, Role } from './people';
import { clockText, dayText, daysBetween, shortDayText } from './time';

/** Whoever has a name: a camera here. */
export interface Called {
  readonly id: string;
  readonly name: string;
}

export function roleText(role: Role): string {
  switch (role) {
    case 'owner':
      return m.role_owner();
    case 'guardian':
      return m.role_guardian();
    case 'viewer':
      return m.role_viewer();
    case 'guest':
      return m.role_guest();
  }
}

/** What a role is for, in a sentence. */
export function roleHint(role: Role): string {
  switch (role) {
    case 'owner':
      return m.role_owner_hint();
    case 'guardian':
      return m.role_guardian_hint();
    case 'viewer':
      return m.role_viewer_hint();
    case 'guest':
      return m.role_guest_hint();
  }
}

/** Owners and guardians have every camera; the others what they were given. */
export const limited = (role: Role): boolean => role === 'viewer' || role === 'guest';

/** Whether somebody may save films of a camera; whether they may at this hour is asked elsewhere. */
export function mayExport(
  { role, rights }: { role: Role; rights: readonly Right[] },
  camera: string,
): boolean {
  const given = rights.some(
    ({ actions, cameras }) =>
      actions.includes('export') && (cameras.length === 0 || cameras.includes(camera)),
  );
  return !limited(role) || given;
}

export function listText(parts: readonly string[]): string {
  return new Intl.ListFormat(language.tag, { type: 'conjunction' }).format(parts);
}

export function camerasText(ids: readonly string[], cameras: readonly Called[]): string {
  if (ids.length === 0) return m.right_every_camera();
  const names = cameras.filter((one) => ids.includes(one.id)).map((one) => one.name);
  const unknown = ids.length - names.length;
  if (unknown === 0) return listText(names);
  // Somebody who was just invited knows how many, and not yet their names.
  const rest = unknown === 1 ? m.right_camera_one() : m.right_camera_count({ n: unknown });
  return listText([...names, rest]);
}

/** Mo, Di, …: 1 is Monday. */
export function weekday(number: number, style: 'short' | 'long' = 'short'): string {
  // The first of January 2024 was a Monday.
  const at = Date.UTC(2024, 0, number);
  return new Intl.DateTimeFormat(language.tag, { weekday: style, timeZone: 'UTC' }).format(at);
}

/** A dash that no line ends at. */
const to = '\u2060–\u2060';

/** Days that follow each other are a span: Mon–Fri. */
export function daysText(days: readonly number[]): string {
  if (days.length === 7) return m.right_daily();
  const spans: number[][] = [];
  for (const one of days) {
    const last = spans.at(-1);
    if (last && one === (last.at(-1) ?? 0) + 1) last.push(one);
    else spans.push([one]);
  }
  return listText(
    spans.flatMap((span) =>
      span.length > 2
        ? [`${weekday(span[0] ?? 1)}${to}${weekday(span.at(-1) ?? 1)}`]
        : span.map((one) => weekday(one)),
    ),
  );
}

/** 14:00; the end of a day is 24:00. */
export function minuteText(minute: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

export function hoursText(hours: readonly Hours[]): string {
  if (hours.length === 0) return m.right_always();
  return listText(
    hours.map(({ days, from, until }) => {
      // What belongs together stays on one line.
      return `${daysText(days)}\u00a0${minuteText(from)}${to}${minuteText(until)}`;
    }),
  );
}

/** Near by its name, far by its date: tomorrow, 18:00; Friday, 18:00; Fri, 4 Dec, 18:00. */
export function dateText(at: number, now: number, zone = 'UTC'): string {
  return `${dateOf(at, daysBetween(now, at, zone), zone)}, ${clockText(at, zone)}`;
}

/** 14:01 if that is today; else with its day. */
export function sinceText(at: number, now: number, zone: string): string {
  return daysBetween(now, at, zone) === 0 ? clockText(at, zone) : dateText(at, now, zone);
}

function dateOf(at: number, days: number, zone: string): string {
  if (Math.abs(days) <= 1) {
    return new Intl.RelativeTimeFormat(language.tag, { numeric: 'auto' }).format(days, 'day');
  }
  if (Math.abs(days) < 7) {
    return new Intl.DateTimeFormat(language.tag, { weekday: 'long', timeZone: zone }).format(at);
  }
  if (Math.abs(days) < 300) return shortDayText(at, zone);
  const year = new Intl.DateTimeFormat(language.tag, { year: 'numeric', timeZone: zone });
  return `${shortDayText(at, zone)} ${year.format(at)}`;
}

/** Friday, 27 November, 18:00: where one wants to know exactly. */
export const exactDateText = (at: number, zone?: string): string =>
  `${dayText(at, zone)}, ${clockText(at, zone)}`;

/** When the last right ends; null where one has no end. */
export function endOf(rights: readonly Right[]): number | null {
  if (rights.length === 0 || rights.some((one) => one.until === 0)) return null;
  return Math.max(...rights.map((one) => one.until));
}

export const ended = (role: Role, rights: readonly Right[], now: number): boolean => {
  const end = limited(role) ? endOf(rights) : null;
  return end !== null && end <= now;
};

/** When the first right begins, if that is still ahead. */
export function beginOf(rights: readonly Right[], now: number): number | null {
  if (rights.length === 0) return null;
  const begin = Math.min(...rights.map((one) => one.since));
  return begin > now ? begin : null;
}

export const grants = (rights: readonly Right[], action: Action): boolean =>
  rights.some((one) => one.actions.includes(action));

/** One right as half a sentence: Garden and Front door, Mon–Fri 14:00–18:00, until Fri, 27 Nov, 18:00. */
export function rightText(
  right: Right,
  cameras: readonly Called[],
  now: number,
  zone?: string,
): string {
  const parts = [camerasText(right.cameras, cameras)];
  if (right.hours.length > 0) parts.push(hoursText(right.hours));
  if (right.since > now) parts.push(m.right_from({ time: dateText(right.since, now, zone) }));
  if (right.until > 0) {
    const time = dateText(right.until, now, zone);
    parts.push(right.until <= now ? m.right_ended({ time }) : m.right_until({ time }));
  }
  return parts.join(', ');
}

/** What somebody may see, as a sentence without an end. */
export function rightsText(
  who: { role: Role; rights: readonly Right[] },
  cameras: readonly Called[],
  now: number,
  zone?: string,
): string {
  if (!limited(who.role)) return roleHint(who.role);
  return who.rights.map((one) => rightText(one, cameras, now, zone)).join('; ');
}
