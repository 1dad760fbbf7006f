// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Named, Trail } from './people';
import { limited, rightsText, roleText, type Called } from './rights';

/** A name, or that there is none any more. */
export const called = (who: Named | null): string => who?.name || m.trail_nobody();

const device = (what: Named | null): string => what?.name || m.trail_no_device();

const passkey = (what: Named | null): string => what?.name || m.trail_no_passkey();

/** One change of the household as a plain sentence. */
export function trailText(
  entry: Trail,
  cameras: readonly Called[],
  now: number,
  zone?: string,
): string {
  const by = entry.by.kind === 'sheet' ? m.trail_by_sheet() : called(entry.by.person);
  const person = called(entry.person);
  const own = entry.by.person !== null && entry.by.person.id === entry.person?.id;
  const what = entry.role
    ? limited(entry.role)
      ? rightsText({ role: entry.role, rights: entry.rights ?? [] }, cameras, now, zone)
      : roleText(entry.role)
    : '';
  switch (entry.kind) {
    case 'genesis':
      return m.trail_began({ person });
    case 'add-device':
      if (entry.by.kind === 'passkey') {
        const by = passkey(entry.by.device);
        return m.trail_device_passkey({ person, passkey: by, device: device(entry.device) });
      }
      return entry.by.kind === 'sheet'
        ? m.trail_device_sheet({ person, device: device(entry.device) })
        : m.trail_device({ person, device: device(entry.device) });
    case 'add-passkey':
      return m.trail_passkey({ person, device: passkey(entry.device) });
    case 'add-person':
      return entry.role && limited(entry.role)
        ? m.trail_gave({ by, person, what })
        : m.trail_took_in({ by, person, what });
    case 'set-rights':
      return m.trail_changed({ by, person, what });
    case 'remove-device':
      if (entry.storage === 'passkey') {
        return own
          ? m.trail_removed_own_passkey({ person, passkey: passkey(entry.device) })
          : m.trail_removed_passkey({ by, person, passkey: passkey(entry.device) });
      }
      return own
        ? m.trail_removed_own({ person, device: device(entry.device) })
        : m.trail_removed_device({ by, person, device: device(entry.device) });
    case 'remove-person':
      if (own) return m.trail_left({ person });
      return entry.with
        ? m.trail_removed_two({ by, other: called(entry.with), person })
        : m.trail_removed({ by, person });
    case 'new-sheet':
      return m.trail_sheet({ by });
    case 'announce-removal':
      return m.trail_announced({ person });
    case 'object':
      return m.trail_objected({ by, person });
    case 'replace-hub':
      return entry.with ? m.trail_hub_two({ by, other: called(entry.with) }) : m.trail_hub({ by });
  }
}

export interface NewsWords {
  title: string;
  /** Who did it, and when it matters. */
  text: string;
}

/** What came into the household without this device's doing. */
export function newsWords(entry: Trail, role: string | null, me: string | null = null): NewsWords {
  const person = called(entry.person);
  switch (entry.kind) {
    case 'add-device':
      return {
        title: m.news_device({ device: device(entry.device), person }),
        text: byWhat(entry),
      };
    case 'add-person':
      return {
        title: role ? m.news_person({ person, role }) : m.news_person_only({ person }),
        text: m.news_by({ by: fromDevice(entry) }),
      };
    case 'add-passkey':
      return {
        title: m.news_passkey({ device: passkey(entry.device), person }),
        text: m.news_by({ by: fromDevice(entry) }),
      };
    case 'new-sheet':
      return { title: m.news_sheet(), text: m.news_by({ by: fromDevice(entry) }) };
    case 'set-rights':
      // Guests are told of what is theirs, and not by whom: they do not know the others' names.
      return entry.person?.id === me
        ? { title: m.news_rights_you(), text: '' }
        : { title: m.news_rights({ person }), text: m.news_by({ by: fromDevice(entry) }) };
    case 'replace-hub':
      return { title: m.news_hub(), text: m.news_by({ by: fromDevice(entry) }) };
    case 'announce-removal':
      return { title: m.news_announced({ person }), text: m.news_announced_text() };
    case 'object':
      return { title: m.news_objected({ person }), text: m.news_by({ by: fromDevice(entry) }) };
    case 'remove-person':
      return { title: m.news_gone({ person }), text: m.news_by({ by: fromDevice(entry) }) };
    default:
      return { title: m.news_other(), text: m.news_by({ by: fromDevice(entry) }) };
  }
}

/** By which key a device came in. */
function byWhat(entry: Trail): string {
  if (entry.by.kind === 'sheet') return m.news_by_sheet();
  if (entry.by.kind === 'passkey') return m.news_by_passkey({ passkey: passkey(entry.by.device) });
  return m.news_by({ by: fromDevice(entry) });
}

/** Anna (Kitchen computer) */
function fromDevice(entry: Trail): string {
  const { person, device: from, kind } = entry.by;
  if (kind === 'sheet') return m.trail_by_sheet();
  if (kind === 'hub') return m.news_the_hub();
  return from?.name ? `${called(person)} (${from.name})` : called(person);
}
