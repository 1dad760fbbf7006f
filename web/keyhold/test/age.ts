// SPDX-License-Identifier: Apache-2.0

import { base64nopad, bech32 } from '@scure/base';
import { Encrypter, Stanza } from 'age-encryption';
import { utf8 } from '../src/bytes.ts';
import { seal } from '../src/crypto/box.ts';
import { encSize } from '../src/crypto/xwing.ts';

const label = utf8('age-encryption.org/mlkem768x25519');

/** An age file to one hybrid recipient: the library's, around our own X-Wing, which costs a third of its own. */
export function sealTo(recipient: string, plain: Uint8Array): Promise<Uint8Array> {
  const { words } = bech32.decode(recipient as `age1pq1${string}`, false);
  const encrypter = new Encrypter();
  encrypter.addRecipient({
    wrapFileKey: async (fileKey) => {
      const wrapped = await seal(bech32.fromWords(words), label, new Uint8Array(0), fileKey);
      const enc = base64nopad.encode(wrapped.subarray(0, encSize));
      return [new Stanza(['mlkem768x25519', enc], wrapped.subarray(encSize))];
    },
  });
  return encrypter.encrypt(plain);
}
