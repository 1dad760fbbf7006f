// SPDX-License-Identifier: Apache-2.0

import { fromBase64 } from '../bytes.ts';
import { Envelope } from '../statement/dsse.ts';
import { openLock } from '../statement/lock.ts';
import type { Op, Reply } from '../statement/request.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import { gestureOf, type Shown } from './gesture.ts';
import { signAct } from './order.ts';
import { passkeyWanted, type PasskeyWanted } from './passkey.ts';

/** A door that can be opened, by what its setting says. */
export interface Door {
  readonly camera: string;
  readonly name: string;
  /** It opens only for who shows that it is them. */
  readonly gesture: boolean;
}

/** A command that opens a door, signed for this moment. */
export interface Wish {
  /** The envelope, base64. */
  readonly act: string;
  /** By which passkey somebody may show that it is them; null where there is none at this address. */
  readonly passkey: PasskeyWanted | null;
}

/** How it went. Of `opened` it may be that somebody else was a moment earlier. */
export type OpenOutcome =
  'opened' | 'unanswered' | 'shut' | 'late' | 'gesture' | 'gesture-wrong' | 'denied' | 'none';

export interface OpenResult {
  readonly outcome: OpenOutcome;
  /** Who opened it; '' where it was not opened. */
  readonly person: string;
}

/** What the hub says where nothing went wrong on the way. */
const outcomes: Readonly<Record<string, OpenOutcome>> = {
  late: 'late',
  stale: 'late',
  gesture: 'gesture',
  'gesture-wrong': 'gesture-wrong',
  denied: 'denied',
  'no-lock': 'none',
  'lock-away': 'unanswered',
  'lock-no': 'shut',
};

const patience = 10_000;
/** A lock may take five seconds. */
const openPatience = 15_000;

/** Opening doors (docs/protocol.md 7.6). What comes too late opens nothing, so nothing is tried again here. */
export class Doors {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  async list(): Promise<Door[]> {
    const { result } = await this.send({ kind: 'locks' }, patience);
    const { roster } = this.engine.known;
    const all = await Promise.all((result.locks ?? []).map((one) => openLock(one, roster)));
    return all
      .filter(({ kind }) => kind !== 'off')
      .map(({ camera, name, gesture }) => ({ camera, name, gesture }));
  }

  /** Signs for a challenge of the hub's, or says at once why it would be no use. */
  async wish(camera: string): Promise<Wish | OpenResult> {
    return this.heard(async () => {
      const { result } = await this.send({ kind: 'ask-open', camera }, patience);
      const { bytes, not_after } = result.challenge!;
      const challenged = { action: 'open', challenge: bytes, not_after, target: camera } as const;
      const act = await signAct(this.engine, challenged);
      const hash = Envelope.parse(fromBase64(act)!).hash();
      return { act, passkey: passkeyWanted(this.engine, hash) };
    });
  }

  async open(act: string, shown: Shown | null): Promise<OpenResult> {
    return this.heard(async () => {
      const given = shown === null ? {} : { gesture: gestureOf(shown) };
      const op: Op = { kind: 'open', act: fromBase64(act)!, ...given };
      const { result } = await this.send(op, openPatience);
      return { outcome: 'opened', person: result.opened?.person ?? '' };
    });
  }

  private async heard<T>(ask: () => Promise<T>): Promise<T | OpenResult> {
    try {
      return await ask();
    } catch (error) {
      const word = error instanceof Refused ? error.word : '';
      const outcome = Object.hasOwn(outcomes, word) ? outcomes[word] : undefined;
      if (outcome === undefined) throw error;
      if (word === 'stale') await this.engine.syncAfresh();
      return { outcome, person: '' };
    }
  }
}
