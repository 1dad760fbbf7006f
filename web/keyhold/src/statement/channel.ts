// SPDX-License-Identifier: Apache-2.0

import {
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  where,
  type Read,
} from '../schema.ts';

/** By what the household is told in another way that somebody rings. */
export const channel = where(
  object({
    from: optional(text(254)),
    kind: oneOf('email', 'mqtt', 'ntfy'),
    names: boolean,
    to: optional(text(254)),
    token: optional(text(512)),
    topic: optional(text(256)),
    url: text(2048, 1),
  }),
  ({ kind, from, to, token, topic }) =>
    [from, to].every((address) => (address !== undefined) === (kind === 'email')) &&
    (topic !== undefined) === (kind === 'mqtt') &&
    (token === undefined || kind === 'ntfy'),
  'a channel as its kind wants it',
);
export type Channel = Read<typeof channel>;

/** How a channel does; without cameras it is told of all. */
export const channelReport = object({
  added: integer(),
  by: text(),
  cameras: list(text()),
  from: text(),
  kind: text(),
  language: text(),
  missed: integer(),
  name: text(),
  names: boolean,
  since: integer(),
  state: text(),
  to: text(),
  told: integer(),
  topic: text(),
  url: text(),
});
export type ChannelReport = Read<typeof channelReport>;
