// SPDX-License-Identifier: Apache-2.0

import { random } from '../src/bytes.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import type { FreshDevice } from '../src/sync/join.ts';
import { newSigner } from './signer.ts';
import { idOf } from './world.ts';

/** A device that is no member yet. */
export async function freshDevice(): Promise<FreshDevice> {
  const id = idOf('dev');
  const [signer, reader] = await Promise.all([newSigner(id), fromSeed(random(32))]);
  const keys = {
    id,
    reader: reader.publicKey,
    sign: signer.publicKey,
    storage: 'software' as const,
  };
  return { keys, signer, reader };
}
