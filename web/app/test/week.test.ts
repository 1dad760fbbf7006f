// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { weekForm, weekHours, weekText } from '../src/lib/week';

const daily = [1, 2, 3, 4, 5, 6, 7];
const empty = { always: true, days: daily, from: '22:00', until: '07:00' };
const form = (days: number[], from: string, until: string) => ({
  always: false,
  days,
  from,
  until,
});

test('what ends before it begins goes on over midnight, and comes back as one', () => {
  const nights = [
    { days: daily, from: 1320, until: 1440 },
    { days: daily, from: 0, until: 420 },
  ];
  expect(weekHours(form([7, 1, 2, 3, 4, 5, 6], '22:00', '07:00'))).toEqual(nights);
  expect(weekForm(nights, empty)).toEqual({ ...form(daily, '22:00', '07:00'), more: false });
  expect(weekForm([...nights].reverse(), empty).more).toBe(true);
  expect(weekText(nights)).toContain('22:00\u2060–\u206007:00');
  expect(weekText(nights)).not.toContain('24:00');
});

test('the morning after a Sunday is that of a Monday', () => {
  const weekend = [
    { days: [5, 7], from: 1380, until: 1440 },
    { days: [1, 6], from: 0, until: 540 },
  ];
  expect(weekHours(form([7, 5], '23:00', '09:00'))).toEqual(weekend);
  expect(weekForm(weekend, empty)).toMatchObject(form([5, 7], '23:00', '09:00'));
});

test('what lies in one day stays so', () => {
  const noon = [{ days: [1], from: 720, until: 840 }];
  expect(weekHours(form([1], '12:00', '14:00'))).toEqual(noon);
  expect(weekHours(form([1], '20:00', '00:00'))).toEqual([{ days: [1], from: 1200, until: 1440 }]);
  expect(weekForm(noon, empty)).toMatchObject(form([1], '12:00', '14:00'));
  expect(weekForm([...noon, { days: [2], from: 0, until: 60 }], empty).more).toBe(true);
});

test('nothing is nothing', () => {
  expect(weekHours(form([1], '12:00', '12:00'))).toBeNull();
  expect(weekHours(form([], '12:00', '13:00'))).toBeNull();
  expect(weekHours(form([1], '', '13:00'))).toBeNull();
  expect(weekForm([], empty)).toEqual({ ...empty, more: false });
});
