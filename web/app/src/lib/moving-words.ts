// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Said } from './clock-words';
import type { ErrorKind } from './household';

/** What goes wrong on the way to another cloud: only the pages about that load these words. */
export function moveWords(kind: ErrorKind): Said | null {
  switch (kind) {
    case 'address-wrong':
      return { what: m.error_address(), next: m.error_address_next() };
    case 'other-cloud-away':
      return { what: m.error_other_cloud(), next: m.error_other_cloud_next() };
    case 'same-cloud':
      return { what: m.error_same_cloud(), next: m.error_same_cloud_next() };
    case 'hub-cannot-reach':
      return { what: m.error_hub_reach(), next: m.error_hub_reach_next() };
    case 'not-movable':
      return { what: m.error_not_movable(), next: m.error_not_movable_next() };
    // Not that the household has as many as may be.
    case 'stars-full':
      return { what: m.error_stars_elsewhere(), next: m.error_stars_elsewhere_next() };
    case 'to-be-erased':
      return { what: m.error_to_be_erased(), next: m.error_to_be_erased_next() };
    case 'hub-elsewhere':
      return { what: m.error_hub_elsewhere(), next: m.error_hub_elsewhere_next() };
    case 'record-differs':
      return { what: m.error_record_differs(), next: m.error_record_differs_next() };
    default:
      return null;
  }
}
