// SPDX-License-Identifier: Apache-2.0

import { concat, type Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import { fromSeed, type XWingKey } from '../crypto/xwing.ts';
import { RuleError } from '../rule.ts';
import { chunk, maxParts, readWelcome, type Welcome } from '../statement/invite.ts';
import { boxOf, labels, tokenOf } from '../statement/pairing.ts';

/**
 * A message that is longer than a drop box takes goes in parts. Each is sealed to its reader and
 * bound to its box, its place and how many there are, so that it is read only as it was sealed.
 */
export interface Bound {
  /** What the message is. */
  readonly info: Bytes;
  readonly box: string;
}

/** Stands in the place of a number where the inviter no longer waits. */
const ended = 0xff;

export interface Part {
  readonly part: number;
  /** 0: the inviter no longer waits. */
  readonly of: number;
  readonly plain: Bytes;
}

async function sealPart(
  reader: Uint8Array,
  { info, box }: Bound,
  { part, of, plain }: Omit<Part, 'plain'> & { readonly plain: Uint8Array },
): Promise<Bytes> {
  const aad = encode({ box, of: String(of), part: String(part) });
  return concat(Uint8Array.of(part, of), await seal(reader, info, aad, plain));
}

/** The parts of a message; null if it has too many. */
export async function sealAll(
  reader: Uint8Array,
  bound: Bound,
  message: Uint8Array,
): Promise<Bytes[] | null> {
  const of = Math.ceil(message.length / chunk);
  if (of > maxParts) return null;
  const parts: Bytes[] = [];
  for (let part = 0; part < of; part++) {
    const plain = message.subarray(part * chunk, (part + 1) * chunk);
    parts.push(await sealPart(reader, bound, { part, of, plain }));
  }
  return parts;
}

/** Opens one message of a box; refuses what is no part. */
export async function openBound(
  reader: XWingKey,
  { info, box }: Bound,
  body: Uint8Array,
  mayEnd = false,
): Promise<Part> {
  const [part = 0, of = 0] = body;
  const counted = of >= 1 && of <= maxParts && part < of;
  if (counted || (mayEnd && part === ended && of === 0)) {
    const aad = encode({ box, of: String(of), part: String(part) });
    try {
      return { part, of, plain: await open(reader, info, aad, body.subarray(2)) };
    } catch {
      // Refused below.
    }
  }
  throw new RuleError('invitation', 'no part of a message');
}

/**
 * The first message of an invitation carries names, an offer and a roster. It is sealed to a key
 * that comes out of the link's secret, so that the operator neither reads it nor shows the joiner
 * another offer.
 */
function offered(household: string, secret: Uint8Array): Bound {
  const box = boxOf(tokenOf(secret, labels.inviteToJoiner));
  return { info: encode({ household, purpose: 'offer' }), box };
}

const offerKey = (secret: Uint8Array) => fromSeed(tokenOf(secret, labels.inviteOffer));

export async function sealParts(
  household: string,
  secret: Uint8Array,
  message: Uint8Array,
): Promise<Bytes[]> {
  const { publicKey } = await offerKey(secret);
  const parts = await sealAll(publicKey, offered(household, secret), message);
  if (parts === null) throw new Error('the roster has grown too long for an invitation');
  return parts;
}

/** The inviter's word that it no longer waits. */
export async function sealEnd(household: string, secret: Uint8Array): Promise<Bytes> {
  const { publicKey } = await offerKey(secret);
  const end = { part: ended, of: 0, plain: new Uint8Array(0) };
  return sealPart(publicKey, offered(household, secret), end);
}

/** Opens one message of the joiner's box; refuses what is no part of an offer. */
export async function openPart(
  household: string,
  secret: Uint8Array,
  body: Uint8Array,
): Promise<Part> {
  return openBound(await offerKey(secret), offered(household, secret), body, true);
}

/** The parts of a message that have come. */
export class Gathering {
  private of = 0;
  private readonly parts = new Map<number, Bytes>();

  /** Refuses parts of another count than the first. */
  add({ part, of, plain }: Part): void {
    if (this.of !== 0 && this.of !== of) throw new RuleError('invitation', 'parts of two offers');
    this.of = of;
    this.parts.set(part, plain);
  }

  /** Null until all of it is there. */
  whole(): Welcome | null {
    if (this.of === 0 || this.parts.size < this.of) return null;
    const parts = [...this.parts].sort(([a], [b]) => a - b).map(([, plain]) => plain);
    return readWelcome(concat(...parts), maxParts * chunk);
  }
}
