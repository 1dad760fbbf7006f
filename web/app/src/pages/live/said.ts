// SPDX-License-Identifier: Apache-2.0
import type { Said } from '../../parts/OnPicture.svelte';
import { exactText } from '../../lib/time';
import { errorWords } from '../../lib/words';
import { m } from '../../paraglide/messages.js';
import type { LivePicture, Viewing } from './viewing.svelte';

/** Why the whole view shows nothing new, and what happens next; null while it is connected. */
export function viewingSaid({ state }: Viewing, clockOff: number | null): Said | null {
  if (state.step === 'over') {
    const { what, next } = errorWords(state.reason, clockOff);
    return { title: what, text: next, alert: true };
  }
  if (state.step !== 'again') return null;
  if (state.reason === 'lost') return { title: m.live_nothing(), text: m.live_again() };
  if (state.reason === 'no-way') return { title: m.live_no_way(), text: m.live_no_way_next() };
  return { title: errorWords(state.reason, clockOff).what, text: m.live_again() };
}

const since = (at: number, zone?: string): string =>
  at > 0 ? m.live_since({ time: exactText(at, zone) }) : m.live_nothing();

/** The same of one camera; null while its picture is live. */
export function pictureSaid(
  { viewing, how, at, second }: LivePicture,
  clockOff: number | null,
  zone?: string,
  coded?: string,
): Said | null {
  const { state } = viewing;
  if (state.step === 'again' && state.reason === 'lost') {
    return { title: since(at, zone), text: m.live_again() };
  }
  const said = viewingSaid(viewing, clockOff);
  if (said !== null) return said;
  if (coded === 'h265' && second === false) {
    return { title: m.live_h265(), text: m.live_h265_next() };
  }
  switch (how) {
    case 'live':
      return null;
    case 'silent':
      return { title: m.live_silent(), text: m.live_silent_next() };
    case 'old':
      return { title: since(at, zone), text: m.live_waits() };
    case 'coming':
      // From one camera of a view to the next there is no time to read.
      return state.step === 'connecting' ? { title: m.live_connecting() } : null;
  }
}

/** What stands on a small picture beside its name. */
export function tileSaid({ how, at, second }: LivePicture, zone?: string, coded?: string): string {
  if (coded === 'h265' && second === false) return m.live_h265();
  switch (how) {
    case 'live':
      return m.live_now();
    case 'coming':
      return m.live_coming();
    case 'silent':
      return at > 0 ? since(at, zone) : m.live_silent();
    case 'old':
      return since(at, zone);
  }
}
