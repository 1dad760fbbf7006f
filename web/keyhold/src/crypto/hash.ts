// SPDX-License-Identifier: Apache-2.0

import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { base32, concat, owned, utf8, type Bytes } from '../bytes.ts';

/** Below this a call into WebCrypto costs more than hashing here. */
const small = 16_384;

export function sha256(...parts: readonly Uint8Array[]): Bytes {
  return owned(nobleSha256(parts.length === 1 ? parts[0]! : concat(...parts)));
}

/** SHA-256 of much data, off the JavaScript engine. */
export async function digest(bytes: Uint8Array): Promise<Bytes> {
  if (bytes.length < small) return sha256(bytes);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', owned(bytes)));
}

/** The text form of a SHA-256. */
export function hashText(...parts: readonly Uint8Array[]): string {
  return base32(sha256(...parts));
}

/** HKDF-SHA256 with empty salt and 32 bytes out. */
export function hkdf(secret: Uint8Array, label: string): Bytes {
  return owned(nobleHkdf(nobleSha256, secret, undefined, utf8(label), 32));
}

export function hmac(key: Uint8Array, message: Uint8Array): Bytes {
  return owned(nobleHmac(nobleSha256, key, message));
}
