// SPDX-License-Identifier: Apache-2.0

import { random } from '../src/bytes.ts';
import { signerFromSeed } from '../src/crypto/sign.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import type { FreshDevice } from '../src/sync/join.ts';
import { idOf } from './world.ts';

/** A device that is no member yet. */
export async function freshDevice(): Promise<FreshDevice> {
  const id = idOf('dev');
  const [signer, reader] = await Promise.all([
    signerFromSeed(id, random(32)),
    fromSeed(random(32)),
  ]);
  const keys = {
    id,
    reader: reader.publicKey,
    sign: signer.publicKey,
    storage: 'software' as const,
  };
  return { keys, signer, reader };
}
