// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Gap } from './household';

export function gapText(reason: Gap['reason']): string {
  switch (reason) {
    case 'camera':
      return m.gap_camera();
    case 'hub':
      return m.gap_hub();
    case 'jump':
      return m.gap_jump();
    case 'disk':
      return m.gap_disk();
    case 'stopped':
      return m.gap_stopped();
    case 'private':
      return m.gap_private();
    case 'unreadable':
      return m.gap_unreadable();
    case 'unknown':
      return m.gap_unknown();
  }
}
