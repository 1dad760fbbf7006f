// SPDX-License-Identifier: Apache-2.0

import { random, type Bytes } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import {
  checkOffered,
  checkWait,
  covers,
  maxDrop,
  readAnswer,
  readWelcome,
  sixWords,
  type Answer,
  type Offer,
  type Verdict,
} from '../statement/invite.ts';
import { link as linkSchema, type DeviceKeys, type Link } from '../statement/ops.ts';
import { boxOf, checkMac, labels, linkOf, tokenOf } from '../statement/pairing.ts';
import type { Right, Role } from '../statement/rights.ts';
import { Refused, type Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault, faultOf, type FaultKind } from './fault.ts';
import { appendLink, Prompt, type Shown } from './gesture.ts';
import { give } from './give.ts';
import { sealEnd, sealParts } from './parts.ts';
import { passkeyWanted, type PasskeyWanted } from './passkey.ts';

export type OfferWish =
  | { readonly kind: 'device' }
  | {
      readonly kind: 'person';
      readonly name: string;
      readonly role: Role;
      readonly rights: readonly Right[];
      readonly slow: boolean;
      readonly history: boolean;
    };

export type InvitePhase =
  | { readonly step: 'waiting' }
  | {
      readonly step: 'arrived';
      readonly personName: string;
      readonly deviceName: string;
      readonly words: readonly string[];
    }
  | { readonly step: 'sending' }
  | { readonly step: 'code'; readonly wrong: boolean; readonly passkey: PasskeyWanted | null }
  | { readonly step: 'history'; readonly done: number; readonly total: number }
  | { readonly step: 'done'; readonly person: string; readonly device: string }
  | { readonly step: 'refused'; readonly reason: 'declined' | 'too-old' | FaultKind };

/** As long as the cloud keeps what is dropped. */
const valid = 24 * 3_600_000;
const pause = 2_000;

/** Somebody else asks in this invitation's box. */
interface Asked {
  readonly message: Answer;
  readonly envelope: Envelope;
  readonly link: Link;
  readonly device: DeviceKeys;
}

/** The roster moved on; the joiner was told and asks again. */
class Again extends Error {}

/** The inviter's side of an invitation (docs/protocol.md 9). It serves one newcomer and then ends. */
export class Inviting {
  readonly link: string;
  phase: InvitePhase = { step: 'waiting' };
  private readonly secret = random(16);
  private readonly confirmed = new Prompt<boolean>();
  private readonly digits = new Prompt<Shown>();
  private readonly control = new AbortController();
  private declined = false;
  private after = 0;
  /** How many statements of the roster the joiner has been given. */
  private told = 0;

  constructor(
    private readonly engine: Engine,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly offer: Omit<Offer, 'from'>,
    origin: string,
    private readonly changed: (phase: InvitePhase) => void,
  ) {
    const { head, household } = engine.known.roster;
    const { device } = engine.member;
    const { secret } = this;
    this.link = linkOf(origin, { head: { ...head }, household, inviter: device, secret });
  }

  /** Leaves the offer in the box, for whoever has the link. Rejects for what may not be offered. */
  async lay(from: string): Promise<void> {
    const { engine } = this;
    const { household, chain } = engine.known.roster;
    const message = encode({ ...this.offer, from, roster: chain } as unknown as Writable);
    try {
      readWelcome(message, message.length);
      checkWait(this.offer, engine.cloud.now());
    } catch (error) {
      if (error instanceof RuleError) throw new Fault('not-allowed', error.message);
      throw error;
    }
    for (const part of await sealParts(household, this.secret, message)) {
      await engine.cloud.drop(this.box('inviteToJoiner'), part);
    }
    this.told = chain.length;
  }

  confirm(): void {
    this.confirmed.give(true);
  }

  decline(): void {
    this.declined = true;
    this.control.abort();
    this.confirmed.give(false);
    this.digits.cancel();
  }

  code(shown: Shown): void {
    this.digits.give(shown);
  }

  private set(phase: InvitePhase): void {
    this.phase = phase;
    this.changed(phase);
  }

  private box(label: 'inviteToJoiner' | 'inviteToInviter'): string {
    return boxOf(tokenOf(this.secret, labels[label]));
  }

  /** Waits for one newcomer and lets them in, or not. Never rejects. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const asked = await this.next();
        try {
          await this.admit(asked);
          return;
        } catch (error) {
          if (!(error instanceof Again)) throw error;
        }
      }
    } catch (error) {
      const { kind } = faultOf(error);
      const reason = kind === 'invitation-too-old' ? 'too-old' : kind;
      this.set({ step: 'refused', reason: this.declined ? 'declined' : reason });
      await this.end();
    } finally {
      this.secret.fill(0);
    }
  }

  /** Tells a joiner who comes later that nobody waits any more. */
  private async end(): Promise<void> {
    const { cloud, known } = this.engine;
    const end = await sealEnd(known.roster.household, this.secret);
    // A courtesy: without it the joiner waits in vain.
    await cloud.drop(this.box('inviteToJoiner'), end).catch(() => undefined);
  }

  /** The next message whose MAC holds; anything else in the box is passed over. */
  private async next(): Promise<Asked> {
    const { cloud } = this.engine;
    const token = tokenOf(this.secret, labels.inviteToInviter);
    const deadline = Date.now() + valid;
    while (Date.now() < deadline) {
      this.control.signal.throwIfAborted();
      try {
        const box = boxOf(token);
        for (const drop of await cloud.drops(box, token, this.after, this.control.signal, 25)) {
          this.after = Math.max(this.after, drop.n);
          const asked = await this.read(drop.body);
          if (asked !== null) return asked;
        }
      } catch (error) {
        // A cloud that restarts must not lose a day's invitation.
        if (!(error instanceof Fault) || error.kind !== 'cloud-away') throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    throw new Fault('invitation-too-old', 'nobody used the invitation');
  }

  private async read(body: Bytes): Promise<Asked | null> {
    const { household } = this.engine.known.roster;
    try {
      const info = encode({ household, purpose: 'join' });
      const aad = encode({ box: this.box('inviteToInviter') });
      const plain = await open(this.engine.member.reader, info, aad, body);
      const message = readAnswer(plain, maxDrop);
      const envelope = Envelope.parse(message.link);
      checkMac(message.hmac, this.secret, labels.inviteMac, envelope.pae());
      const link = envelope.read('roster', linkSchema);
      if (link.op.kind !== 'add-device' && link.op.kind !== 'add-person') return null;
      return { message, envelope, link, device: link.op.device };
    } catch {
      return null;
    }
  }

  private async admit(asked: Asked): Promise<void> {
    const { engine, offer } = this;
    try {
      checkOffered(asked.link.op, offer, engine.member.person);
    } catch (error) {
      await this.tell(asked.device, 'refused');
      throw error;
    }
    if (asked.link.prev !== engine.known.roster.head.hash) throw await this.again(asked);
    const names = {
      name: nameOf(asked.message.name),
      personName: offer.kind === 'person' ? nameOf(asked.message.person_name) || offer.name : '',
    };
    if (offer.kind === 'person') await this.confirmPerson(asked, names);
    this.set({ step: 'sending' });
    const signed = await asked.envelope.sign(engine.member.signer);
    try {
      await engine.known.roster.propose(signed.encode());
    } catch (error) {
      await this.tell(asked.device, 'refused');
      throw error;
    }
    const reply = await this.send(asked, signed, names);
    await engine.takeLink(reply);
    this.set({ step: 'history', done: 0, total: 0 });
    await give(
      engine,
      engine.member.signer,
      asked.device.id,
      (camera) => covers(offer, camera),
      (done, total) => this.set({ step: 'history', done, total }),
    );
    await this.tell(asked.device, '');
    const { op } = asked.link;
    const person = 'person' in op ? op.person : '';
    this.set({ step: 'done', person, device: asked.device.id });
  }

  private async confirmPerson(
    asked: Asked,
    names: { name: string; personName: string },
  ): Promise<void> {
    const { slow } = this.offer;
    const words = slow ? sixWords(asked.envelope.pae()) : [];
    const answer = this.confirmed.ask();
    this.set({
      step: 'arrived',
      personName: names.personName,
      deviceName: names.name,
      words,
    });
    if (!(await answer)) {
      await this.tell(asked.device, slow ? 'words' : 'refused');
      throw new Fault('cancelled', 'the inviter said no');
    }
  }

  private async send(
    asked: Asked,
    signed: Envelope,
    names: { name: string; personName: string },
  ): Promise<Bytes> {
    try {
      const reply = await appendLink(this.commands, signed, names, {
        code: (wrong, challenge) => {
          const answer = this.digits.ask();
          this.set({ step: 'code', wrong, passkey: passkeyWanted(this.engine, challenge) });
          return answer.then((shown) => {
            this.set({ step: 'sending' });
            return shown;
          });
        },
      });
      return reply.result.link ?? new Uint8Array(0);
    } catch (error) {
      if (error instanceof Refused && error.word === 'stale') throw await this.again(asked);
      await this.tell(asked.device, error instanceof Refused ? 'denied' : 'refused');
      throw error;
    }
  }

  /** Tells the joiner to build its link on the newest roster. */
  private async again(asked: Asked): Promise<Again> {
    await this.engine.syncAfresh();
    await this.tell(asked.device, 'stale');
    this.set({ step: 'waiting' });
    return new Again('the roster has moved on');
  }

  private async tell(device: DeviceKeys, error: Verdict['error']): Promise<void> {
    const { cloud, known } = this.engine;
    const { household, chain } = known.roster;
    const box = this.box('inviteToJoiner');
    const info = encode({ household, purpose: 'joined' });
    const message = encode({ error, roster: chain.slice(this.told) });
    this.told = chain.length;
    await cloud.drop(box, await seal(device.reader, info, encode({ box }), message));
  }
}

const mostName = 200;

/** A name that came from elsewhere, safe to show and to keep. */
function nameOf(text: string): string {
  // What steers the direction of writing, or cannot be seen, has no place in a name.
  const clean = text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '').normalize('NFC');
  let out = clean;
  while (new TextEncoder().encode(out).length > mostName) out = [...out].slice(0, -1).join('');
  return out.trim();
}
