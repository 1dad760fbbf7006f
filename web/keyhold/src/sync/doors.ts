// SPDX-License-Identifier: Apache-2.0

import { fromBase64, type Bytes } from '../bytes.ts';
import { Envelope } from '../statement/dsse.ts';
import { openLock, type LockSetting } from '../statement/lock.ts';
import type { Op, Reply } from '../statement/request.ts';
import { encodeWay, lockWish, type Way } from '../statement/way.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import { gestureOf, type Shown } from './gesture.ts';
import { signAct } from './order.ts';
import { passkeyWanted, type PasskeyWanted } from './passkey.ts';

/** A door that can be opened, by what its setting says. */
export interface Door {
  readonly camera: string;
  readonly name: string;
  readonly kind: LockSetting['kind'];
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

/** What is to open a door. Its nonce stays the same until it is set: what somebody shows is for it. */
export interface DoorWish extends Way {
  readonly name: string;
  readonly kind: 'http' | 'mqtt' | 'onvif';
  readonly gesture: boolean;
}

/** Whether it is set, or what is wanted or wrong; by which passkeys somebody may show that it is them. */
export interface SetResult {
  readonly outcome: 'set' | 'gesture' | 'gesture-wrong' | 'invalid';
  readonly passkey: PasskeyWanted | null;
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
/** So often a setting is made again where the household has changed, or another came before. */
const tries = 3;
/** A camera that opens its own door is asked what it has. */
const setPatience = 40_000;
/** A lock may take five seconds. */
const openPatience = 15_000;

/** Opening doors (docs/protocol.md 7.6). What comes too late opens nothing, so nothing is tried again here. */
export class Doors {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  async list(): Promise<Door[]> {
    return (await this.kept())
      .filter(({ kind }) => kind !== 'off')
      .map(({ camera, name, kind, gesture }) => ({ camera, name, kind, gesture }));
  }

  private async kept(): Promise<LockSetting[]> {
    const { result } = await this.send({ kind: 'locks' }, patience);
    const { roster } = this.engine.known;
    return Promise.all((result.locks ?? []).map((one) => openLock(one, roster)));
  }

  /** Sets what opens the door at a camera; null: nothing any more. */
  async set(
    camera: string,
    wish: DoorWish | null,
    shown: Shown | null,
    attempt = 1,
  ): Promise<SetResult> {
    const last = (await this.kept()).find((one) => one.camera === camera)?.seq ?? 0;
    const { cloud, member, known } = this.engine;
    const { household, head } = known.roster;
    const way = wish === null ? null : encodeWay(wish);
    const setting: LockSetting = {
      at: cloud.now(),
      camera,
      device: member.device,
      gesture: wish?.gesture ?? false,
      head: head.hash,
      household,
      kind: wish?.kind ?? 'off',
      name: (wish?.name ?? '').normalize('NFC'),
      seq: last + 1,
      way: way?.hash ?? (new Uint8Array(0) as Bytes),
    };
    const lock = (await Envelope.signed('lock', setting, member.signer)).encode();
    const brought = way === null ? {} : { way: way.text };
    const given = shown === null ? {} : { gesture: gestureOf(shown) };
    try {
      await this.send({ kind: 'set-lock', lock, ...brought, ...given }, setPatience);
    } catch (error) {
      const word = error instanceof Refused ? error.word : '';
      if (word === 'stale' && attempt < tries) {
        await this.engine.syncAfresh();
        return this.set(camera, wish, shown, attempt + 1);
      }
      if (word !== 'gesture' && word !== 'gesture-wrong' && word !== 'invalid') throw error;
      return { outcome: word, passkey: passkeyWanted(this.engine, lockWish(setting)) };
    }
    return { outcome: 'set', passkey: null };
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
