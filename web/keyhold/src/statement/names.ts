// SPDX-License-Identifier: Apache-2.0

import {
  boolean,
  hash,
  id,
  integer,
  keyId,
  list,
  object,
  oneOf,
  optional,
  text,
  type Read,
  where,
} from '../schema.ts';
import { maskList } from './masks.ts';
import { held } from './private.ts';
import { marks } from './star.ts';

/** What the hub calls things, in its documents of names and in labels (docs/protocol.md 4 and 5.1). */
const at = integer(1);
const name = text(200);

/** Names, each once. */
const called = where(
  list(text(200, 1), 1, 8),
  (all) => new Set(all).size === all.length,
  'each once',
);

const namedCamera = { id: id('cam'), name, state: oneOf('on', 'removed') };
const named = {
  at,
  devices: list(object({ id: keyId(), name })),
  head: hash,
  household: hash,
  persons: list(object({ id: id('per'), name })),
  seq: integer(1),
  zone: name,
};
export const names = object({ ...named, cameras: list(object(namedCamera)) });
/**
 * The second edition, with the room that each camera is in, `''` for none; and what a hub has to
 * know that takes this one's place: what is covered, when it is private, whether it is a child's
 * room, and `unsaid` where this hub does not say all of that; which moments are starred; and what
 * somebody has to set up again: bells, doors, lights, speakers, channels and
 * integrations. What is
 * private of all, `unsaid` of all, and `unstarred` where it does not say all stars, stand beside the
 * cameras.
 */
export const names2 = object({
  ...named,
  cameras: list(
    object({
      ...namedCamera,
      room: name,
      bell: optional(boolean),
      child: optional(boolean),
      door: optional(name),
      light: optional(boolean),
      masks: optional(maskList),
      private: optional(held),
      speaker: optional(boolean),
      stars: optional(marks),
      unsaid: optional(boolean),
    }),
  ),
  channels: optional(called),
  integrations: optional(called),
  private: optional(held),
  unsaid: optional(boolean),
  unstarred: optional(boolean),
});

const labelled = { at, camera: id('cam'), head: hash, household: hash, name, seq: integer(1) };
/** A camera's name for those who may not read the household's names. */
export const label = object({ ...labelled, zone: name });
/** The second edition, with the camera's room. */
export const label2 = object({ ...labelled, room: name, zone: name });

/** As they are read in either edition. */
export type Names = Read<typeof names2>;
export type Label = Read<typeof label2>;
