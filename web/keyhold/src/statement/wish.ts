// SPDX-License-Identifier: Apache-2.0

import { utf8, type Bytes } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Op } from './request.ts';

/** What a gesture for one of these begins with. */
const begins = {
  'add-channel': 'keyhold/v1/channel',
  'add-integration': 'keyhold/v1/integration',
} as const;

/** An operation that a gesture is made for as a whole. */
export type Wished = Op & { readonly kind: keyof typeof begins };

/** What that gesture is made for: all that the operation says but what shows it, in this household. */
export function wishOf(op: Wished, household: string): Bytes {
  const bare = { ...op, gesture: undefined } as unknown as Writable;
  return sha256(utf8(begins[op.kind]), utf8(household), encode(bare));
}
