// SPDX-License-Identifier: Apache-2.0

import { Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { equal, random, utf8 } from '../src/bytes.ts';
import { Identity } from '../src/crypto/age.ts';
import { open, seal } from '../src/crypto/box.ts';
import { hashText } from '../src/crypto/hash.ts';
import { fromSeed } from '../src/crypto/xwing.ts';

const info = utf8('{"purpose":"test"}');
const aad = utf8('{"to":"me"}');

test('what is sealed to a key opens with it, under its info and aad alone', async () => {
  const key = await fromSeed(random(32));
  const sealed = await seal(key.publicKey, info, aad, utf8('good evening'));
  expect(new TextDecoder().decode(await open(key, info, aad, sealed))).toBe('good evening');
  await expect(open(key, aad, aad, sealed)).rejects.toThrow();
  await expect(open(key, info, info, sealed)).rejects.toThrow();
  await expect(open(await fromSeed(random(32)), info, aad, sealed)).rejects.toThrow();
  sealed[3]! ^= 1;
  await expect(open(key, info, aad, sealed)).rejects.toThrow();
});

async function ageFile(plain: Uint8Array): Promise<{ identity: string; file: Uint8Array }> {
  const identity = await generateHybridIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return { identity, file: await encrypter.encrypt(plain) };
}

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
  'an age file of %i bytes opens to them',
  async (size) => {
    const plain = new Uint8Array(size).map((_, i) => i * 31);
    const { identity, file } = await ageFile(plain);
    const opener = await Identity.parse(identity);
    expect(equal(await opener.open(file), plain)).toBe(true);
    expect(opener.recipientHash).toBe(hashText(utf8(await identityToRecipient(identity))));
  },
);

test('a file that was cut off or changed does not open', async () => {
  const { identity, file } = await ageFile(new Uint8Array(200_000));
  const opener = await Identity.parse(identity);
  for (const end of [100, 2000, file.length - 1, file.length - 65_536]) {
    await expect(opener.open(file.slice(0, end))).rejects.toThrow();
  }
  for (const at of [40, 900, file.length - 4, 70_000]) {
    const changed = file.slice();
    changed[at]! ^= 1;
    await expect(opener.open(changed)).rejects.toThrow();
  }
});

test('another identity opens nothing', async () => {
  const { file } = await ageFile(utf8('x'));
  const other = await Identity.parse(await generateHybridIdentity());
  await expect(other.open(file)).rejects.toThrow();
});
