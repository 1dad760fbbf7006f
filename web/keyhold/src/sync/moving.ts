// SPDX-License-Identifier: Apache-2.0

import { equal, utf8, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Op } from '../statement/request.ts';
import { arrived, bring, elsewhere, nothingTaken, take, type Taken } from './arrival.ts';
import type { Cloud } from './cloud.ts';
import { Refused, type Commands } from './commands.ts';
import { Copying } from './copying.ts';
import type { Engine } from './engine.ts';
import { Fault, faultOf, type FaultKind } from './fault.ts';
import { gestureOf, Prompt, type Shown } from './gesture.ts';
import { Memory } from './memory.ts';
import { passkeyWanted, type PasskeyWanted } from './passkey.ts';
import { Stars } from './stars.ts';
import { placeKey, type Store } from './store.ts';

export { placeKey };

/** A cloud: where it is, and by which key it is known there. */
export interface Place {
  readonly to: Bytes;
  readonly url: string;
}

/** Clouds by their addresses; only in `keyhold app` there is more than one. */
export interface Clouds {
  /** The address of the one that `keyhold app` was started with. */
  given(): Promise<string>;
  at(address: string): Promise<Cloud>;
}

/** A household on its way to another cloud, as a page shows it. */
export type MoveState = { readonly from: string; readonly to: string } & (
  | { readonly step: 'asking' | 'going' }
  | {
      readonly step: 'code';
      readonly wrong: boolean;
      /** Passkeys that can answer in place of the digits. */
      readonly passkey: PasskeyWanted | null;
    }
  | { readonly step: 'copying'; readonly done: number; readonly total: number }
  | { readonly step: 'arriving'; readonly since: number }
  /** `gone`: the hub was told to go; before that nothing has changed. `again`: it is tried again by itself. */
  | {
      readonly step: 'stopped';
      readonly reason: FaultKind;
      readonly gone: boolean;
      readonly again: boolean;
    }
  /** `followed`: somebody else's device moved the household. */
  | { readonly step: 'moved'; readonly followed: boolean; readonly erased: boolean }
);

type Step = MoveState extends infer S
  ? S extends MoveState
    ? Omit<S, 'from' | 'to'>
    : never
  : never;

interface KeptMove extends Taken {
  readonly from: Place;
  readonly to: Place;
  /** `going`: everything is copied, and the hub is told to go. */
  readonly stage: 'ordered' | 'going' | 'moved';
  readonly followed: boolean;
  readonly erased: boolean;
}

export interface MovingEvents {
  readonly state: (state: MoveState | null) => void;
  /** The cloud that is left has nothing new to say. */
  readonly rest: () => void;
  /** From here on this device is with the other cloud. */
  readonly settled: () => Promise<void>;
}

export interface MovingParts {
  readonly engine: Engine;
  readonly commands: Pick<Commands, 'send'>;
}

const moveKey = 'move';

const patience = 40_000;
const shortPatience = 12_000;
const pollEvery = 10_000;
const againAfter = 30_000;
/** What may be so because not everything has come yet. */
const unfinished: readonly string[] = ['rolled-back', 'seq-gap', 'frozen', 'envelope'];

/** Takes the household to another cloud, or follows it there (docs/protocol.md 7). It outlives the page. */
export class Moving {
  private kept: KeptMove | null = null;
  private running: AbortController | null = null;
  private prompt: Prompt<Shown> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: () => MovingParts,
    private readonly store: Store,
    private readonly clouds: Clouds,
    private readonly events: MovingEvents,
  ) {}

  /** What was under way when this device was used last. */
  async load(): Promise<void> {
    this.kept = (await this.store.get<KeptMove>(moveKey)) ?? null;
    if (this.kept?.stage === 'moved') this.showMoved(this.kept);
  }

  /** Whether the hub was told to leave the cloud that this device still looks at. */
  going(): boolean {
    return this.kept?.stage === 'going';
  }

  /** Goes on with what was under way; it is tried again by itself where somebody did not answer. */
  resume(): void {
    if (this.kept === null || this.kept.stage === 'moved' || this.running !== null) return;
    clearTimeout(this.timer);
    void this.run(this.kept);
  }

  /** Begins; what can be said at once rejects, the rest is told by the state. */
  async begin(address: string): Promise<void> {
    if (this.kept !== null && this.kept.stage !== 'moved') throw new Fault('internal', 'it moves');
    const { engine } = this.parts();
    if (engine.known.roster.person(engine.member.person)?.role !== 'owner') {
      throw new Fault('not-allowed', 'only an owner moves the household');
    }
    const [from, to] = [await this.here(), await this.find(address)];
    if (from.to.length === 0) throw new Fault('cloud-away', 'the cloud that is left is needed');
    if (equal(from.to, to.to)) throw new Fault('same-cloud', 'the household is there already');
    const move = { stage: 'ordered', followed: false, erased: false, ...nothingTaken } as const;
    this.kept = { from, to, ...move };
    this.resume();
  }

  /** The household has moved already: this device follows, if the hub is there. */
  async follow(address: string): Promise<void> {
    const { engine } = this.parts();
    const [from, to] = [await this.here(), await this.find(address)];
    if (from.url === to.url || equal(from.to, to.to)) {
      throw new Fault('same-cloud', 'the household is there already');
    }
    const cloud = await this.clouds.at(to.url);
    const there = await arrived(engine, cloud, this.store);
    this.stop();
    // The old cloud may be gone, or hide everything: then what others gave stays behind.
    const { checkedAt, reachable, refused, known } = engine;
    const served = checkedAt !== null && reachable && !refused && known.erasing === null;
    const taken = served ? await take(engine).catch(() => nothingTaken) : nothingTaken;
    await this.settle(there, {
      ...{ from, to, ...taken },
      ...{ stage: 'moved', followed: true, erased: false },
    });
  }

  code(shown: Shown): void {
    this.prompt?.give(shown);
  }

  /** Gives up what has not changed anything yet. */
  async giveUp(): Promise<void> {
    if (this.kept?.stage !== 'ordered') return;
    this.stop();
    this.kept = null;
    await this.store.delete(moveKey);
    this.show(null);
  }

  /** Somebody has read that it is done. */
  async read(): Promise<void> {
    if (this.kept?.stage !== 'moved') return;
    this.kept = null;
    await this.store.delete(moveKey);
    this.show(null);
  }

  /** The cloud that was left, as long as nobody has read that it is done. */
  left(): Place | null {
    return this.kept?.stage === 'moved' ? this.kept.from : null;
  }

  async erasedLeft(): Promise<void> {
    if (this.kept?.stage !== 'moved') return;
    await this.keep({ ...this.kept, erased: true });
    this.showMoved(this.kept);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
    this.prompt?.cancel();
  }

  private async run(kept: KeptMove): Promise<void> {
    const control = (this.running = new AbortController());
    const { signal } = control;
    try {
      const going = kept.stage === 'going' ? kept : await this.carry(kept, signal);
      this.events.rest();
      const there = await this.go(going, signal);
      await this.settle(there, { ...going, stage: 'moved' });
    } catch (error) {
      if (!signal.aborted) this.stopped(kept, faultOf(error).kind);
    } finally {
      if (this.running === control) this.running = null;
    }
  }

  private stopped(kept: KeptMove, reason: FaultKind): void {
    const soon = again(reason);
    this.show(this.at(kept, { step: 'stopped', reason, gone: this.going(), again: soon }));
    if (soon) this.timer = setTimeout(() => this.resume(), againAfter);
  }

  /** Until everything is at the other cloud: nothing has changed until then. */
  private async carry(kept: KeptMove, signal: AbortSignal): Promise<KeptMove> {
    const { engine, commands } = this.parts();
    this.show(this.at(kept, { step: 'asking' }));
    await engine.syncAfresh();
    const { to } = kept;
    const there = await this.clouds.at(to.url);
    try {
      if (!equal(await there.key(), to.to)) throw new Fault('other-cloud-away', 'another is there');
      await there.registerChain(engine.known.roster.chain);
    } catch (error) {
      throw elsewhere(error);
    }
    signal.throwIfAborted();
    // Before the hub is asked: its yes may come while nobody listens any more.
    await this.keep(kept);
    await this.order(kept, engine, commands).catch(async (error: unknown) => {
      if (!signal.aborted && !again(faultOf(error).kind)) await this.store.delete(moveKey);
      throw error;
    });
    signal.throwIfAborted();
    const stars = new Stars(engine, (op, patience) => commands.send(op, patience));
    const copying = new Copying(engine, commands, stars, signal);
    await copying.run((done, total) => this.show(this.at(kept, { step: 'copying', done, total })));
    const taken = await take(engine);
    signal.throwIfAborted();
    const going = { ...kept, ...taken, stage: 'going' } as const;
    await this.keep(going);
    return going;
  }

  /** Tells the hub where it is to go. It wants to see somebody; the same again goes on without. */
  private async order(
    kept: KeptMove,
    engine: Engine,
    commands: MovingParts['commands'],
  ): Promise<void> {
    const { to, url } = kept.to;
    const op: Op = { kind: 'move', cloud: { to, url } };
    const challenge = moveHash(engine.member.household, kept.to);
    let given = op;
    for (;;) {
      try {
        await commands.send(given, patience);
        return;
      } catch (error) {
        const word = error instanceof Refused ? error.word : '';
        if (word === 'invalid') throw new Fault('not-movable', 'it cannot bring the record along');
        if (word === 'exists') throw new Fault('to-be-erased', 'everything is to be erased');
        if (word !== 'gesture' && word !== 'gesture-wrong') throw error;
        this.prompt = new Prompt<Shown>();
        const answer = this.prompt.ask();
        const [wrong, passkey] = [word === 'gesture-wrong', passkeyWanted(engine, challenge)];
        this.show(this.at(kept, { step: 'code', wrong, passkey }));
        given = { ...op, gesture: gestureOf(await answer) };
        this.show(this.at(kept, { step: 'asking' }));
      }
    }
  }

  /** Lets the hub go, and waits until it has shown everything at the other cloud. */
  private async go(kept: KeptMove, signal: AbortSignal): Promise<Engine> {
    const { engine, commands } = this.parts();
    this.show(this.at(kept, { step: 'going' }));
    let told = await this.tellToGo(commands, patience);
    const since = engine.cloud.now();
    for (;;) {
      signal.throwIfAborted();
      this.show(this.at(kept, { step: 'arriving', since }));
      try {
        return await arrived(engine, await this.clouds.at(kept.to.url), this.store);
      } catch (error) {
        const { kind, rule = '' } = faultOf(error);
        const may = kind === 'hub-elsewhere' || kind === 'other-cloud-away';
        if (!may && !(kind === 'record-differs' && unfinished.includes(rule))) throw error;
      }
      // Its answer may have been lost, and it may have been off.
      told ||= await this.tellToGo(commands, shortPatience);
      await new Promise((resolve) => setTimeout(resolve, pollEvery));
    }
  }

  private async tellToGo(commands: MovingParts['commands'], wait: number): Promise<boolean> {
    try {
      await commands.send({ kind: 'switch' }, wait);
      return true;
    } catch (error) {
      if (faultOf(error).kind === 'hub-away') return false;
      throw error;
    }
  }

  private async settle(there: Engine, kept: KeptMove): Promise<void> {
    await bring(there, kept);
    // What was seen there counts at once: nobody goes back to where less is known.
    const status = there.known.status?.at ?? 0;
    await new Memory(this.store).raise({ runs: there.runs, status });
    await this.store.set(placeKey, kept.to);
    await this.keep({ ...kept, ...nothingTaken });
    await this.events.settled();
    this.showMoved(kept);
  }

  private async keep(kept: KeptMove): Promise<void> {
    await this.store.set(moveKey, kept);
    this.kept = kept;
  }

  /** The cloud that this device is with; without a key where it does not say it any more. */
  private async here(): Promise<Place> {
    const kept = await this.store.get<Place>(placeKey);
    if (kept !== undefined) return kept;
    const key = this.parts().engine.cloud.key();
    const to = await key.catch(() => new Uint8Array(0));
    return { to, url: await this.clouds.given() };
  }

  private async find(typed: string): Promise<Place> {
    const url = addressOf(typed);
    try {
      return { to: await (await this.clouds.at(url)).key(), url };
    } catch (error) {
      const fault = elsewhere(error);
      if (fault.kind === 'address-wrong') throw fault;
      throw new Fault('other-cloud-away', fault.message, fault.id);
    }
  }

  private at({ from, to }: KeptMove, step: Step): MoveState {
    return { from: from.url, to: to.url, ...step } as MoveState;
  }

  private showMoved(kept: KeptMove): void {
    const { followed, erased } = kept;
    this.show(this.at(kept, { step: 'moved', followed, erased }));
  }

  private show(state: MoveState | null): void {
    this.events.state(state);
  }
}

/** Whether somebody did not answer who may a moment later. */
function again(kind: FaultKind): boolean {
  return kind === 'hub-away' || kind === 'cloud-away' || kind === 'other-cloud-away';
}

/** What a gesture for moving there is made for. */
export function moveHash(household: string, { to, url }: Place): Bytes {
  return sha256(utf8('keyhold/v1/move'), utf8(household), to, utf8(url));
}

/** The address of a cloud as somebody types it, in its one spelling. */
export function addressOf(typed: string): string {
  const text = typed.trim();
  const wrong = new Fault('address-wrong', 'a cloud has an address like https://cloud.example');
  const here = /^(localhost|127(\.\d+){3}|\[::1\]|[a-z0-9.-]+\.localhost)(:|\/|$)/i.test(text);
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `${here ? 'http' : 'https'}://${text}`);
  } catch {
    throw wrong;
  }
  const plain = url.pathname === '/' && url.search === '' && url.hash === '';
  const named = url.hostname !== '' && url.username === '' && url.password === '';
  if (!/^https?:$/.test(url.protocol) || !plain || !named) throw wrong;
  return url.origin;
}
