// SPDX-License-Identifier: Apache-2.0

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { base64nopad, bech32 } from '@scure/base';
import { Decrypter, type Stanza } from 'age-encryption';
import { concat, owned, utf8, type Bytes } from '../bytes.ts';
import { open as openBox } from './box.ts';
import { hashText } from './hash.ts';
import { encSize, fromSeed, type XWingKey } from './xwing.ts';

/**
 * age v1 files with one hybrid stanza. The header is the library's work; the body goes through
 * WebCrypto where it knows ChaCha20-Poly1305, which is seventeen times faster than JavaScript.
 */
const stanzaType = 'mlkem768x25519';
const stanzaLabel = utf8('age-encryption.org/mlkem768x25519');
const chunk = 65_536;
const overhead = 16;

/** An epoch identity: `AGE-SECRET-KEY-PQ-1…`. */
export class Identity {
  private constructor(
    private readonly key: XWingKey,
    /** SHA-256 of the `age1pq1…` string, text form. */
    readonly recipientHash: string,
  ) {}

  static async parse(text: string): Promise<Identity> {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    if (prefix.toUpperCase() !== 'AGE-SECRET-KEY-PQ-' || text !== text.toUpperCase()) {
      throw new Error('age: not a hybrid identity');
    }
    const key = await fromSeed(bytes);
    return new Identity(key, hashText(utf8(recipientText(key.publicKey))));
  }

  /** The plaintext of a whole age file. */
  async open(file: Uint8Array): Promise<Bytes> {
    const end = headerEnd(file);
    const decrypter = new Decrypter();
    decrypter.addIdentity({ unwrapFileKey: (stanzas) => this.unwrap(stanzas) });
    const fileKey = await decrypter.decryptHeader(file.slice(0, end));
    const nonce = file.subarray(end, end + 16);
    const key = nobleHkdf(nobleSha256, fileKey, nonce, utf8('payload'), 32);
    return openBody(owned(key), file.subarray(end + 16));
  }

  private async unwrap(stanzas: readonly Stanza[]): Promise<Uint8Array> {
    const [one] = stanzas;
    if (stanzas.length !== 1 || one?.args.length !== 2 || one.args[0] !== stanzaType) {
      throw new Error('age: not exactly one hybrid stanza');
    }
    const enc = base64nopad.decode(one.args[1]!);
    if (enc.length !== encSize || one.body.length !== 32) throw new Error('age: malformed stanza');
    return openBox(this.key, stanzaLabel, new Uint8Array(0), concat(enc, one.body));
  }
}

/** The standard text of a public key: `age1pq1…`. */
export function recipientText(publicKey: Uint8Array): string {
  return bech32.encode('age1pq', bech32.toWords(publicKey), false);
}

/** The end of `--- MAC\n`, searched only where a header can be. */
function headerEnd(file: Uint8Array): number {
  const limit = Math.min(file.length, 8192);
  for (let at = 0; at + 4 < limit; at++) {
    if (file[at] !== 0x0a || file[at + 1] !== 0x2d) continue;
    if (file[at + 2] !== 0x2d || file[at + 3] !== 0x2d) continue;
    const end = file.indexOf(0x0a, at + 1);
    if (end > 0 && end < limit) return end + 1;
  }
  throw new Error('age: no header');
}

/** Opens a body elsewhere, where the browser lacks the cipher and JavaScript would hold others up. */
export type OpenElsewhere = (key: Bytes, body: Uint8Array) => Promise<Bytes>;

let elsewhere: OpenElsewhere | null = null;
/** Below this the way to another worker costs more than opening here. */
const worthTheWay = 4 * chunk;

export function openElsewhere(open: OpenElsewhere): void {
  elsewhere = open;
}

interface Chunk {
  readonly nonce: Bytes;
  readonly sealed: Uint8Array;
  /** Its place in the plaintext. */
  readonly at: number;
}

function chunksOf(body: Uint8Array): { size: number; chunks: Chunk[] } {
  const count = Math.max(1, Math.ceil(body.length / (chunk + overhead)));
  const size = body.length - count * overhead;
  if (size < 0 || (count > 1 && body.length - (count - 1) * (chunk + overhead) <= overhead)) {
    throw new Error('age: cut off');
  }
  const chunks: Chunk[] = [];
  for (let i = 0; i < count; i++) {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setUint32(7, i);
    nonce[11] = i === count - 1 ? 1 : 0;
    const sealed = body.subarray(i * (chunk + overhead), (i + 1) * (chunk + overhead));
    chunks.push({ nonce, sealed, at: i * chunk });
  }
  return { size, chunks };
}

async function openBody(key: Bytes, body: Uint8Array): Promise<Bytes> {
  const { size, chunks } = chunksOf(body);
  const handle = await nativeKey(key);
  if (handle === null) {
    const away = elsewhere !== null && body.length >= worthTheWay;
    return away ? elsewhere!(key, body) : openSoftware(key, body);
  }
  const out = new Uint8Array(size);
  const one = async ({ nonce: iv, sealed, at }: Chunk): Promise<void> => {
    const algorithm = { name: 'ChaCha20-Poly1305', iv };
    out.set(new Uint8Array(await crypto.subtle.decrypt(algorithm, handle, sealed as Bytes)), at);
  };
  await Promise.all(chunks.map(one));
  return out;
}

/** The same in JavaScript. */
export function openSoftware(key: Uint8Array, body: Uint8Array): Bytes {
  const { size, chunks } = chunksOf(body);
  const out = new Uint8Array(size);
  for (const { nonce, sealed, at } of chunks) {
    out.set(chacha20poly1305(key, nonce).decrypt(sealed), at);
  }
  return out;
}

let native: boolean | undefined;

async function nativeKey(key: Bytes): Promise<CryptoKey | null> {
  if (native === false) return null;
  try {
    const format = 'raw-secret' as 'raw';
    const handle = await crypto.subtle.importKey(format, key, 'ChaCha20-Poly1305', false, [
      'decrypt',
    ]);
    native = true;
    return handle;
  } catch {
    native = false;
    return null;
  }
}
