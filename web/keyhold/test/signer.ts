// SPDX-License-Identifier: Apache-2.0

import { signerOf, type Signer } from '../src/crypto/sign.ts';

/** A signer with a key of the platform, as a device has one: made in less time than one of a seed. */
export async function newSigner(keyid: string): Promise<Signer> {
  const uses: KeyUsage[] = ['sign', 'verify'];
  const pair = (await crypto.subtle.generateKey('Ed25519', false, uses)) as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
  return signerOf(keyid, new Uint8Array(raw), pair.privateKey);
}
