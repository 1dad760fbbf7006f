// SPDX-License-Identifier: Apache-2.0

import { object, oneOf, text, where, type Read } from '../schema.ts';

/** How many characters a quick reply may have. */
const maxCharacters = 120;
const steers = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** A short text that the hub speaks by a camera's speaker, as somebody's talk (docs/protocol.md 14.5). */
export const quickReply = where(
  object({ language: oneOf('de', 'en', 'nl'), text: text(4 * maxCharacters, 1) }),
  (one) => [...one.text].length <= maxCharacters && !steers.test(one.text),
  'a text that can be spoken',
);

export type QuickReply = Read<typeof quickReply>;
