// SPDX-License-Identifier: Apache-2.0

import { base32, random, type Bytes } from '../bytes.ts';
import { signerOf } from '../crypto/sign.ts';
import { generateSplit, SplitKey, type WrappedSeed } from '../crypto/split.ts';
import { generateHandles, HandleKey, hasNativeKem } from '../crypto/xwing.ts';
import { Fault } from '../sync/fault.ts';
import type { FreshDevice, JoinNames } from '../sync/join.ts';

/**
 * A device's keys as they lie in IndexedDB: public halves as bytes, secret ones as handles; where the
 * browser has no ML-KEM, that half as a wrapped seed.
 */
export interface KeptDevice {
  readonly id: string;
  readonly sign: Bytes;
  readonly signing: CryptoKey;
  readonly reader: Bytes;
  readonly mlkem: CryptoKey | WrappedSeed;
  readonly x25519: CryptoKey;
}

/** What a browser keeps of whose it is. */
export interface KeptMember {
  readonly household: string;
  readonly person: string;
  readonly device: KeptDevice;
  /** What they were called when they came: viewers and guests read no names. */
  readonly names?: JoinNames;
}

/** New keys that this browser cannot give out. */
export async function makeDevice(): Promise<KeptDevice> {
  try {
    const [pair, handles] = await Promise.all([
      crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as Promise<CryptoKeyPair>,
      hasNativeKem() ? generateHandles() : generateSplit(),
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

export function useDevice({ id, sign, signing, reader, mlkem, x25519 }: KeptDevice): FreshDevice {
  const native = mlkem instanceof CryptoKey;
  return {
    keys: { id, reader, sign, storage: native ? 'native' : 'split' },
    signer: signerOf(id, sign, signing),
    reader: native ? new HandleKey(reader, mlkem, x25519) : new SplitKey(reader, mlkem, x25519),
  };
}

function tooOld(): Fault {
  return new Fault('browser-too-old', 'this browser cannot make X25519 or Ed25519 keys');
}
