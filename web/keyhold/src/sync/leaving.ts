// SPDX-License-Identifier: Apache-2.0

import { random, type Bytes } from '../bytes.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import { listed, parseReceipt, readErasure } from '../statement/erasure.ts';
import type { Op } from '../statement/request.ts';
import { Refused, type Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault, faultOf } from './fault.ts';
import { gestureOf, Prompt, type Shown } from './gesture.ts';
import type { ChangePhase } from './members.ts';
import { passkeyWanted } from './passkey.ts';
import { namesOf, type Named, type Self } from './people.ts';
import type { Store } from './store.ts';

/** What every member sees while everything is going to be erased. */
export interface Erasing {
  readonly due: number;
  /** The owner who wants it. */
  readonly by: Named;
  readonly mine: boolean;
  /** Whether this person may take it back. */
  readonly keep: boolean;
}

/** What the cloud has signed once everything is gone. */
export interface Erased {
  readonly at: number;
  readonly recordings: number;
  readonly bytes: number;
  readonly pages: number;
  readonly keys: number;
  /** Things that this device knows were there and that are not on the cloud's list. */
  readonly missing: number;
}

export interface KeptErasure {
  readonly statement: Bytes;
  readonly due: number;
}

export const erasureKey = 'erasure';
const hubPatience = 30_000;

/** Having everything of the household erased, taking that back, and what the cloud proves of it. */
export class Leaving {
  constructor(
    private readonly engine: Engine,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly store: Store,
    private readonly self: () => Self,
    private readonly tell: (id: string, phase: ChangePhase) => void,
  ) {}

  private readonly prompts = new Map<string, Prompt<Shown>>();

  state(): Erasing | null {
    const { erasing, names, roster } = this.engine.known;
    if (erasing === null) return null;
    const self = this.self();
    return {
      due: erasing.due,
      by: { id: erasing.person, name: namesOf(names, self)(erasing.person) },
      mine: erasing.person === self.person,
      keep: roster.person(self.person)?.role === 'owner',
    };
  }

  code(id: string, shown: Shown): void {
    this.prompts.get(id)?.give(shown);
  }

  cancel(id: string): void {
    this.prompts.get(id)?.cancel();
  }

  /**
   * Orders it at the hub, which wants to see somebody; what becomes of it is told by phases. With the
   * key of a cloud that the household has left it is that one which erases, and nothing else does.
   */
  eraseAll(id: string, left?: Bytes): void {
    const prompt = new Prompt<Shown>();
    this.prompts.set(id, prompt);
    const run = async (): Promise<void> => {
      try {
        const erase = await this.statement('erase', left);
        await this.ordered({ kind: 'erase', erase }, async (wrong) => {
          const answer = prompt.ask();
          const challenge = Envelope.parse(erase).hash();
          this.tell(id, { step: 'code', wrong, passkey: passkeyWanted(this.engine, challenge) });
          const shown = await answer;
          this.tell(id, { step: 'sending' });
          return shown;
        });
        await this.engine.syncAfresh();
        if (left === undefined && this.engine.known.erasing === null) {
          throw new Fault('internal', 'the cloud still shows everything');
        }
        this.tell(id, { step: 'done' });
      } catch (error) {
        this.tell(id, { step: 'refused', reason: faultOf(error).kind });
      } finally {
        this.prompts.delete(id);
      }
    };
    queueMicrotask(() => void run());
  }

  private async ordered(op: Op, code: (wrong: boolean) => Promise<Shown>): Promise<void> {
    let given = op;
    for (;;) {
      try {
        await this.commands.send(given, hubPatience);
        return;
      } catch (error) {
        const word = error instanceof Refused ? error.word : '';
        if (word === 'exists') return; // somebody was quicker
        if (word !== 'gesture' && word !== 'gesture-wrong') throw error;
        given = { ...op, gesture: gestureOf(await code(word === 'gesture-wrong')) };
      }
    }
  }

  /** Takes it back, at the cloud; the hub erases nothing of its own accord. */
  async keepAll(): Promise<void> {
    const { cloud, member } = this.engine;
    const keep = await this.statement('keep');
    try {
      await cloud.write(member.household, member.signer, 'erase', 'current', keep);
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'not-found') throw error;
    }
    this.commands.send({ kind: 'erase', erase: keep }, hubPatience).catch(() => undefined);
    await this.engine.syncAfresh();
  }

  private async statement(act: 'erase' | 'keep', left?: Bytes): Promise<Bytes> {
    const { cloud, known, member } = this.engine;
    if (known.roster.person(member.person)?.role !== 'owner') {
      throw new Fault('not-allowed', 'for owners alone');
    }
    const said = {
      act,
      at: cloud.now(),
      device: member.device,
      household: member.household,
      nonce: random(16),
      person: member.person,
      to: left ?? (await cloud.key()),
    };
    return (await Envelope.signed('erase', said, member.signer)).encode();
  }

  /** What the cloud has signed; null while it has signed nothing. */
  async receipt(): Promise<Erased | null> {
    const kept = await this.store.get<KeptErasure>(erasureKey);
    if (kept === undefined) return null;
    const envelope = Envelope.parse(kept.statement);
    const { nonce, to } = readErasure(envelope);
    const answer = await this.engine.cloud.receipt(envelope.hashText());
    if (answer === null) return null;
    try {
      const { at, bytes, counts } = await parseReceipt(
        answer.note,
        envelope.hashText(),
        answer.list,
        to,
      );
      const { chain } = this.engine.known.roster;
      const missing = chain.filter(
        (link) => !listed(answer.list, nonce, Envelope.parse(link).hash()),
      ).length;
      const { objects, pages, envelopes } = counts;
      return { at, bytes, missing, recordings: objects, pages, keys: envelopes };
    } catch (error) {
      if (error instanceof RuleError) this.engine.alarms.raise(error);
      throw error;
    }
  }
}
