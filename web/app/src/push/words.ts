// SPDX-License-Identifier: Apache-2.0
import type { Taken } from '@keyhold/protocol/push/take.ts';
import type { AlertWords } from '@keyhold/protocol/sync/phones.ts';
import { address } from '../lib/address';
import { languages } from '../lib/languages';
import { m } from '../paraglide/messages.js';
import { overwriteGetLocale } from '../paraglide/runtime.js';

/** What a message says on the phone's screen, and where a touch leads. */
export interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly at: number;
  readonly open: string;
  /** It happens now: the phone may make itself heard. */
  readonly loud: boolean;
  readonly lang: string;
  /** A picture of it is on its way. */
  readonly pictured: boolean;
}

export function shownOf(taken: Taken | null, words: AlertWords, now: number): Shown {
  const locale = languages.find((one) => one === words.language) ?? 'en';
  overwriteGetLocale(() => locale);
  const none = { lang: words.language, pictured: false };
  if (taken === null) {
    const text = { title: 'Keyhold', body: m.push_unreadable() };
    return { ...text, ...none, tag: 'keyhold', at: now, open: '/', loud: false };
  }
  const { at, camera, kind, seq } = taken.alert;
  const time = timeText(at, now, words);
  const late = taken.late !== '';
  const tag = `alert-${seq}`;
  if (kind === 'test') {
    const body = late ? m.push_test_late({ time }) : m.push_test();
    return { ...none, title: 'Keyhold', body, tag, at, open: '/', loud: !late };
  }
  const title = words.cameras[camera] ?? m.push_door();
  const body = late ? m.push_pressed_late({ time }) : m.push_pressed({ time });
  const open = late ? address({ page: 'history', camera, at }) : address({ page: 'live', camera });
  return { ...none, title, body, tag, at, open: `/${open}`, loud: !late, pictured: !late };
}

/** The time; of another day, the day as well. */
function timeText(at: number, now: number, { tag, zone }: AlertWords): string {
  const other = now - at > 12 * 3_600_000;
  return new Intl.DateTimeFormat(tag, {
    ...(other && { weekday: 'short', day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(zone !== '' && { timeZone: zone }),
  }).format(at);
}
