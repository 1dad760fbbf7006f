// SPDX-License-Identifier: Apache-2.0

import { Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, expect, test } from 'vitest';
import { makeDevice, useDevice } from '../src/browser/keys.ts';
import { equal, random, utf8, type Bytes } from '../src/bytes.ts';
import { Identity, openElsewhere, openSoftware, recipientText } from '../src/crypto/age.ts';
import { open, seal } from '../src/crypto/box.ts';
import { generateSplit, SplitKey } from '../src/crypto/split.ts';

/** The programs that run these tests have no ML-KEM in WebCrypto, like the browsers meant here. */
const info = utf8('{}');

test('a browser without ML-KEM makes keys of which the roster says so', async () => {
  const kept = await makeDevice();
  const { keys, reader } = useDevice(kept);
  expect(keys.storage).toBe('split');
  const sealed = await seal(keys.reader, info, info, utf8('good evening'));
  expect(await open(reader, info, info, sealed)).toEqual(utf8('good evening'));
  expect(recipientText(keys.reader)).toHaveLength(1959);
});

test('what lies in the store gives out neither half', async () => {
  const { mlkem, x25519 } = await generateSplit();
  for (const key of [mlkem.key, x25519]) {
    expect(key.extractable).toBe(false);
    for (const format of ['raw', 'jwk', 'pkcs8'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow();
    }
  }
  expect(mlkem.sealed).toHaveLength(64 + 16);
});

test('both halves are needed', async () => {
  const [mine, other] = [await generateSplit(), await generateSplit()];
  const sealed = await seal(mine.publicKey, info, info, utf8('x'));
  const opens = (mlkem: typeof mine.mlkem, x25519: CryptoKey): Promise<Bytes> =>
    open(new SplitKey(mine.publicKey, mlkem, x25519), info, info, sealed);
  expect(await opens(mine.mlkem, mine.x25519)).toEqual(utf8('x'));
  await expect(opens(mine.mlkem, other.x25519)).rejects.toThrow();
  await expect(opens(other.mlkem, mine.x25519)).rejects.toThrow();
  const damaged = { ...mine.mlkem, sealed: mine.mlkem.sealed.slice().fill(0, 0, 1) };
  await expect(opens(damaged, mine.x25519)).rejects.toThrow();
});

afterEach(() => openElsewhere((key, body) => Promise.resolve(openSoftware(key, body))));

test('long files are opened elsewhere, short ones here', async () => {
  const text = await generateHybridIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(text));
  const [long, short] = [random(60_000), random(1_000)];
  const plain = new Uint8Array(300_000);
  for (let at = 0; at < plain.length; at += long.length) plain.set(long, at);
  const files = [await encrypter.encrypt(plain), await encrypter.encrypt(short)];
  const lengths: number[] = [];
  openElsewhere((key, body) => {
    lengths.push(body.length);
    return Promise.resolve(openSoftware(key, body));
  });
  const identity = await Identity.parse(text);
  expect(equal(await identity.open(files[0]!), plain)).toBe(true);
  expect(await identity.open(files[1]!)).toEqual(short);
  expect(lengths).toEqual([300_000 + 5 * 16]);
  const changed = files[0]!.slice();
  changed[changed.length - 1]! ^= 1;
  await expect(identity.open(changed)).rejects.toThrow();
});
