// SPDX-License-Identifier: Apache-2.0

import { utf8, type Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { sha256 } from '../crypto/hash.ts';
import type { LockSetting } from './lock.ts';

/** Where a lock is and what is said to it (docs/protocol.md 7.6); `''` is what does not belong to its kind. */
export interface Way {
  readonly body: string;
  readonly expect: string;
  readonly nonce: Bytes;
  /** The camera's own name for its door or relay. */
  readonly relay: string;
  readonly state: string;
  readonly topic: string;
  /** May carry user and password. */
  readonly url: string;
}

/** A way as it goes to the hub, and its hash, which is all that a setting says of it. */
export function encodeWay(way: Way): { readonly text: Bytes; readonly hash: Bytes } {
  const { body, expect, nonce, relay, state, topic, url } = way;
  const text = encode({ body, expect, nonce, relay, state, topic, url });
  return { text, hash: sha256(utf8('keyhold/v1/way'), text) };
}

/** What a gesture for a setting is made for: all of it but when and by which device it was signed. */
export function lockWish(setting: LockSetting): Bytes {
  const { camera, gesture, household, kind, name, seq, way } = setting;
  const of = `/${seq}/${kind}/${gesture ? 1 : 0}/`;
  const parts = [household, camera, of].map((text) => utf8(text));
  return sha256(utf8('keyhold/v1/lock'), ...parts, way, utf8(name));
}
