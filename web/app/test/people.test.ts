// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, test } from 'vitest';
import { told } from '../src/lib/away';
import { language, startLanguage } from '../src/lib/language.svelte';
import type { Removal, Right, Trail } from '../src/lib/people';
import {
  beginOf,
  camerasText,
  dateText,
  daysText,
  endOf,
  ended,
  rightText,
  weekday,
} from '../src/lib/rights';
import { newsWords, trailText } from '../src/lib/trail';
import { newWish, rightsOf, wishFaults, wishOf } from '../src/lib/wish';

// Sunday, 22 November 2026, 14:01:24 in Berlin.
const now = Date.UTC(2026, 10, 22, 13, 1, 24);
const zone = 'Europe/Berlin';
const friday = Date.UTC(2026, 10, 27, 17);
const day = 24 * 3_600_000;
const cameras = [
  { id: 'cam_door', name: 'Front door' },
  { id: 'cam_garden', name: 'Garden' },
];
const sitter: Right = {
  actions: ['history', 'listen', 'live'],
  cameras: ['cam_door', 'cam_garden'],
  hours: [{ days: [1, 2, 3, 4, 5], from: 840, until: 1080 }],
  since: now - day,
  until: friday,
  zone,
};
/** Without what only keeps words on one line. */
const plain = (text: string): string => text.replaceAll('\u2060', '').replaceAll('\u00a0', ' ');

beforeEach(() => {
  startLanguage();
  language.set('en');
});

test('a right is half a sentence, in every language', () => {
  expect(plain(rightText(sitter, cameras, now, zone))).toBe(
    'Front door and Garden, Mon–Fri 14:00–18:00, until Friday, 18:00',
  );
  language.set('de');
  expect(plain(rightText(sitter, cameras, now, zone))).toBe(
    'Front door und Garden, Mo–Fr 14:00–18:00, bis Freitag, 18:00',
  );
  language.set('nl');
  expect(plain(rightText(sitter, cameras, now, zone))).toBe(
    'Front door en Garden, ma–vr 14:00–18:00, tot vrijdag, 18:00',
  );
});

test('a right that is over, or has not begun, says so', () => {
  expect(rightText({ ...sitter, hours: [], until: now - day }, cameras, now, zone)).toBe(
    'Front door and Garden, ended yesterday, 14:01',
  );
  expect(rightText({ ...sitter, hours: [], since: now + day, until: 0 }, cameras, now, zone)).toBe(
    'Front door and Garden, from tomorrow, 14:01',
  );
});

test('cameras without a known name are counted', () => {
  expect(camerasText(['cam_door', 'cam_x', 'cam_y'], cameras)).toBe('Front door and 2 cameras');
  expect(camerasText(['cam_x'], [])).toBe('1 camera');
  expect(camerasText([], cameras)).toBe('Every camera');
});

test('days that follow each other are a span, others a list', () => {
  expect(weekday(1, 'long')).toBe('Monday');
  expect(plain(daysText([1, 2, 3, 5, 6]))).toBe('Mon–Wed, Fri and Sat');
  expect(daysText([1, 2, 3, 4, 5, 6, 7])).toBe('daily');
});

test('near dates are named, far ones are written out', () => {
  expect(dateText(now, now, zone)).toBe('today, 14:01');
  expect(dateText(now + 3 * day, now, zone)).toBe('Wednesday, 14:01');
  expect(dateText(now + 8 * day, now, zone)).toBe('Mon 30 Nov, 14:01');
  expect(dateText(now - 400 * day, now, zone)).toContain('2025');
  // 23:30 and 00:30 are an hour apart and two different days.
  const late = Date.UTC(2026, 10, 22, 22, 30);
  expect(dateText(late + 3_600_000, late, zone)).toBe('tomorrow, 00:30');
  // A day with 23 hours is a day.
  const spring = Date.UTC(2027, 2, 27, 12);
  expect(dateText(Date.UTC(2027, 2, 28, 11), spring, zone)).toBe('tomorrow, 13:00');
});

test('a guest is over when the last right is, and one without an end never', () => {
  expect(ended('guest', [sitter], friday)).toBe(true);
  expect(ended('guest', [sitter], friday - 1)).toBe(false);
  expect(ended('viewer', [sitter, { ...sitter, until: 0 }], friday + day)).toBe(false);
  expect(ended('owner', [], now)).toBe(false);
  expect(endOf([sitter, { ...sitter, until: friday + day }])).toBe(friday + day);
  expect(beginOf([{ ...sitter, since: now + 1 }], now)).toBe(now + 1);
  expect(beginOf([sitter], now)).toBe(null);
});

test('a form becomes exactly the rights that it shows, and back', () => {
  const wish = {
    ...newWish('guest', now, zone),
    cameras: ['cam_garden', 'cam_door'],
    always: false,
    days: [5, 1, 2, 3, 4],
    from: '14:00',
    day: '2026-11-27',
  };
  expect(wishFaults(wish, now, zone)).toBe(null);
  expect(rightsOf(wish, now - day, zone)).toEqual([sitter]);
  expect(rightsOf(wishOf('guest', [sitter], now, zone), now - day, zone)).toEqual([sitter]);
  expect(rightsOf({ ...wish, role: 'guardian' }, now, zone)).toEqual([]);
  const whole = { ...wish, every: true, always: true, save: true, role: 'viewer' as const };
  expect(rightsOf(whole, 0, zone)).toEqual([
    {
      actions: ['export', 'history', 'listen', 'live'],
      cameras: [],
      hours: [],
      since: 0,
      until: 0,
      zone: '',
    },
  ]);
  const off = rightsOf({ ...whole, save: false, off: true }, 0, zone);
  expect(off[0]?.actions).toEqual(['history', 'listen', 'live', 'private']);
  // Who may see it live does not hear it for that; an old right that says nothing of sound gives none.
  const deaf = rightsOf({ ...whole, save: false, listen: false }, 0, zone);
  expect(deaf[0]?.actions).toEqual(['history', 'live']);
  expect(wishOf('viewer', deaf, now, zone).listen).toBe(false);
  expect(wishOf('viewer', off, now, zone)).toMatchObject({ off: true, save: false });
  // What somebody may stays with them when something else of it is changed.
  const opens = { ...sitter, actions: ['history', 'live', 'open', 'private', 'talk'] } as const;
  expect(rightsOf(wishOf('guest', [opens], now, zone), now - day, zone)).toEqual([opens]);
  // Midnight at the end is the end of the day, and comes back as it was typed.
  const night = rightsOf({ ...wish, from: '20:00', until: '00:00' }, now, zone);
  expect(night[0]?.hours[0]).toMatchObject({ from: 1200, until: 1440 });
  expect(wishOf('guest', night, now, zone).until).toBe('00:00');
});

test('a form that lacks something says what', () => {
  const wish = { ...newWish('guest', now, zone), cameras: ['cam_door'] };
  expect(wishFaults({ ...wish, cameras: [] }, now, zone)?.cameras).toMatch(/at least one camera/);
  const hours = { ...wish, always: false };
  expect(wishFaults({ ...hours, days: [] }, now, zone)?.hours).toMatch(/at least one day/);
  expect(wishFaults({ ...hours, from: '18:00', until: '14:00' }, now, zone)?.hours).toMatch(
    /after/,
  );
  expect(wishFaults({ ...wish, day: '2026-11-21' }, now, zone)?.end).toMatch(/over/);
  expect(wishFaults({ ...wish, day: '' }, now, zone)?.end).toMatch(/until when/);
  expect(wishFaults({ ...wish, role: 'viewer', day: '' }, now, zone)).toBe(null);
});

const anna = { id: 'per_anna', name: 'Anna' };
const eva = { id: 'per_eva', name: 'Eva' };
const base: Trail = {
  seq: 1,
  at: now - day,
  kind: 'add-device',
  by: { kind: 'device', person: anna, device: { id: 'dev_a', name: 'Phone' } },
  mine: true,
  person: anna,
  device: { id: 'dev_b', name: 'Tablet' },
};
const said = (change: Partial<Trail>): string =>
  plain(trailText({ ...base, ...change }, cameras, now, zone));

test('every change of the household is a sentence of its own', () => {
  expect(said({ kind: 'genesis', device: null })).toBe('Anna began this household.');
  expect(said({})).toBe('Anna added the device “Tablet”.');
  expect(said({ kind: 'add-person', person: eva, role: 'guest', rights: [sitter] })).toBe(
    'Anna gave Eva: Front door and Garden, Mon–Fri 14:00–18:00, until Friday, 18:00.',
  );
  expect(said({ kind: 'add-person', person: eva, role: 'guardian', rights: [] })).toBe(
    'Anna took Eva in (Family).',
  );
  expect(said({ kind: 'remove-person', person: eva, device: null })).toBe('Anna removed Eva.');
  expect(said({ kind: 'remove-person', person: anna, device: null })).toBe('Anna left.');
  expect(said({ kind: 'remove-device' })).toBe('Anna removed their own device “Tablet”.');
  const key = { id: 'pas_b', name: 'Key fob' };
  const gone = { kind: 'remove-device', device: key, storage: 'passkey' } as const;
  expect(said(gone)).toBe('Anna removed their own passkey “Key fob”.');
  expect(said({ ...gone, person: eva })).toBe('Anna removed “Key fob”, a passkey of Eva.');
  expect(said({ kind: 'replace-hub', with: eva })).toBe(
    'Anna and Eva put a new hub in the place of the old one.',
  );
  const kinds: Trail['kind'][] = [
    'genesis',
    'add-device',
    'add-person',
    'set-rights',
    'remove-device',
    'remove-person',
    'new-sheet',
    'announce-removal',
    'object',
    'replace-hub',
  ];
  const sheet = { kind: 'sheet' as const, person: anna, device: null };
  const all = kinds.flatMap((kind) => [
    said({ kind, person: eva, role: 'owner' }),
    said({ kind, person: anna, by: sheet }),
  ]);
  expect(new Set(all).size).toBeGreaterThanOrEqual(15);
  for (const text of all) expect(text).toMatch(/^[A-Z“].*\.$/);
});

test('a name that is gone is no hole in the sentence', () => {
  expect(said({ person: { id: 'per_x', name: '' } })).toBe(
    'somebody whose name is gone added the device “Tablet”.',
  );
});

test('what is new says from which device it came', () => {
  expect(newsWords(base, null)).toEqual({
    title: 'Anna has a new device: “Tablet”',
    text: 'By Anna (Phone),',
  });
  const sheet = { kind: 'sheet' as const, person: anna, device: null };
  expect(newsWords({ ...base, by: sheet }, null).text).toMatch(/24 words/);
});

test('a removal is told until it has been in force for ten minutes', () => {
  const one = (state: Removal['state'], inForceAt?: number): Removal => ({
    id: state,
    person: null,
    device: eva,
    sentAt: now - day,
    state,
    ...(inForceAt ? { inForceAt } : {}),
  });
  const list = [one('sent'), one('late'), one('refused'), one('in-force', now - 60_000)];
  expect(told(list, now)).toHaveLength(4);
  expect(told([one('in-force', now - 11 * 60_000)], now)).toHaveLength(0);
});
