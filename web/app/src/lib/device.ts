// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';

/** A first suggestion for this device's name. It is only typed in for the person, never sent by itself. */
export function deviceGuess(agent = navigator.userAgent): string {
  if (/iPhone/.test(agent)) return 'iPhone';
  if (/iPad/.test(agent)) return 'iPad';
  if (/Android/.test(agent)) return /Mobile/.test(agent) ? m.device_phone() : m.device_tablet();
  return m.device_computer();
}
