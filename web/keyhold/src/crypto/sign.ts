// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, owned, type Bytes } from '../bytes.ts';

/** Something that can sign under one key id. The secret may be a handle that nobody can export. */
export interface Signer {
  readonly keyid: string;
  readonly publicKey: Bytes;
  sign(message: Uint8Array): Promise<Bytes>;
}

const imported = new Map<string, Promise<CryptoKey>>();

function verifier(publicKey: Uint8Array): Promise<CryptoKey> {
  const name = publicKey.join();
  let key = imported.get(name);
  if (key === undefined) {
    key = crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify']);
    imported.set(name, key);
  }
  return key;
}

export async function verify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const key = await verifier(publicKey);
    return await crypto.subtle.verify('Ed25519', key, owned(signature), owned(message));
  } catch {
    // WebCrypto throws for points that are not on the curve.
    return false;
  }
}

export function signerOf(keyid: string, publicKey: Bytes, secret: CryptoKey): Signer {
  return {
    keyid,
    publicKey,
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', secret, owned(message))),
  };
}

// PKCS #8 around a 32-byte seed: RFC 8410, section 7.
const pkcs8Ed25519 = Uint8Array.of(
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
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
);

/** A signer from a seed, for the sheet: the seed stays in memory. */
export async function signerFromSeed(keyid: string, seed: Uint8Array): Promise<Signer> {
  const secret = await crypto.subtle.importKey(
    'pkcs8',
    concat(pkcs8Ed25519, seed),
    'Ed25519',
    false,
    ['sign'],
  );
  return signerOf(keyid, owned(ed25519.getPublicKey(seed)), secret);
}
