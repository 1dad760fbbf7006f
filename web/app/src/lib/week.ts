// SPDX-License-Identifier: Apache-2.0
import type { Hours } from './people';
import { hoursText } from './rights';
import { clock, minuteOf, type Wish } from './wish';

/** A form about hours of the week, as HoursPick has it. */
export type WeekForm = Pick<Wish, 'always' | 'days' | 'from' | 'until'>;

const day = 24 * 60;
const sorted = (days: readonly number[]): number[] => [...days].sort((a, b) => a - b);
const after = (days: readonly number[]): number[] => sorted(days.map((one) => (one % 7) + 1));

/** The hours of a form; what ends before it begins goes on over midnight. null: nothing lies between. */
export function weekHours({ days, from, until }: WeekForm): Hours[] | null {
  const begin = minuteOf(from);
  const end = minuteOf(until);
  if (begin === null || end === null || begin === end || days.length === 0) return null;
  const these = sorted(days);
  if (begin < end) return [{ days: these, from: begin, until: end }];
  const evening = { days: these, from: begin, until: day };
  return end === 0 ? [evening] : [evening, { days: after(days), from: 0, until: end }];
}

/** Evenings with the mornings that follow on them are one again: 22:00 until 7:00. */
function nights(hours: readonly Hours[]): Hours[] {
  const rest = [...hours];
  const out: Hours[] = [];
  for (let one = rest.shift(); one; one = rest.shift()) {
    const { days, from, until } = one;
    const next = after(days).join();
    const found =
      until === day
        ? rest.findIndex((a) => a.from === 0 && a.until < from && a.days.join() === next)
        : -1;
    const [morning] = found < 0 ? [] : rest.splice(found, 1);
    out.push(morning ? { days, from, until: morning.until } : one);
  }
  return out;
}

/** A form that says what is set; of more hours than it has room for it shows the first. */
export function weekForm(hours: readonly Hours[], empty: WeekForm): WeekForm & { more: boolean } {
  const [first, ...others] = nights(hours);
  if (!first) return { ...empty, days: [...empty.days], more: false };
  return {
    always: false,
    days: [...first.days],
    from: clock(first.from),
    until: clock(first.until % day),
    more: others.length > 0,
  };
}

export const weekText = (hours: readonly Hours[]): string => hoursText(nights(hours));
