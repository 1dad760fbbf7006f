// SPDX-License-Identifier: Apache-2.0

import { bytes, hash, id, integer, list, object, type Read, where } from '../schema.ts';

/** A leaf of a pack of a moment that is kept, for a hub that no longer knows it. */
export const placed = object({ index: integer(0), leaf: bytes(), run: id('run') });
/** A leaf with its audit path to the root of its run, and a star that a hub before had taken. */
const proved = object({
  index: integer(0),
  leaf: where(bytes(), ({ length }) => length > 0, 'a leaf'),
  proof: list(hash, 0, 40),
  run: id('run'),
});
export type Proved = Read<typeof proved>;
export const carried = object({ epoch: id('epo'), packs: list(proved, 0, 8), star: proved });
export type Carried = Read<typeof carried>;
