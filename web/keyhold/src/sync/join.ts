// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { ruleOf } from '../rule.ts';
import { bytes, decode, list, object, text, type Read } from '../schema.ts';
import type { Envelope } from '../statement/dsse.ts';
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
type Answer = Read<typeof answered>;

/** How long the inviter may take for its part. */
const patience = 90_000;
/** How long an answer may still come after one that was meant for another device. */
const otherPatience = 10_000;

export function readLink(link: string): Invitation {
  try {
    return parseLink(link).invitation;
  } catch (error) {
    if (ruleOf(error) === null) throw error;
    throw new Fault('invitation-broken', 'the invitation link is damaged');
  }
}

/**
 * The joiner's side of an invitation for a further device of one's own (docs/protocol.md 9). Called
 * again with the same device it goes on where it was left.
 */
export async function join(
  cloud: Cloud,
  invitation: Invitation,
  device: FreshDevice,
  name: string,
  onAsked: () => void,
): Promise<Joined> {
  const { household, inviter } = invitation;
  const inbox = new Inbox(cloud, invitation, device);
  let roster = await inbox.welcome();
  const member = roster.device(inviter);
  if (member === null) throw new Fault('invitation-wrong-household', 'the inviter is not in it');
  for (;;) {
    const answer = (await inbox.earlier()) ?? (await ask());
    if (answer.error !== '' && answer.error !== 'stale') {
      throw new Fault('not-allowed', `the inviter says: ${answer.error}`);
    }
    roster = await Roster.replay(answer.roster, household);
    mustContain(roster, invitation);
    if (answer.error === '') break;
  }
  if (roster.device(device.keys.id) === null) {
    throw new Fault('internal', 'the roster lacks this device');
  }
  return { roster, person: member.person };

  async function ask(): Promise<Answer> {
    const link = await roster.link(cloud.now(), device.keys, member!.person).sign(device.signer);
    await inbox.ask(member!.reader, link, name);
    onAsked();
    return inbox.answer();
  }
}

function mustContain(roster: Roster, { head }: Invitation): void {
  if (roster.hashAt(head.seq) !== head.hash) {
    throw new Fault('invitation-wrong-household', 'another chain than the invitation names');
  }
}

/** The two boxes of an invitation, from the joiner's side. */
class Inbox {
  private readonly token: Bytes;
  private readonly box: string;
  private after = 0;
  /** What lay in the box behind the welcome before this device asked. */
  private waiting: readonly Drop[] = [];
  /** An answer came that is sealed to another device. */
  private used = false;
  private deadline = Infinity;

  constructor(
    private readonly cloud: Cloud,
    private readonly invitation: Invitation,
    private readonly device: FreshDevice,
  ) {
    this.token = tokenOf(invitation.secret, labels.inviteToJoiner);
    this.box = boxOf(this.token);
  }

  /** The chain that the inviter left in the box; it has to contain the invitation's head. */
  async welcome(): Promise<Roster> {
    // The inviter drops it in the moment in which it shows the link: an empty box is an old one.
    const [first, ...later] = await this.cloud.drops(this.box, this.token, 0, undefined, 5);
    if (first === undefined) throw new Fault('invitation-too-old', 'the box is empty');
    this.after = first.n;
    this.waiting = later;
    let roster: Roster;
    try {
      const chain = decode(first.body, invited, maxDrop).roster;
      roster = await Roster.replay(chain, this.invitation.household);
    } catch (error) {
      const rule = ruleOf(error);
      if (rule === null) throw error;
      throw new Fault('invitation-wrong-household', String(error), undefined, rule);
    }
    mustContain(roster, this.invitation);
    return roster;
  }

  /**
   * The answer to an earlier try of this device, or null. What was answered to another device
   * before this one asked means that the invitation, which works once, was used.
   */
  async earlier(): Promise<Answer | null> {
    const drops = this.waiting;
    this.waiting = [];
    let last: Answer | null = null;
    for (const drop of drops) {
      this.after = Math.max(this.after, drop.n);
      last = (await this.read(drop)) ?? last;
    }
    if (last === null && this.used) throw new Fault('invitation-used', 'another device was let in');
    return last;
  }

  async ask(inviter: Bytes, link: Envelope, name: string): Promise<void> {
    const { household, secret } = this.invitation;
    const hmac = macOf(secret, labels.inviteMac, link.pae());
    const box = boxOf(tokenOf(secret, labels.inviteToInviter));
    const info = encode({ household, purpose: 'join' });
    const message = encode({ hmac, link: link.encode(), name });
    await this.cloud.drop(box, await seal(inviter, info, encode({ box }), message));
    this.deadline = Math.min(this.deadline, Date.now() + patience);
  }

  async answer(): Promise<Answer> {
    const { cloud, box, token, after } = this;
    try {
      const until = (): number => this.deadline;
      const read = (drop: Drop): Promise<Answer | null> => this.read(drop);
      const answer = await awaitDrop(cloud, box, token, after, until, read);
      this.after = answer.n;
      return answer.value;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'hub-away') throw error;
      if (this.used) throw new Fault('invitation-used', 'another device was let in');
      throw new Fault('inviter-away', 'no answer from the device that made the invitation');
    }
  }

  /** What is sealed to this device; null for what another one is to read. */
  private async read({ body }: Drop): Promise<Answer | null> {
    const { household } = this.invitation;
    let plain: Bytes;
    try {
      const info = encode({ household, purpose: 'joined' });
      plain = await open(this.device.reader, info, encode({ box: this.box }), body);
    } catch {
      // It may be that the other one was told to ask again, and that the answer to this one follows.
      this.used = true;
      this.deadline = Math.min(this.deadline, Date.now() + otherPatience);
      return null;
    }
    return decode(plain, answered, maxDrop);
  }
}

/** Waits in a box for a message that `read` recognises; others are passed over. */
export async function awaitDrop<T>(
  cloud: Cloud,
  box: string,
  token: Bytes,
  after: number,
  /** A function where it may come nearer meanwhile. */
  deadline: number | (() => number),
  read: (drop: Drop) => Promise<T | null>,
): Promise<{ value: T; n: number }> {
  let last = after;
  for (;;) {
    const left = (typeof deadline === 'number' ? deadline : deadline()) - Date.now();
    if (left <= 0) throw new Fault('hub-away', 'no answer from the other side');
    const wait = Math.min(25, Math.max(1, Math.ceil(left / 1000)));
    for (const drop of await cloud.drops(box, token, last, undefined, wait)) {
      last = Math.max(last, drop.n);
      const value = await read(drop);
      if (value !== null) return { value, n: last };
    }
  }
}
