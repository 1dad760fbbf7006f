// SPDX-License-Identifier: Apache-2.0

import { id, object, oneOf, optional, text, where, type Read } from '../schema.ts';

const kind = oneOf('onvif', 'http');

/** By what a light at a camera is lit while somebody looks live (docs/protocol.md 14.6). */
export const light = where(
  object({
    kind,
    off: optional(text(2048)),
    on: optional(text(2048)),
    relay: optional(text(128)),
  }),
  (l) =>
    l.kind === 'http'
      ? l.on !== undefined && l.off !== undefined && l.relay === undefined
      : l.on === undefined && l.off === undefined,
  'a light as its kind wants it',
);
export type Light = Read<typeof light>;

/** What it took last, or that it does not take what it is told. */
export const lightReport = object({
  camera: id('cam'),
  kind,
  state: oneOf('on', 'off', 'away', 'asked'),
});
export type LightReport = Read<typeof lightReport>;
