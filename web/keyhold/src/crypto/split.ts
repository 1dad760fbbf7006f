// SPDX-License-Identifier: Apache-2.0

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, random, type Bytes } from '../bytes.ts';
import { agree, combine, halvesOf, type XWingKey } from './xwing.ts';

/**
 * X-Wing for browsers without ML-KEM in WebCrypto. The X25519 half is a handle that nobody can
 * export. The ML-KEM half is software: its seed lies wrapped by an AES key that nobody can export
 * either, and is unwrapped for the moment of its use. A copy of what lies in the store opens
 * nothing; script in this page could read the seed, but still has not the other half.
 */
export interface WrappedSeed {
  readonly key: CryptoKey;
  readonly iv: Bytes;
  readonly sealed: Bytes;
}

const seedSize = 64;

export class SplitKey implements XWingKey {
  constructor(
    readonly publicKey: Bytes,
    private readonly mlkem: WrappedSeed,
    private readonly x25519: CryptoKey,
  ) {}

  async decapsulate(enc: Uint8Array): Promise<Bytes> {
    const { ciphertext, ephemeral } = halvesOf(enc);
    const [seed, classic] = await Promise.all([unwrap(this.mlkem), agree(this.x25519, ephemeral)]);
    const { secretKey } = ml_kem768.keygen(seed);
    seed.fill(0);
    const post = ml_kem768.decapsulate(ciphertext, secretKey);
    secretKey.fill(0);
    return combine(post, classic, ephemeral, this.publicKey);
  }
}

async function unwrap({ key, iv, sealed }: WrappedSeed): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed));
}

/** A new key, half of which is software. */
export async function generateSplit(): Promise<{
  publicKey: Bytes;
  mlkem: WrappedSeed;
  x25519: CryptoKey;
}> {
  const [key, x25519] = await Promise.all([
    crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    crypto.subtle.generateKey('X25519', false, ['deriveBits']) as Promise<CryptoKeyPair>,
  ]);
  const lower = new Uint8Array(await crypto.subtle.exportKey('raw', x25519.publicKey));
  const seed = random(seedSize);
  const upper = ml_kem768.keygen(seed).publicKey;
  const iv = random(12);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, seed));
  seed.fill(0);
  return { publicKey: concat(upper, lower), mlkem: { key, iv, sealed }, x25519: x25519.privateKey };
}
