// SPDX-License-Identifier: Apache-2.0

import { base64 } from '../bytes.ts';
import type { Act } from '../statement/act.ts';
import { Envelope } from '../statement/dsse.ts';
import type { QuickReply } from '../statement/quickreply.ts';
import type { Engine } from './engine.ts';

/** What the hub wants to be signed, as it came. */
export interface Challenged {
  readonly action: Act['action'];
  readonly challenge: Uint8Array;
  readonly not_after: number;
  /** What the hub is to speak, where nobody speaks themselves. */
  readonly reply?: QuickReply;
  readonly target: string;
}

/** Signs that the hub shall act now, for one challenge of its; base64, as it is sent to it. */
export async function signAct(
  { member, known }: Pick<Engine, 'member' | 'known'>,
  { action, challenge, not_after, reply, target }: Challenged,
): Promise<string> {
  const { household, head, hub } = known.roster;
  const spoken = reply === undefined ? {} : { reply };
  const said = { action, challenge, not_after, target, ...spoken };
  const envelope = await Envelope.signed(
    'act',
    { ...said, device: member.device, head: head.hash, household, hub: hub.sign },
    member.signer,
  );
  return base64(envelope.encode());
}
