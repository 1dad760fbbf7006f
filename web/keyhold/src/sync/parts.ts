// SPDX-License-Identifier: Apache-2.0

import { concat, type Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import { fromSeed } from '../crypto/xwing.ts';
import { RuleError } from '../rule.ts';
import { chunk, maxParts, readWelcome, type Welcome } from '../statement/invite.ts';
import { boxOf, labels, tokenOf } from '../statement/pairing.ts';

/**
 * The first message of an invitation carries names, an offer and a roster that can be long. It is
 * sealed to a key that comes out of the link's secret, so that the operator neither reads it nor
 * shows the joiner another offer, and cut into parts that fit into a box.
 */
const ended = 0xff;

function contextOf(household: string, secret: Uint8Array, part: number, of: number) {
  const box = boxOf(tokenOf(secret, labels.inviteToJoiner));
  return {
    info: encode({ household, purpose: 'offer' }),
    aad: encode({ box, of: String(of), part: String(part) }),
  };
}

async function sealPart(
  household: string,
  secret: Uint8Array,
  part: number,
  of: number,
  plain: Uint8Array,
): Promise<Bytes> {
  const { publicKey } = await fromSeed(tokenOf(secret, labels.inviteOffer));
  const { info, aad } = contextOf(household, secret, part, of);
  return concat(Uint8Array.of(part, of), await seal(publicKey, info, aad, plain));
}

export async function sealParts(
  household: string,
  secret: Uint8Array,
  message: Uint8Array,
): Promise<Bytes[]> {
  const of = Math.ceil(message.length / chunk);
  if (of > maxParts) throw new Error('the roster has grown too long for an invitation');
  const parts: Bytes[] = [];
  for (let part = 0; part < of; part++) {
    const plain = message.subarray(part * chunk, (part + 1) * chunk);
    parts.push(await sealPart(household, secret, part, of, plain));
  }
  return parts;
}

/** The inviter's word that it no longer waits. */
export function sealEnd(household: string, secret: Uint8Array): Promise<Bytes> {
  return sealPart(household, secret, ended, 0, new Uint8Array(0));
}

export interface Part {
  readonly part: number;
  /** 0: the inviter no longer waits. */
  readonly of: number;
  readonly plain: Bytes;
}

/** Opens one message of the joiner's box; refuses what is no part of an offer. */
export async function openPart(
  household: string,
  secret: Uint8Array,
  body: Uint8Array,
): Promise<Part> {
  const [part = 0, of = 0] = body;
  const counted = of >= 1 && of <= maxParts && part < of;
  if (counted || (part === ended && of === 0)) {
    const key = await fromSeed(tokenOf(secret, labels.inviteOffer));
    const { info, aad } = contextOf(household, secret, part, of);
    try {
      return { part, of, plain: await open(key, info, aad, body.subarray(2)) };
    } catch {
      // Refused below.
    }
  }
  throw new RuleError('invitation', 'no part of an offer');
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
