// SPDX-License-Identifier: Apache-2.0

import { base32, concat, utf8, type Bytes } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { sha256 } from '../crypto/hash.ts';
import { verify, type Signer } from '../crypto/sign.ts';
import { must } from '../mutant.ts';
import {
  bytes,
  decode,
  keyId,
  list,
  object,
  text,
  where,
  type Read,
  type Schema,
} from '../schema.ts';

/**
 * Statements: DSSE envelopes with Ed25519 over canonical JSON (docs/protocol.md 1.2). An envelope
 * proves nothing by itself: `verified` does, and only for signers whose keys the caller found
 * elsewhere. Keys never come out of an envelope.
 */
const maxEnvelope = 98_304;

const signature = object({ keyid: keyId('hub', 'sheet'), sig: bytes(64) });
const envelopeSchema = where(
  object({ payload: bytes(), payloadType: text(maxEnvelope), signatures: list(signature, 1, 8) }),
  ({ signatures }) => new Set(signatures.map((s) => s.keyid)).size === signatures.length,
  'free of a key id given twice',
);

export type Signature = Read<typeof signature>;

/** Who has to have signed, with the key of each. */
export type Needed = ReadonlyMap<string, Uint8Array>;

/** Says whether a signature is right. */
export type Proves = typeof verify;

/** Such as `roster`, or `names.v2` for the second edition of something (docs/evolution.md). */
export function typeOf(thing: string): string {
  if (thing.endsWith('.v2')) return `application/vnd.keyhold.${thing}+json`;
  return `application/vnd.keyhold.${thing}.v1+json`;
}

export class Envelope {
  private constructor(
    readonly payloadType: string,
    readonly payload: Bytes,
    readonly signatures: readonly Signature[],
  ) {}

  /** Reads an envelope; checks no signature. */
  static parse(input: Uint8Array): Envelope {
    const { payloadType, payload, signatures } = decode(input, envelopeSchema, maxEnvelope);
    return new Envelope(payloadType, payload, signatures);
  }

  /** A statement without signatures yet. */
  static make(thing: string, payload: Writable): Envelope {
    return new Envelope(typeOf(thing), encode(payload), []);
  }

  static async signed(thing: string, payload: Writable, ...signers: Signer[]): Promise<Envelope> {
    let envelope = Envelope.make(thing, payload);
    for (const signer of signers) envelope = await envelope.sign(signer);
    return envelope;
  }

  async sign(signer: Signer): Promise<Envelope> {
    return this.with({ keyid: signer.keyid, sig: await signer.sign(this.pae()) });
  }

  /** The same with a signature that was given elsewhere. */
  with(signature: Signature): Envelope {
    const others = this.signatures.filter((s) => s.keyid !== signature.keyid);
    return new Envelope(this.payloadType, this.payload, [...others, signature]);
  }

  encode(): Bytes {
    return encode({
      payload: this.payload,
      payloadType: this.payloadType,
      signatures: this.signatures.map(({ keyid, sig }) => ({ keyid, sig })),
    });
  }

  /** The bytes that are signed. */
  pae(): Bytes {
    const type = utf8(this.payloadType);
    return concat(
      utf8(`DSSEv1 ${type.length} `),
      type,
      utf8(` ${this.payload.length} `),
      this.payload,
    );
  }

  /** The statement's hash: over the PAE, never over signatures. */
  hash(): Bytes {
    return sha256(this.pae());
  }

  hashText(): string {
    return base32(this.hash());
  }

  signedBy(keyid: string): boolean {
    return this.signatures.some((s) => s.keyid === keyid);
  }

  /** The payload without a look at signatures: for finding out who has to have signed. */
  read<T>(thing: string, schema: Schema<T>): T {
    must(this.payloadType === typeOf(thing), 'payload-type', `the statement is not a ${thing}`);
    return decode(this.payload, schema);
  }

  /** Passes if exactly the signers in `needed` have signed, each with its key. */
  async verify(needed: Needed, proves: Proves = verify): Promise<void> {
    must(
      this.signatures.every((s) => needed.has(s.keyid)),
      'signer',
      'signed by somebody who has no part in it',
    );
    must(
      [...needed.keys()].every((keyid) => this.signedBy(keyid)),
      'signer',
      'a signature is missing',
    );
    const pae = this.pae();
    for (const { keyid, sig } of this.signatures) {
      const key = needed.get(keyid) ?? new Uint8Array(0);
      must(await proves(key, pae, sig), 'signature', 'a signature does not verify');
    }
  }

  /** Passes if every signature by one of these is right, whoever else signed or did not. */
  async verifyKnown(keys: Needed, proves: Proves = verify): Promise<void> {
    const pae = this.pae();
    for (const { keyid, sig } of this.signatures) {
      const key = keys.get(keyid);
      if (key === undefined) continue;
      must(await proves(key, pae, sig), 'signature', 'a signature does not verify');
    }
  }

  async open<T>(thing: string, schema: Schema<T>, needed: Needed): Promise<T> {
    const payload = this.read(thing, schema);
    await this.verify(needed);
    return payload;
  }
}

/** Reads and verifies a statement of one signer. */
export async function openBy<T>(
  input: Uint8Array,
  thing: string,
  schema: Schema<T>,
  keyid: string,
  key: Uint8Array,
): Promise<T> {
  return Envelope.parse(input).open(thing, schema, new Map([[keyid, key]]));
}
