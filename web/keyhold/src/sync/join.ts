// SPDX-License-Identifier: Apache-2.0

import { base32, equal, random } from '../bytes.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { ruleOf } from '../rule.ts';
import { opOf, sameRights, sixWords, type Offer, type Verdict } from '../statement/invite.ts';
import { parseLink, type Invitation } from '../statement/pairing.ts';
import { Roster, type DeviceKeys, type Member } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Fault, type FaultKind } from './fault.ts';
import { Inbox } from './inbox.ts';

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

/** What the two sides are to be called. The person's name counts for somebody new alone. */
export interface JoinNames {
  readonly deviceName: string;
  readonly personName: string;
}

export interface JoinEvents {
  readonly asked: () => void;
  /** Words that the inviter has to see as well. */
  readonly words: (words: readonly string[]) => void;
}

export function readLink(link: string): Invitation {
  try {
    return parseLink(link).invitation;
  } catch (error) {
    if (ruleOf(error) === null) throw error;
    throw new Fault('invitation-broken', 'the invitation link is damaged');
  }
}

/** What an invitation offers, before anybody makes keys for it. */
export async function preview(cloud: Cloud, invitation: Invitation): Promise<Offer> {
  const { roster, ...offer } = await new Inbox(cloud, invitation).welcome();
  await rosterOf(roster, invitation);
  return offer;
}

const refusals: Readonly<Record<Exclude<Verdict['error'], '' | 'stale'>, FaultKind>> = {
  refused: 'invitation-refused',
  words: 'words-differ',
  denied: 'not-allowed',
};

/**
 * The joiner's side of an invitation (docs/protocol.md 9). Called again with the same device it goes
 * on where it was left.
 */
export async function join(
  cloud: Cloud,
  invitation: Invitation,
  device: FreshDevice,
  names: JoinNames,
  events: JoinEvents,
): Promise<Joined> {
  const inbox = new Inbox(cloud, invitation, device);
  const { roster: chain, ...offer } = await inbox.welcome();
  let roster = await rosterOf(chain, invitation);
  let inviter = inviterOf(roster, invitation);
  const newcomer = offer.kind === 'device' ? inviter.person : 'per_' + base32(random(16));
  const personName = names.personName.trim() === '' ? offer.name : names.personName;
  const waiting = await inbox.earlier();
  for (;;) {
    const verdict = waiting.shift() ?? (await ask());
    for (const link of verdict.roster) roster = await roster.append(link);
    if (verdict.error === '') break;
    if (verdict.error !== 'stale') {
      throw new Fault(refusals[verdict.error], `the inviter says: ${verdict.error}`);
    }
    inviter = inviterOf(roster, invitation);
  }
  return { roster, person: personIn(roster, device, offer) };

  async function ask(): Promise<Verdict> {
    const op = opOf(offer, device.keys, newcomer);
    const link = await roster.newLink(cloud.now(), op).sign(device.signer);
    await inbox.ask(inviter.reader, link, { ...names, personName }, offer.kind);
    if (offer.slow) events.words(sixWords(link.pae()));
    else events.asked();
    return inbox.verdict();
  }
}

/** Wants the roster to hold this device, and its person, as they were offered. */
function personIn(roster: Roster, { keys }: FreshDevice, offer: Offer): string {
  const own = roster.device(keys.id);
  const person = own === null ? null : roster.person(own.person);
  const asOffered =
    offer.kind === 'device' ||
    (person?.role === offer.role && sameRights(person.rights, offer.rights));
  if (own === null || person === null || !equal(own.sign, keys.sign) || !asOffered) {
    throw new Fault('fault', 'the roster does not hold this device as it was offered');
  }
  return person.id;
}

function inviterOf(roster: Roster, { inviter }: Invitation): Member {
  const member = roster.device(inviter);
  if (member !== null) return member;
  // One that was there and is gone is no fault of anybody.
  const gone = roster.former(inviter) !== null;
  throw new Fault(gone ? 'invitation-ended' : 'invitation-wrong-household', 'no such inviter');
}

/** A chain of the invitation's household that has the invitation's head at its place. */
async function rosterOf(
  chain: readonly Uint8Array<ArrayBuffer>[],
  { household, head }: Invitation,
): Promise<Roster> {
  let roster: Roster;
  try {
    roster = await Roster.replay(chain, household);
  } catch (error) {
    const rule = ruleOf(error);
    if (rule === null) throw error;
    throw new Fault('invitation-wrong-household', String(error), undefined, rule);
  }
  if (roster.hashAt(head.seq) !== head.hash) {
    throw new Fault('invitation-wrong-household', 'another chain than the invitation names');
  }
  return roster;
}
