// SPDX-License-Identifier: Apache-2.0

import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, HkdfSha256, KemId, type KemInterface } from '@hpke/core';
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
    kdf: new HkdfSha256(),
    aead: new Chacha20Poly1305(),
  });
}

/** The KEM of one operation: to one public key, or with one key handle. */
class HeldKey implements KemInterface {
  readonly id = KemId.XWing;
  readonly secretSize = 32;
  readonly encSize = encSize;
  readonly publicKeySize = publicSize;
  readonly privateKeySize = 32;

  constructor(private readonly held: { to: Uint8Array } | { key: XWingKey }) {}

  encap(): Promise<{ sharedSecret: ArrayBuffer; enc: ArrayBuffer }> {
    if (!('to' in this.held)) return this.refuse();
    const { enc, secret } = encapsulate(this.held.to);
    return Promise.resolve({ enc: exact(enc), sharedSecret: exact(secret) });
  }

  async decap(params: { enc: ArrayBufferLike | ArrayBufferView }): Promise<ArrayBuffer> {
    if (!('key' in this.held)) return this.refuse();
    const enc = ArrayBuffer.isView(params.enc)
      ? new Uint8Array(params.enc.buffer, params.enc.byteOffset, params.enc.byteLength)
      : new Uint8Array(params.enc);
    return exact(await this.held.key.decapsulate(enc));
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

function exact(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
