// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Signer } from '../crypto/sign.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import { hasVoice, voiceLasts } from '../statement/removal.ts';
import type { Op } from '../statement/roster.ts';
import { appendNewest } from './gesture.ts';
import type { Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Named } from './people.ts';

/** The word of an owner that another one is to go; it waits for a second owner to say the same. */
export interface Ask {
  readonly id: string;
  /** Who is to go, and whose word it is. */
  readonly person: string;
  readonly by: string;
  readonly at: number;
  readonly until: number;
  readonly removal: Bytes;
}

/** The same as a page shows it. */
export interface AskView {
  readonly id: string;
  readonly person: Named;
  readonly by: Named;
  readonly mine: boolean;
  readonly at: number;
  readonly until: number;
}

const patience = 15_000;
/** The hub keeps the words of owners; it is asked for them at most this often. */
const every = 60_000;

/**
 * What owners ask of each other (docs/protocol.md 7). The hub only keeps it: what does not hold by
 * the roster is nothing.
 */
export class Asks {
  private list: readonly Ask[] = [];
  private lookedAt = 0;

  constructor(
    private readonly engine: Engine,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly changed: () => void,
  ) {}

  /** What still waits. */
  all(): readonly Ask[] {
    const { roster } = this.engine.known;
    const now = this.engine.cloud.now();
    return this.list.filter(({ person, until }) => roster.person(person) !== null && now < until);
  }

  views(nameOf: (id: string) => string): AskView[] {
    return this.all().map(({ id, person, by, at, until }) => ({
      id,
      person: { id: person, name: nameOf(person) },
      by: { id: by, name: nameOf(by) },
      mine: by === this.engine.member.person,
      at,
      until,
    }));
  }

  /** Whether this person may ask for somebody's removal. */
  mayAsk(person: string): boolean {
    const { roster } = this.engine.known;
    const own = roster.person(this.engine.member.person);
    const second = roster.people.some(
      (one) => one.role === 'owner' && one.id !== person && one.id !== own?.id,
    );
    const other = person !== own?.id && roster.person(person)?.role === 'owner';
    return own !== null && other && second && hasVoice(own, this.engine.cloud.now());
  }

  /** Looks whether owners have said something; where the hub is away the last answer stays. */
  async look(): Promise<void> {
    const now = this.engine.cloud.now();
    const { roster } = this.engine.known;
    const owners = roster.people.filter((one) => one.role === 'owner');
    const mine = owners.some((one) => one.id === this.engine.member.person);
    if (!mine || owners.length < 3 || now - this.lookedAt < every) return;
    this.lookedAt = now;
    try {
      const { result } = await this.commands.send({ kind: 'asked' }, patience);
      const read = (result.removals ?? []).map((removal) => this.read(removal));
      this.list = (await Promise.all(read)).filter((one) => one !== null);
      this.changed();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  private async read(removal: Bytes): Promise<Ask | null> {
    const { roster } = this.engine.known;
    try {
      const { at, by, person } = await roster.checkVoice(removal, this.engine.cloud.now());
      if (person === this.engine.member.person) return null;
      const id = Envelope.parse(removal).hashText();
      return { id, person, by, at, until: at + voiceLasts, removal };
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return null;
    }
  }

  /** Leaves this owner's word on another with the hub. */
  async ask(person: string): Promise<void> {
    if (!this.mayAsk(person)) throw new Fault('not-allowed', 'this is not yours to ask');
    const { member } = this.engine;
    const removal = (await this.removal(person, member.signer)).encode();
    await this.commands.send({ kind: 'ask-removal', removal }, patience);
    const mine = await this.read(removal);
    const others = this.list.filter((one) => one.by !== member.person || one.person !== person);
    this.list = mine === null ? others : [...others, mine];
    this.changed();
  }

  /** The removal that another owner asks for, with this device's signature. */
  async seconded(id: string): Promise<{ person: string; removal: Bytes }> {
    const ask = this.all().find((one) => one.id === id);
    if (ask === undefined) throw new Fault('not-found', 'nobody asks for this any more');
    const signed = await Envelope.parse(ask.removal).sign(this.engine.member.signer);
    return { person: ask.person, removal: signed.encode() };
  }

  /** Ends the announced removal of an owner. */
  object(person: string): Promise<void> {
    return this.append({ kind: 'object', person }, this.engine.member.signer);
  }

  /** Announces with the recovery sheet that an owner is to be removed. */
  announce(person: string, sheet: Signer): Promise<void> {
    return this.append({ kind: 'announce-removal', person }, sheet);
  }

  private async append(op: Op, signer: Signer): Promise<void> {
    const build = async (): Promise<Envelope> => {
      const { cloud, known } = this.engine;
      const link = await known.roster.newLink(cloud.now(), op).sign(signer);
      await known.roster.propose(link.encode());
      return link;
    };
    const refresh = (): Promise<void> => this.engine.syncAfresh();
    try {
      const reply = await appendNewest(this.commands, build, refresh, {
        code: () => Promise.reject(new Fault('not-allowed', 'this needs no code')),
      });
      await this.engine.takeLink(reply.result.link ?? (new Uint8Array(0) as Bytes));
    } catch (error) {
      if (error instanceof RuleError) throw new Fault('not-allowed', error.message);
      throw error;
    }
  }

  /** The removal of an owner that the recovery sheet announced three days ago. */
  async due(person: string, sheet: Signer): Promise<Bytes> {
    return (await this.removal(person, sheet)).encode();
  }

  private removal(person: string, signer: Signer): Promise<Envelope> {
    const { cloud, known } = this.engine;
    const { head, household } = known.roster;
    const said = { at: cloud.now(), device: '', head: { ...head }, household, person };
    return Envelope.signed('removal', said, signer);
  }
}
