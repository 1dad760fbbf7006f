// SPDX-License-Identifier: Apache-2.0

import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, HkdfSha256, KemId, type KemInterface } from '@hpke/core';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, owned, type Bytes } from '../bytes.ts';
import { encapsulate, encSize, publicSize, type XWingKey } from './xwing.ts';

/** HPKE base mode with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305 (docs/protocol.md 1.3). */
export async function seal(
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Promise<Bytes> {
  if (publicKey.length !== publicSize) throw new Error('hpke: public key of a wrong length');
  const sender = await suite({ to: publicKey }).createSenderContext({
    recipientPublicKey: unused,
    info: owned(info),
  });
  const sealed = await sender.seal(owned(plain), owned(aad));
  return concat(new Uint8Array(sender.enc), new Uint8Array(sealed));
}

/** Throws for anything that was not sealed to this key under this info and aad. */
export async function open(
  key: XWingKey,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Promise<Bytes> {
  if (sealed.length < encSize + 16) throw new Error('hpke: text too short');
  const recipient = await suite({ key }).createRecipientContext({
    recipientKey: unused,
    enc: owned(sealed.slice(0, encSize)),
    info: owned(info),
  });
  return new Uint8Array(await recipient.open(owned(sealed.slice(encSize)), owned(aad)));
}

// The library hands keys through to the KEM as they are; this KEM holds its key itself.
const unused = { type: 'private', algorithm: { name: 'X-Wing' } } as CryptoKey;

function suite(held: { to: Uint8Array } | { key: XWingKey }): CipherSuite {
  return new CipherSuite({
    kem: new HeldKey(held),
    kdf: new ShortHkdf(),
    aead: new Chacha20Poly1305(),
  });
}

/** The library's HKDF over a few bytes at a time: a call into WebCrypto costs more than hashing here. */
class ShortHkdf extends HkdfSha256 {
  override extract(salt: Given, ikm: Given): Promise<ArrayBuffer> {
    return Promise.resolve(exact(extract(sha256, view(ikm), view(salt))));
  }

  override extractAndExpand(
    salt: Given,
    ikm: Given,
    info: Given,
    size: number,
  ): Promise<ArrayBuffer> {
    const secret = extract(sha256, view(ikm), view(salt));
    return Promise.resolve(exact(expand(sha256, secret, view(info), size)));
  }
}

/** The KEM of one operation: to one public key, or with one key handle. */
class HeldKey implements KemInterface {
  readonly id = KemId.XWing;
  readonly secretSize = 32;
  readonly encSize = encSize;
  readonly publicKeySize = publicSize;
  readonly privateKeySize = 32;

  constructor(private readonly held: { to: Uint8Array } | { key: XWingKey }) {}

  async encap(): Promise<{ sharedSecret: ArrayBuffer; enc: ArrayBuffer }> {
    if (!('to' in this.held)) return this.refuse();
    const { enc, secret } = await encapsulate(this.held.to);
    return { enc: exact(enc), sharedSecret: exact(secret) };
  }

  async decap(params: { enc: Given }): Promise<ArrayBuffer> {
    if (!('key' in this.held)) return this.refuse();
    return exact(await this.held.key.decapsulate(view(params.enc)));
  }

  serializePublicKey = () => this.refuse();
  deserializePublicKey = () => this.refuse();
  serializePrivateKey = () => this.refuse();
  deserializePrivateKey = () => this.refuse();
  importKey = () => this.refuse();
  generateKeyPair = () => this.refuse();
  deriveKeyPair = () => this.refuse();

  private refuse(): Promise<never> {
    return Promise.reject(new Error('hpke: this key is held elsewhere'));
  }
}

type Given = ArrayBufferLike | ArrayBufferView;

function view(given: Given): Uint8Array {
  return ArrayBuffer.isView(given)
    ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
    : new Uint8Array(given);
}

function exact(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
