// SPDX-License-Identifier: Apache-2.0

import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { MLKEM768X25519 } from '@noble/post-quantum/hybrid.js';
import { expect, test } from 'vitest';
import { equal, random, utf8 } from '../src/bytes.ts';
import { Identity } from '../src/crypto/age.ts';
import { open, seal } from '../src/crypto/box.ts';
import { hashText } from '../src/crypto/hash.ts';
import { encapsulate, fromSeed } from '../src/crypto/xwing.ts';
import { sealTo } from './age.ts';

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

test('what is sealed here opens with the library', async () => {
  const identity = await generateHybridIdentity();
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const file = await sealTo(await identityToRecipient(identity), utf8('good evening'));
  expect(await decrypter.decrypt(file, 'text')).toBe('good evening');
});

test("keys and secrets are the library's, in both directions", async () => {
  const seed = random(32);
  const key = await fromSeed(seed);
  expect(equal(key.publicKey, MLKEM768X25519.getPublicKey(seed))).toBe(true);
  const theirs = MLKEM768X25519.encapsulate(key.publicKey);
  expect(equal(await key.decapsulate(theirs.cipherText), theirs.sharedSecret)).toBe(true);
  const ours = await encapsulate(key.publicKey);
  expect(equal(MLKEM768X25519.decapsulate(ours.enc, seed), ours.secret)).toBe(true);
});

test('nothing is sealed to, or opened from, a point that gives everybody the same secret', async () => {
  const key = await fromSeed(random(32));
  const weak = key.publicKey.slice();
  weak.fill(0, 1184);
  await expect(encapsulate(weak)).rejects.toThrow();
  const { enc } = await encapsulate(key.publicKey);
  enc.fill(0, 1088);
  await expect(key.decapsulate(enc)).rejects.toThrow();
});
