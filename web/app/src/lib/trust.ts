// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import { clockWords } from './clock-words';
import type { Trust } from './household';
import { agoText, clockText, minutesText } from './time';

export type Tone = 'calm' | 'good' | 'warning' | 'alarm';

export interface TrustLine {
  tone: Tone;
  text: string;
  /** A second, fainter half. */
  more?: string;
  /** Leads to the alarm page. */
  leads?: boolean;
}

const minute = 60_000;
export const lateAfter = 10 * minute;
export const silentAfter = 30 * minute;
/** Below this the hub's upload counts as keeping up: a pack takes a minute by itself. */
const lagAfter = 3 * minute;

/** The one line that says whether what is on the page can be believed. The worst comes first. */
export function trustLine(trust: Trust, now: number, zone?: string): TrustLine {
  const newest = trust.alarms[0];
  if (newest) {
    return {
      tone: 'alarm',
      text: m.trust_alarm(),
      more: clockText(newest.at, zone),
      leads: true,
    };
  }
  // With a wrong clock nothing that is said of ages would be true.
  if (trust.clockOff !== null) {
    const { what, next } = clockWords(trust.clockOff);
    return { tone: 'warning', text: what, more: next };
  }
  const checked =
    trust.checkedAt === null
      ? undefined
      : m.trust_checked_at({ time: clockText(trust.checkedAt, zone) });
  const silent = trust.hubHeardAt === null ? null : now - trust.hubHeardAt;
  if (silent !== null && silent >= silentAfter) {
    return {
      tone: 'alarm',
      text: m.trust_silent({ time: minutesText(silent) }),
      more: m.trust_silent_more(),
    };
  }
  if (!trust.cloudReachable && trust.atHome && trust.checkedAt !== null) {
    return { tone: 'good', text: m.trust_at_home(), more: agoText(trust.checkedAt, now) };
  }
  if (!trust.cloudReachable) {
    return { tone: 'warning', text: m.trust_cloud_away(), more: checked };
  }
  if (silent !== null && silent >= lateAfter) {
    return {
      tone: 'warning',
      text: m.trust_silent({ time: minutesText(silent) }),
      more: m.trust_late_more(),
    };
  }
  if (trust.hubAway) {
    return { tone: 'warning', text: m.error_hub_away(), more: m.trust_silent_more() };
  }
  if (trust.lag >= lagAfter) {
    return { tone: 'warning', text: m.trust_lag({ time: minutesText(trust.lag) }), more: checked };
  }
  if (trust.checkedAt === null) return { tone: 'calm', text: m.trust_checking() };
  return { tone: 'good', text: m.trust_good(), more: agoText(trust.checkedAt, now) };
}
