// SPDX-License-Identifier: Apache-2.0
import type { Said } from '../../lib/clock-words';
import type { ErrorKind } from '../../lib/household';
import { m } from '../../paraglide/messages.js';

/** What stands where a light was not lit, and means something of its own there. */
export function lightWords(kind: ErrorKind): Said | null {
  switch (kind) {
    case 'light-away':
      return { what: m.light_error_away(), next: m.light_error_away_next() };
    case 'light-no':
      return { what: m.light_error_no(), next: m.light_error_no_next() };
    case 'light-falls':
      return { what: m.light_error_falls(), next: m.light_error_falls_next() };
    case 'light-door':
      return { what: m.light_error_door(), next: m.light_error_door_next() };
    case 'light-none':
    case 'camera-no-relay':
      return { what: m.light_error_none(), next: m.light_error_none_next() };
    case 'camera-address':
      return { what: m.light_error_address(), next: m.light_error_address_next() };
    case 'camera-password':
      return { what: m.error_camera_password(), next: m.light_error_password_next() };
    case 'camera-elsewhere':
      return { what: m.error_camera_elsewhere(), next: m.error_camera_elsewhere_next() };
    default:
      return null;
  }
}
