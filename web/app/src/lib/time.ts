// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import { language } from './language.svelte';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** 14:01 */
export function clockText(at: number, zone?: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit' }, zone);
}

/** 14:01:12 */
export function exactText(at: number, zone?: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' }, zone);
}

/** Sunday, 22 November */
export function dayText(at: number, zone?: string): string {
  return format(at, { weekday: 'long', day: 'numeric', month: 'long' }, zone);
}

/** Sun, 22 Nov */
export function shortDayText(at: number, zone?: string): string {
  return format(at, { weekday: 'short', day: 'numeric', month: 'short' }, zone);
}

/** 22 November 2026, 14:01 */
export function momentText(at: number, zone?: string): string {
  return format(
    at,
    { day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' },
    zone,
  );
}

// To make one costs a hundred times what a use of it costs, and a long page tells the time of every line.
const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions, zone?: string): string {
  // Without a zone it keeps the one that this device was in when it was made, and devices travel.
  const where = zone ?? String(new Date().getTimezoneOffset());
  const key = `${language.tag} ${where} ${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(language.tag, { ...options, hourCycle: 'h23', timeZone: zone });
    formats.set(key, made);
  }
  return made.format(at);
}

/** How many days of the calendar lie between two moments: 1 is tomorrow, whatever the hour. */
export function daysBetween(from: number, to: number, zone: string): number {
  // Without the calendar's library: this is on the page before anything else is.
  const calendar = new Intl.DateTimeFormat('en-US', {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    timeZone: zone,
  });
  const number = (at: number): number => {
    const part = Object.fromEntries(
      calendar.formatToParts(at).map((one) => [one.type, +one.value]),
    );
    return Date.UTC(part.year!, part.month! - 1, part.day);
  };
  return Math.round((number(to) - number(from)) / (24 * hour));
}

/** "just now", "12 s ago", "3 min ago", "5 h ago", then the day. */
export function agoText(at: number, now: number): string {
  const age = now - at;
  if (age < 2 * second) return m.ago_now();
  if (age < minute) return m.ago_seconds({ n: Math.floor(age / second) });
  if (age < hour) return m.ago_minutes({ n: Math.floor(age / minute) });
  if (age < 24 * hour) return m.ago_hours({ n: Math.floor(age / hour) });
  return shortDayText(at);
}

/** How long, in words: 8 s, 3 min 28 s, 2 h 5 min. */
export function lengthText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / second);
  if (seconds < 60) return m.length_seconds({ s: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    const rest = seconds % 60;
    return rest === 0
      ? m.length_minutes({ min: minutes })
      : m.length_minutes_seconds({ min: minutes, s: rest });
  }
  const rest = minutes % 60;
  const hours = Math.floor(minutes / 60);
  return rest === 0
    ? m.length_hours({ h: hours })
    : m.length_hours_minutes({ h: hours, min: rest });
}

/** Whole minutes with the word, for sentences: "12 minutes". */
export function minutesText(milliseconds: number): string {
  return unit(Math.max(1, Math.floor(milliseconds / minute)), 'minute');
}

/** How far, roughly, in one unit: "4 minutes", "3 hours", "2 days", "1 year". */
export function roughText(milliseconds: number): string {
  const length = Math.abs(milliseconds);
  const units = [
    ['year', 365 * 24 * hour],
    ['day', 24 * hour],
    ['hour', hour],
  ] as const;
  for (const [name, size] of units) {
    if (length >= 1.5 * size) return unit(Math.round(length / size), name);
  }
  return unit(Math.max(1, Math.round(length / minute)), 'minute');
}

function unit(count: number, name: string): string {
  return new Intl.NumberFormat(language.tag, {
    style: 'unit',
    unit: name,
    unitDisplay: 'long',
  }).format(count);
}

/** 12 MB */
export function sizeText(bytes: number): string {
  const mega = bytes / 1_000_000;
  const giga = mega >= 1_000;
  return new Intl.NumberFormat(language.tag, {
    style: 'unit',
    unit: giga ? 'gigabyte' : 'megabyte',
    maximumFractionDigits: giga || mega < 10 ? 1 : 0,
  }).format(giga ? mega / 1_000 : mega);
}

/** How many, with the thousands parted as the language does. */
export function countText(n: number): string {
  return new Intl.NumberFormat(language.tag).format(n);
}
