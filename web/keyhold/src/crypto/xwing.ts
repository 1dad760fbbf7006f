// SPDX-License-Identifier: Apache-2.0

import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, owned, utf8, type Bytes } from '../bytes.ts';

/**
 * X-Wing (MLKEM768-X25519): public keys are the ML-KEM-768 encapsulation key, then X25519. It is
 * written over key handles, so that the same lines serve a device whose secret halves WebCrypto
 * never gives out and an epoch identity that was just opened.
 */
export const publicSize = 1216;
export const encSize = 1120;
const mlkemPublic = 1184;
const mlkemCiphertext = 1088;
const label = utf8('\\.//^\\');

export interface XWingKey {
  readonly publicKey: Bytes;
  decapsulate(enc: Uint8Array): Promise<Bytes>;
}

/** The part of WebCrypto's modern algorithms that is used here; not yet in TypeScript's library. */
interface KemSubtle {
  encapsulateBits(
    algorithm: string,
    key: CryptoKey,
  ): Promise<{ ciphertext: ArrayBuffer; sharedKey: ArrayBuffer }>;
  decapsulateBits(algorithm: string, key: CryptoKey, ciphertext: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: string,
    key: Uint8Array,
    algorithm: string,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey>;
  exportKey(format: string, key: CryptoKey): Promise<ArrayBuffer>;
  generateKey(
    algorithm: string,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKeyPair>;
}

export function kemSubtle(): KemSubtle {
  return crypto.subtle as unknown as KemSubtle;
}

export function hasNativeKem(): boolean {
  return 'decapsulateBits' in crypto.subtle;
}

/** What an encapsulation holds: the ciphertext of ML-KEM, and a key of X25519. */
export function halvesOf(enc: Uint8Array): { ciphertext: Bytes; ephemeral: Bytes } {
  if (enc.length !== encSize) throw new Error('x-wing: encapsulation of a wrong length');
  return {
    ciphertext: owned(enc.slice(0, mlkemCiphertext)),
    ephemeral: owned(enc.slice(mlkemCiphertext)),
  };
}

/** A key whose two secret halves are WebCrypto handles. */
export class HandleKey implements XWingKey {
  constructor(
    readonly publicKey: Bytes,
    private readonly mlkem: CryptoKey,
    private readonly x25519: CryptoKey,
  ) {}

  async decapsulate(enc: Uint8Array): Promise<Bytes> {
    const { ciphertext, ephemeral } = halvesOf(enc);
    const [post, classic] = await Promise.all([
      kemSubtle().decapsulateBits('ML-KEM-768', this.mlkem, ciphertext),
      agree(this.x25519, ephemeral),
    ]);
    return combine(new Uint8Array(post), classic, ephemeral, this.publicKey);
  }
}

/** X-Wing's combiner: the secret needs both halves. */
export function combine(
  post: Uint8Array,
  classic: Uint8Array,
  ephemeral: Uint8Array,
  publicKey: Uint8Array,
): Bytes {
  const own = publicKey.subarray(mlkemPublic);
  return owned(sha3_256(concat(post, classic, ephemeral, own, label)));
}

export async function agree(secret: CryptoKey, publicKey: Bytes): Promise<Bytes> {
  const peer = await crypto.subtle.importKey('raw', publicKey, 'X25519', false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, secret, 256);
  return new Uint8Array(shared);
}

/** A key whose ML-KEM half is opened in JavaScript: expanded once, for whoever opens much with it. */
class SoftwareKey implements XWingKey {
  constructor(
    readonly publicKey: Bytes,
    private readonly mlkem: Uint8Array,
    private readonly x25519: CryptoKey,
  ) {}

  async decapsulate(enc: Uint8Array): Promise<Bytes> {
    const { ciphertext, ephemeral } = halvesOf(enc);
    const classic = await agree(this.x25519, ephemeral);
    const post = ml_kem768.decapsulate(ciphertext, this.mlkem);
    return combine(post, classic, ephemeral, this.publicKey);
  }
}

// The point that makes a public key of a secret one: RFC 7748, section 6.1.
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));

// PKCS #8 around a 32-byte scalar: RFC 8410, section 7.
const pkcs8X25519 = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x6e,
  0x04,
  0x22,
  0x04,
  0x20,
);

/** The key of a 32-byte seed: an epoch identity, or the sheet's reader. */
export async function fromSeed(seed: Uint8Array): Promise<XWingKey> {
  if (seed.length !== 32) throw new Error('x-wing: seed of a wrong length');
  const halves = owned(shake256(seed, { dkLen: 96 }));
  const upper = halves.slice(0, 64);
  const scalar = concat(pkcs8X25519, halves.subarray(64));
  const x25519 = await crypto.subtle.importKey('pkcs8', scalar, 'X25519', false, ['deriveBits']);
  const { publicKey, secretKey } = ml_kem768.keygen(upper);
  const whole = concat(publicKey, await agree(x25519, basePoint));
  if (!hasNativeKem()) return new SoftwareKey(whole, secretKey, x25519);
  // The same key as a handle, which is faster.
  secretKey.fill(0);
  const usages = ['decapsulateBits'];
  const mlkem = await kemSubtle().importKey('raw-seed', upper, 'ML-KEM-768', false, usages);
  return new HandleKey(whole, mlkem, x25519);
}

/** A new key that this browser keeps and nobody can export. */
export async function generateHandles(): Promise<{
  publicKey: Bytes;
  mlkem: CryptoKey;
  x25519: CryptoKey;
}> {
  const [mlkem, x25519] = await Promise.all([
    kemSubtle().generateKey('ML-KEM-768', false, ['encapsulateBits', 'decapsulateBits']),
    crypto.subtle.generateKey('X25519', false, ['deriveBits']) as Promise<CryptoKeyPair>,
  ]);
  const [upper, lower] = await Promise.all([
    kemSubtle().exportKey('raw-public', mlkem.publicKey),
    crypto.subtle.exportKey('raw', x25519.publicKey),
  ]);
  return {
    publicKey: concat(new Uint8Array(upper), new Uint8Array(lower)),
    mlkem: mlkem.privateKey,
    x25519: x25519.privateKey,
  };
}

/** A secret for whoever holds the key, and what tells them. */
export async function encapsulate(publicKey: Uint8Array): Promise<{ enc: Bytes; secret: Bytes }> {
  const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  const [classic, exported] = await Promise.all([
    agree(pair.privateKey, owned(publicKey.slice(mlkemPublic))),
    crypto.subtle.exportKey('raw', pair.publicKey),
  ]);
  const ephemeral = new Uint8Array(exported);
  const post = ml_kem768.encapsulate(publicKey.subarray(0, mlkemPublic));
  return {
    enc: concat(post.cipherText, ephemeral),
    secret: combine(post.sharedSecret, classic, ephemeral, publicKey),
  };
}
