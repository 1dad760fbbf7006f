// SPDX-License-Identifier: Apache-2.0

import type { Channel, ChannelReport } from '../statement/channel.ts';
import type { Given, Integration, languages } from '../statement/integration.ts';
import type { Op, Reply } from '../statement/request.ts';
import { wishOf, type Wished } from '../statement/wish.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { gestureOf, type Shown } from './gesture.ts';
import { passkeyWanted, type PasskeyWanted } from './passkey.ts';

/** Who is to be told besides this household's devices; no cameras are all that there are and will be. */
interface Wish {
  readonly name: string;
  readonly language: (typeof languages)[number];
  readonly cameras: readonly string[];
}
export interface ChannelWish extends Wish {
  readonly channel: Channel;
}
/** It has cameras. */
export interface IntegrationWish extends Wish {
  readonly tells: readonly Given[];
  /** May carry user and password; empty for one that only reads. */
  readonly url: string;
}
export type OutsideWish = ChannelWish | IntegrationWish;

/** Whether it is there, or what is wanted or wrong; by which passkeys somebody may show that it is them. */
export interface AddResult {
  readonly outcome: 'set' | 'gesture' | 'gesture-wrong' | 'invalid' | 'exists' | 'full';
  readonly passkey: PasskeyWanted | null;
  /** Where an integration that may read does so, said this once; none where the hub cannot listen. */
  readonly reads: readonly Read[];
}
/** An address of a camera, with the user and password in it. */
export interface Read {
  readonly camera: string;
  readonly url: string;
}
const outcomes: readonly string[] = ['gesture', 'gesture-wrong', 'invalid', 'exists', 'full'];

const patience = 10_000;
/** The hub tries a channel for ten seconds, and a broker for five to forget what it was told. */
const tryPatience = 25_000;

/** Who is told outside of Keyhold: channels and integrations (docs/protocol.md 18 and 19). */
export class Outside {
  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  async channels(): Promise<readonly ChannelReport[]> {
    return (await this.send({ kind: 'channels' }, patience)).result.channels ?? [];
  }

  async integrations(): Promise<readonly Integration[]> {
    return (await this.send({ kind: 'integrations' }, patience)).result.integrations ?? [];
  }

  /** Adds one. What somebody shows is for just this wish. */
  async add(wish: OutsideWish, shown: Shown | null): Promise<AddResult> {
    const op = opOf(wish);
    const given = shown === null ? {} : { gesture: gestureOf(shown) };
    let result: Reply['result'];
    try {
      ({ result } = await this.send({ ...op, ...given }, patience));
    } catch (error) {
      const word = error instanceof Refused ? error.word : '';
      if (!outcomes.includes(word)) throw error;
      const { household } = this.engine.known.roster;
      const passkey = passkeyWanted(this.engine, wishOf(op, household));
      return { outcome: word as AddResult['outcome'], passkey, reads: [] };
    }
    return { outcome: 'set', passkey: null, reads: readsOf(op.cameras, result.streams) };
  }

  /** Sends a word by a channel now; how the channel does then. */
  async test(name: string): Promise<ChannelReport> {
    const { result } = await this.send({ kind: 'test-channel', name }, tryPatience);
    const one = result.channels?.[0];
    if (one === undefined) throw new Fault('not-found', 'no such channel');
    return one;
  }

  async removeChannel(name: string): Promise<void> {
    await this.send({ kind: 'remove-channel', name }, patience);
  }

  /** Whether the broker has forgotten what it was told. */
  async removeIntegration(name: string): Promise<boolean> {
    const { result } = await this.send({ kind: 'remove-integration', name }, tryPatience);
    return result.forgotten ?? false;
  }
}

/** The addresses are in the order of the cameras; with any other number of them nobody knows which is which. */
function readsOf(cameras: readonly string[] = [], streams: readonly string[] = []): Read[] {
  if (streams.length !== cameras.length) return [];
  return cameras.map((camera, i) => ({ camera, url: streams[i] as string }));
}

/** What does not belong to it is left out, as the hub does it: a gesture is made for these very bytes. */
function opOf(wish: OutsideWish): Wished {
  const { language } = wish;
  const name = wish.name.normalize('NFC');
  const cameras = [...wish.cameras].sort();
  if ('channel' in wish) {
    const of = cameras.length === 0 ? {} : { cameras };
    return { kind: 'add-channel', name, language, channel: wish.channel, ...of };
  }
  const tells = [...wish.tells].sort();
  const broker = wish.url === '' ? {} : { url: wish.url };
  return { kind: 'add-integration', name, language, cameras, tells, ...broker };
}
