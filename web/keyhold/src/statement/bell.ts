// SPDX-License-Identifier: Apache-2.0

import { object, oneOf, optional, text, where, type Read } from '../schema.ts';

/** By what the hub is to hear a camera ring. */
export const bell = where(
  object({
    kind: oneOf('onvif', 'webhook', 'mqtt', 'off'),
    payload: optional(text(256)),
    topic: optional(text(256)),
    url: optional(text(2048)),
  }),
  (b) =>
    b.kind === 'mqtt'
      ? b.url !== undefined && b.topic !== undefined
      : b.url === undefined && b.topic === undefined && b.payload === undefined,
  'a bell as its kind wants it',
);
export type Bell = Read<typeof bell>;
