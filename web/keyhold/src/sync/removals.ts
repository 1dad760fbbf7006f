// SPDX-License-Identifier: Apache-2.0

import { base64, type Bytes } from '../bytes.ts';
import { off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import { Refused, type Commands } from './commands.ts';
import type { Alarms } from './alarms.ts';
import { Fault } from './fault.ts';
import type { Member } from './member.ts';
import type { Roster } from '../statement/roster.ts';
import type { Store } from './store.ts';

/** A removal that this device signed, until it is in force and was seen. */
export interface KeptRemoval {
  readonly id: string;
  /** One of both is empty. */
  readonly device: string;
  readonly person: string;
  readonly name: string;
  readonly sentAt: number;
  readonly state: 'sent' | 'late' | 'in-force' | 'refused';
  readonly inForceAt?: number;
  /** The envelope, so that it can be sent again. */
  readonly envelope: Bytes;
}

const storeKey = 'removals';
/** After this a removal that is not in force is an alarm. */
const patience = 60_000;
const again = 20_000;
const keep = 50;

/**
 * Removals that this device asked for. None is in force before the hub has ordered it; whoever holds
 * it back is found out after a minute. They outlive the page: they are sent again until they count.
 */
export class Removals {
  private list: readonly KeptRemoval[] = [];
  private readonly sending = new Set<string>();
  private readonly sentAgain = new Map<string, number>();

  constructor(
    private readonly member: Member,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly store: Store,
    private readonly alarms: Alarms,
    private readonly roster: () => Roster,
    private readonly now: () => number,
    private readonly changed: () => void,
    /** The link by which the hub put a removal into force. */
    private readonly take: (link: Bytes) => Promise<void>,
    /** Nobody answers this device any more. */
    private readonly refused: () => boolean,
  ) {}

  all(): readonly KeptRemoval[] {
    return this.list;
  }

  async load(): Promise<void> {
    this.list = (await this.store.get<readonly KeptRemoval[]>(storeKey)) ?? [];
    await this.look();
  }

  /** Signs a removal and sends it; returns once it is on its way. */
  async remove(target: { device?: string; person?: string }, name: string): Promise<void> {
    const roster = this.roster();
    const { device = '', person = '' } = target;
    const envelope = await Envelope.signed(
      'removal',
      {
        at: this.now(),
        device,
        head: { ...roster.head },
        household: roster.household,
        person,
      },
      this.member.signer,
    );
    await this.carry({ device, person }, name, envelope.encode());
  }

  /** Sends a removal that has its signatures. */
  async carry(
    { device, person }: { device: string; person: string },
    name: string,
    raw: Bytes,
  ): Promise<void> {
    try {
      await this.roster().checkRemoval(raw, this.now());
    } catch (error) {
      if (error instanceof RuleError) throw new Fault('not-allowed', error.message);
      throw error;
    }
    const id = Envelope.parse(raw).hashText();
    const sentAt = this.now();
    const kept: KeptRemoval = { id, device, person, name, sentAt, state: 'sent', envelope: raw };
    await this.put([kept, ...this.list.filter((one) => one.id !== id)].slice(0, keep));
    void this.send(kept);
  }

  private async put(list: readonly KeptRemoval[]): Promise<void> {
    this.list = list;
    this.changed();
    await this.store.set(storeKey, list);
  }

  private async set(id: string, change: Partial<KeptRemoval>): Promise<void> {
    await this.put(this.list.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }

  private async send({ id, envelope }: KeptRemoval): Promise<void> {
    if (this.sending.has(id)) return;
    this.sending.add(id);
    this.sentAgain.set(id, this.now());
    try {
      const op = { kind: 'remove', removal: envelope };
      const { result } = await this.commands.send(op, patience);
      if (result.link !== undefined) await this.take(result.link);
      await this.look();
    } catch (error) {
      if (error instanceof Refused && !this.done(id)) await this.set(id, { state: 'refused' });
    } finally {
      this.sending.delete(id);
    }
  }

  private done(id: string): boolean {
    return this.list.some((one) => one.id === id && one.state === 'in-force');
  }

  /** Holds what was sent against the roster; called whenever that was looked at. */
  async look(): Promise<void> {
    const roster = this.roster();
    const { device, person } = this.member;
    for (const one of this.list) {
      if (one.state !== 'sent' && one.state !== 'late') continue;
      const present =
        one.device === '' ? roster.person(one.person) !== null : roster.device(one.device) !== null;
      // Whoever removed themself is told nothing more.
      const self = one.device === device || one.person === person;
      if (!present || (self && this.refused())) {
        await this.set(one.id, { state: 'in-force', inForceAt: this.now() });
      } else if (this.now() - one.sentAt >= patience) {
        this.alarm(one);
        if (one.state === 'sent') await this.set(one.id, { state: 'late' });
        if (this.now() - (this.sentAgain.get(one.id) ?? 0) >= again) void this.send(one);
      } else if (!this.sentAgain.has(one.id)) {
        void this.send(one);
      }
    }
  }

  private alarm({ id, device, person, envelope, sentAt }: KeptRemoval): void {
    if (off('withheld')) return;
    const { head } = this.roster();
    this.alarms.raise(
      new RuleError('withheld', 'a removal is not in force after a minute', {
        from: sentAt,
        removal: base64(envelope),
        hash: id,
        device,
        person,
        head: { ...head },
      }),
    );
  }
}
