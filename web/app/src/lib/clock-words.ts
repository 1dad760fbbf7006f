// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import { roughText } from './time';

export interface Said {
  what: string;
  /** What is safe, what to do. */
  next: string;
}

/** `off` is by how much the clock of this device is ahead, where that is known. */
export function clockWords(off: number | null): Said {
  const next = m.error_clock_next();
  if (off === null) return { what: m.error_clock(), next };
  const time = roughText(off);
  return { what: off > 0 ? m.error_clock_ahead({ time }) : m.error_clock_behind({ time }), next };
}
