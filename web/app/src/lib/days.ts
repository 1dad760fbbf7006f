// SPDX-License-Identifier: Apache-2.0
import { CalendarDate, fromAbsolute, toCalendarDate } from '@internationalized/date';

/** A day of the household's calendar: 23, 24 or 25 hours long. */
export interface Day {
  /** Such as 2026-11-22. */
  name: string;
  from: number;
  until: number;
}

function dayOf(date: CalendarDate, zone: string): Day {
  return {
    name: date.toString(),
    from: date.toDate(zone).getTime(),
    until: date.add({ days: 1 }).toDate(zone).getTime(),
  };
}

export function dayAt(at: number, zone: string): Day {
  return dayOf(toCalendarDate(fromAbsolute(at, zone)), zone);
}

export function stepDay(day: Day, days: number, zone: string): Day {
  return dayOf(toCalendarDate(fromAbsolute(day.from, zone)).add({ days }), zone);
}
