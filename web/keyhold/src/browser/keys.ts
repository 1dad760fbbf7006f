// SPDX-License-Identifier: Apache-2.0

import { base32, random, type Bytes } from '../bytes.ts';
import { signerOf } from '../crypto/sign.ts';
import { generateHandles, HandleKey, hasNativeKem } from '../crypto/xwing.ts';
import { Fault } from '../sync/fault.ts';
import type { FreshDevice } from '../sync/join.ts';

/** A device's keys as they lie in IndexedDB: public halves as bytes, secret ones as handles. */
export interface KeptDevice {
  readonly id: string;
  readonly sign: Bytes;
  readonly signing: CryptoKey;
  readonly reader: Bytes;
  readonly mlkem: CryptoKey;
  readonly x25519: CryptoKey;
}

/** New keys that this browser cannot give out. */
export async function makeDevice(): Promise<KeptDevice> {
  if (!hasNativeKem()) throw tooOld();
  try {
    const [pair, handles] = await Promise.all([
      crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as Promise<CryptoKeyPair>,
      generateHandles(),
    ]);
    const sign = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    return {
      id: 'dev_' + base32(random(16)),
      sign,
      signing: pair.privateKey,
      reader: handles.publicKey,
      mlkem: handles.mlkem,
      x25519: handles.x25519,
    };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') throw tooOld();
    throw error;
  }
}

/** Whether this browser has what it takes; what it makes to find out is forgotten. */
export async function canMakeDevice(): Promise<boolean> {
  try {
    await makeDevice();
    return true;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'browser-too-old') return false;
    throw error;
  }
}

export function useDevice(kept: KeptDevice): FreshDevice {
  return {
    keys: { id: kept.id, reader: kept.reader, sign: kept.sign, storage: 'native' },
    signer: signerOf(kept.id, kept.sign, kept.signing),
    reader: new HandleKey(kept.reader, kept.mlkem, kept.x25519),
  };
}

function tooOld(): Fault {
  return new Fault(
    'browser-too-old',
    'this browser cannot make ML-KEM-768, X25519 or Ed25519 keys',
  );
}
