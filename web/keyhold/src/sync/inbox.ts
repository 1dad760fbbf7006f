// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import { ruleOf } from '../rule.ts';
import type { Envelope } from '../statement/dsse.ts';
import { maxDrop, readVerdict, type Verdict, type Welcome } from '../statement/invite.ts';
import { boxOf, labels, macOf, tokenOf, type Invitation } from '../statement/pairing.ts';
import type { Cloud, Drop } from './cloud.ts';
import { Fault } from './fault.ts';
import type { FreshDevice, JoinNames } from './join.ts';
import { Gathering, openPart, type Part } from './parts.ts';

/** How long the inviter may take for its part; for a person it asks somebody, and the hub does. */
const patience = { device: 90_000, person: 15 * 60_000 } as const;
/** How long an answer may still come after one that was meant for another device. */
const otherPatience = 10_000;
/** How long the parts of the first message may be on their way. */
const welcomePatience = 20_000;

/** The two boxes of an invitation, from the joiner's side. */
export class Inbox {
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
    private readonly device?: FreshDevice,
  ) {
    this.token = tokenOf(invitation.secret, labels.inviteToJoiner);
    this.box = boxOf(this.token);
  }

  /** What the inviter left in the box when it showed the link: an empty box is an old one. */
  async welcome(): Promise<Welcome> {
    const gathering = new Gathering();
    const deadline = Date.now() + welcomePatience;
    for (let wait = 5; Date.now() < deadline; wait = 5) {
      const drops = await this.cloud.drops(this.box, this.token, this.after, undefined, wait);
      if (drops.length === 0 && this.after === 0) break;
      for (const [i, drop] of drops.entries()) {
        this.after = Math.max(this.after, drop.n);
        const whole = await this.gather(gathering, drop);
        if (whole === null) continue;
        this.waiting = drops.slice(i + 1);
        return whole;
      }
    }
    throw new Fault('invitation-too-old', 'the box is empty');
  }

  private async gather(gathering: Gathering, drop: Drop): Promise<Welcome | null> {
    const part = await this.part(drop);
    if (part === null) throw new Fault('invitation-used', 'something else lies in the box');
    try {
      gathering.add(part);
      return gathering.whole();
    } catch (error) {
      const rule = ruleOf(error);
      if (rule === null) throw error;
      throw new Fault('invitation-wrong-household', String(error), undefined, rule);
    }
  }

  /** A part of the first message; null for anything else. Throws where the inviter no longer waits. */
  private async part({ body }: Drop): Promise<Part | null> {
    const { household, secret } = this.invitation;
    let part: Part;
    try {
      part = await openPart(household, secret, body);
    } catch {
      return null;
    }
    if (part.of === 0) throw new Fault('invitation-ended', 'the inviter no longer waits');
    return part;
  }

  /**
   * Answers to an earlier try of this device, in order. What was answered to another device before
   * this one asked means that the invitation, which works once, was used.
   */
  async earlier(): Promise<Verdict[]> {
    const drops = this.waiting;
    this.waiting = [];
    const found: Verdict[] = [];
    for (const drop of drops) {
      this.after = Math.max(this.after, drop.n);
      const verdict = await this.read(drop);
      if (verdict !== null) found.push(verdict);
    }
    if (found.length === 0 && this.used) throw used();
    return found;
  }

  async ask(
    inviter: Bytes,
    link: Envelope,
    { deviceName, personName }: JoinNames,
    kind: 'device' | 'person',
  ): Promise<void> {
    const { household, secret } = this.invitation;
    const hmac = macOf(secret, labels.inviteMac, link.pae());
    const box = boxOf(tokenOf(secret, labels.inviteToInviter));
    const info = encode({ household, purpose: 'join' });
    const message = encode({
      hmac,
      link: link.encode(),
      name: deviceName,
      person_name: kind === 'person' ? personName : '',
    });
    await this.cloud.drop(box, await seal(inviter, info, encode({ box }), message));
    this.deadline = Math.min(this.deadline, Date.now() + patience[kind]);
  }

  async verdict(): Promise<Verdict> {
    const { cloud, box, token, after } = this;
    try {
      const until = (): number => this.deadline;
      const read = (drop: Drop): Promise<Verdict | null> => this.read(drop);
      const verdict = await awaitDrop(cloud, box, token, after, until, read);
      this.after = verdict.n;
      return verdict.value;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'hub-away') throw error;
      if (this.used) throw used();
      throw new Fault('inviter-away', 'no answer from the device that made the invitation');
    }
  }

  /** What is sealed to this device; null for what another one is to read. */
  private async read(drop: Drop): Promise<Verdict | null> {
    const { household } = this.invitation;
    if (this.device === undefined || (await this.part(drop)) !== null) return null;
    let plain: Bytes;
    try {
      const info = encode({ household, purpose: 'joined' });
      plain = await open(this.device.reader, info, encode({ box: this.box }), drop.body);
    } catch {
      // It may be that the other one was told to ask again, and that the answer to this one follows.
      this.used = true;
      this.deadline = Math.min(this.deadline, Date.now() + otherPatience);
      return null;
    }
    return readVerdict(plain, maxDrop);
  }
}

function used(): Fault {
  return new Fault('invitation-used', 'another device was let in');
}

/** Waits in a box for a message that `read` recognises; others are passed over. */
export async function awaitDrop<T>(
  cloud: Cloud,
  box: string,
  token: Bytes,
  after: number,
  /** May come nearer while it is waited for. */
  deadline: () => number,
  read: (drop: Drop) => Promise<T | null>,
): Promise<{ value: T; n: number }> {
  let last = after;
  for (let left = deadline() - Date.now(); left > 0; left = deadline() - Date.now()) {
    const wait = Math.min(25, Math.max(1, Math.ceil(left / 1000)));
    for (const drop of await cloud.drops(box, token, last, undefined, wait)) {
      last = Math.max(last, drop.n);
      const value = await read(drop);
      if (value !== null) return { value, n: last };
    }
  }
  throw new Fault('hub-away', 'no answer from the other side');
}
