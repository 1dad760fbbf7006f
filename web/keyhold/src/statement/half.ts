// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { RuleError } from '../rule.ts';
import { checkOp, verifySigned } from './change.ts';
import { Envelope } from './dsse.ts';
import { link as linkSchema } from './ops.ts';
import type { Link, Op, Roster } from './roster.ts';

/** A link that puts in a hub, signed by one of the two owners that it takes. */
export interface Half {
  readonly envelope: Envelope;
  readonly link: Link;
  readonly op: Extract<Op, { kind: 'replace-hub' }>;
  readonly device: string;
  readonly by: string;
}

/**
 * Refuses what would not put in a hub if a second owner signed it, too: it is the word of one device
 * of somebody who has been an owner for a week.
 */
export async function checkHalf(roster: Roster, input: Bytes): Promise<Half> {
  const envelope = Envelope.parse(input);
  const link = envelope.read('roster', linkSchema);
  await roster.follows(envelope, link);
  const { op } = link;
  if (op.kind !== 'replace-hub') throw new RuleError('roster-op', 'no link that puts in a hub');
  checkOp(roster.state, op, envelope);
  const device = envelope.signatures[0]!.keyid;
  const alone = envelope.signatures.length === 1 && roster.hasVoice(device, link.at);
  await verifySigned(roster.state, envelope, [device], new Map(), alone);
  return { envelope, link, op, device, by: roster.personOf(device)?.id ?? '' };
}
