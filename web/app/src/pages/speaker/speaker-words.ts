// SPDX-License-Identifier: Apache-2.0
import type { Said } from '../../lib/clock-words';
import type { ErrorKind } from '../../lib/household';
import { m } from '../../paraglide/messages.js';

/** What stands where a speaker's address was not taken, and means something of its own there. */
export function speakerWords(kind: ErrorKind): Said | null {
  switch (kind) {
    case 'camera-password':
      return { what: m.error_camera_password(), next: m.speaker_password_next() };
    case 'camera-elsewhere':
      return { what: m.error_camera_elsewhere(), next: m.error_camera_elsewhere_next() };
    case 'light-door':
      return { what: m.light_error_door(), next: m.speaker_door_next() };
    default:
      return null;
  }
}
