// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { ruleOf } from '../rule.ts';
import { bytes, decode, list, object, text } from '../schema.ts';
import { boxOf, labels, macOf, parseLink, tokenOf, type Invitation } from '../statement/pairing.ts';
import { Roster, type DeviceKeys } from '../statement/roster.ts';
import type { Cloud, Drop } from './cloud.ts';
import { Fault } from './fault.ts';

/** What a new device brings: its public keys and what can use the secret ones. */
export interface FreshDevice {
  readonly keys: DeviceKeys;
  readonly signer: Signer;
  readonly reader: XWingKey;
}

export interface Joined {
  readonly roster: Roster;
  readonly person: string;
}

const maxDrop = 65_536;
const invited = object({ roster: list(bytes(), 1) });
const answered = object({ error: text(), roster: list(bytes()) });

/** How long the inviter may take for its part. */
const patience = 90_000;

export function readLink(link: string): Invitation {
  try {
    return parseLink(link).invitation;
  } catch (error) {
    if (ruleOf(error) === null) throw error;
    throw new Fault('invitation-broken', 'the invitation link is damaged');
  }
}

/** The joiner's side of an invitation for a further device of one's own (docs/protocol.md 9). */
export async function join(
  cloud: Cloud,
  invitation: Invitation,
  device: FreshDevice,
  name: string,
  onAsked: () => void,
): Promise<Joined> {
  const { household, inviter, secret } = invitation;
  const own = tokenOf(secret, labels.inviteToJoiner);
  const ownBox = boxOf(own);
  const theirBox = boxOf(tokenOf(secret, labels.inviteToInviter));
  let { roster, after } = await firstRoster(cloud, ownBox, own, invitation);
  const member = roster.device(inviter);
  if (member === null) throw new Fault('invitation-wrong-household', 'the inviter is not in it');
  const context = { box: ownBox };
  const deadline = Date.now() + patience;
  for (;;) {
    const link = await roster.link(cloud.now(), device.keys, member.person).sign(device.signer);
    const message = encode({
      hmac: macOf(secret, labels.inviteMac, link.pae()),
      link: link.encode(),
      name,
    });
    const info = encode({ household, purpose: 'join' });
    const sealed = await seal(member.reader, info, encode({ box: theirBox }), message);
    await cloud.drop(theirBox, sealed);
    onAsked();
    const answer = await awaitDrop(cloud, ownBox, own, after, deadline, async (drop) => {
      const joined = encode({ household, purpose: 'joined' });
      try {
        const plain = await open(device.reader, joined, encode(context), drop.body);
        return decode(plain, answered, maxDrop);
      } catch (error) {
        if (ruleOf(error) !== null) throw error;
        return null;
      }
    });
    after = answer.n;
    const { error, roster: chain } = answer.value;
    if (error !== '' && error !== 'stale') {
      throw new Fault(error === 'denied' ? 'not-allowed' : 'invitation-used', `refused: ${error}`);
    }
    roster = await Roster.replay(chain, household);
    mustContain(roster, invitation);
    if (error === '') break;
  }
  if (roster.device(device.keys.id) === null) {
    throw new Fault('internal', 'the roster lacks this device');
  }
  return { roster, person: member.person };
}

function mustContain(roster: Roster, { head }: Invitation): void {
  if (roster.hashAt(head.seq) !== head.hash) {
    throw new Fault('invitation-wrong-household', 'another chain than the invitation names');
  }
}

/** The chain that the inviter left in the box; it has to contain the invitation's head. */
async function firstRoster(
  cloud: Cloud,
  box: string,
  token: Bytes,
  invitation: Invitation,
): Promise<{ roster: Roster; after: number }> {
  // The inviter drops it in the moment in which it shows the link: an empty box is an old one.
  const [drop] = await cloud.drops(box, token, 0, undefined, 5);
  if (drop === undefined) throw new Fault('invitation-too-old', 'the box is empty');
  let chain: readonly Bytes[];
  try {
    chain = decode(drop.body, invited, maxDrop).roster;
  } catch {
    throw new Fault('invitation-wrong-household', 'not a roster');
  }
  let roster: Roster;
  try {
    roster = await Roster.replay(chain, invitation.household);
  } catch (error) {
    if (ruleOf(error) === null) throw error;
    throw new Fault('invitation-wrong-household', String(error), undefined, ruleOf(error)!);
  }
  mustContain(roster, invitation);
  return { roster, after: drop.n };
}

/** Waits in a box for a message that `read` recognises; others are passed over. */
export async function awaitDrop<T>(
  cloud: Cloud,
  box: string,
  token: Bytes,
  after: number,
  deadline: number,
  read: (drop: Drop) => Promise<T | null>,
): Promise<{ value: T; n: number }> {
  let last = after;
  while (Date.now() < deadline) {
    const wait = Math.min(25, Math.max(1, Math.ceil((deadline - Date.now()) / 1000)));
    for (const drop of await cloud.drops(box, token, last, undefined, wait)) {
      last = Math.max(last, drop.n);
      const value = await read(drop);
      if (value !== null) return { value, n: last };
    }
  }
  throw new Fault('hub-away', 'no answer from the other side');
}
