// SPDX-License-Identifier: Apache-2.0

import { base32, base64, random } from '../bytes.ts';
import { Envelope } from '../statement/dsse.ts';
import {
  checkFresh,
  isLate,
  offerOf,
  openSignal,
  type EndWord,
  type Offered,
  type RefusalWord,
  type Signal,
} from '../statement/live.ts';
import type { Relay } from './cloud.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Post } from './post.ts';
import { late } from './sides.ts';

interface Waiting extends Offered {
  readonly take: (answer: Signal) => void;
}

/** What the hub has agreed to show. */
export interface Agreed {
  readonly view: string;
  /** The hub's session description: it names the certificate of the other end. */
  readonly sdp: string;
}

const answerPatience = 10_000;
/** A cloud that hangs must not keep anybody from looking who is at home. */
const relayPatience = 4_000;
const tries = 3;
/** Relays that end sooner are asked for again: a connection is not begun at once. */
const leastLeft = 2 * 60_000;
/** Nonces are remembered for twice as long as a signal could pass. */
const remembered = 60_000;

/**
 * This device's side of the talk about live view (docs/protocol.md 14.1). The connection itself is
 * made in the page; what is said here is signed, sealed and checked, so that the page connects to
 * nobody but the household's own hub.
 */
export class Views {
  private readonly waiting = new Map<string, Waiting>();
  private readonly seen = new Map<string, number>();
  /** How far the hub's clock is ahead of this one, once the hub has said so. */
  private ahead = 0;

  constructor(
    private readonly engine: Engine,
    private readonly post: Pick<Post, 'send' | 'anew'>,
    /** The hub ended a view. */
    private readonly ended: (view: string, word: EndWord) => void,
  ) {}

  private given: { readonly relays: Promise<readonly Relay[]>; readonly until: number } | null =
    null;

  /** The network may be another one: what the hub says is to come by a new way. */
  anew(): void {
    this.post.anew();
  }

  /** Relays, by which the hub is reached away from home. Asked for ahead, so that nobody waits. */
  relays(): Promise<readonly Relay[]> {
    // They are the cloud's. Where the hub is reached without it, none is needed.
    if (this.engine.atHome) return Promise.resolve([]);
    const now = this.engine.cloud.now();
    if (this.given !== null && now < this.given.until) return this.given.relays;
    const { member, known } = this.engine;
    const asked = this.engine.cloud.relays(known.roster.household, member.signer);
    const given = {
      relays: late(asked, relayPatience).then((relays) => {
        if (!(relays instanceof Error)) return relays;
        // Where it leads there directly none is needed; who needs one asks again.
        if (this.given === given) this.given = null;
        return [];
      }),
      until: Number.MAX_SAFE_INTEGER,
    };
    this.given = given;
    void given.relays.then((relays) => {
      if (this.given !== given) return;
      const until = Math.min(now + leastLeft, ...relays.map((one) => one.until - leastLeft));
      this.given = { relays: given.relays, until };
    });
    return given.relays;
  }

  private now(): number {
    return this.engine.cloud.now() + this.ahead;
  }

  /** Asks the hub to show cameras. Rejects with why not. */
  async offer(cameras: readonly string[], sdp: string, signal: AbortSignal): Promise<Agreed> {
    for (let attempt = 1; ; attempt++) {
      this.checkRight(cameras);
      const { kind, body, view } = await this.ask(cameras, sdp, signal);
      if (kind === 'answer') return { view, sdp: body };
      const word = body as RefusalWord;
      const moved = word === 'stale' || word === 'denied' || word === 'not-found';
      if (moved) await this.engine.syncAfresh();
      if (word === 'denied') this.checkRight(cameras);
      const again = word === 'late' || word === 'stale';
      if (!again || attempt === tries) throw refused(word);
    }
  }

  /** Says at once what the hub would say. */
  private checkRight(cameras: readonly string[]): void {
    for (const camera of cameras) {
      const reason = this.engine.may('live', camera);
      if (reason === 'hours' || reason === 'early') {
        throw new Fault('not-now', `not at this hour: ${reason}`);
      }
      if (reason !== '') throw new Fault('not-allowed', `not for this device: ${reason}`);
    }
  }

  private async ask(cameras: readonly string[], sdp: string, signal: AbortSignal): Promise<Signal> {
    signal.throwIfAborted();
    const view = newView();
    const nonce = random(16);
    const { head } = this.engine.known.roster;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let abort = (): void => undefined;
    try {
      return await new Promise<Signal>((take, reject) => {
        this.waiting.set(view, { view, nonce, cameras, head: head.hash, take });
        const late = (): void => reject(new Fault('hub-away', 'the hub did not answer'));
        timer = setTimeout(late, answerPatience);
        abort = () => reject(new DOMException('cancelled', 'AbortError'));
        signal.addEventListener('abort', abort);
        this.send({ kind: 'offer', body: sdp, cameras, nonce, view }).catch(reject);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.waiting.delete(view);
      // Nobody is left who would watch what the hub may be about to show.
      if (signal.aborted) this.end(view);
    }
  }

  /** Tells the hub that nobody watches any more; it would find out by itself. */
  end(view: string): void {
    const nonce = random(16);
    this.send({ kind: 'end', body: '', cameras: [], nonce, view }).catch(() => undefined);
  }

  /** Asks the hub who is watching; the answer comes to whoever hears of that. */
  askWho(): void {
    const signal = { kind: 'ask', body: '', cameras: [], nonce: random(16), view: newView() };
    this.send(signal).catch(() => undefined);
  }

  private async send(
    signal: Pick<Offered, 'cameras' | 'nonce' | 'view'> & { kind: string; body: string },
  ): Promise<void> {
    const { member, known } = this.engine;
    const { household, head } = known.roster;
    const { kind, body, cameras, nonce, view } = signal;
    const envelope = await Envelope.signed(
      'signal',
      {
        at: this.now(),
        body,
        cameras: [...cameras],
        from: member.device,
        head: head.hash,
        household,
        kind,
        nonce,
        to: 'hub',
        view,
      },
      member.signer,
    );
    await this.post.send('live', envelope, () => this.waiting.has(view));
  }

  /** Takes a signal of the hub. */
  async take(plain: Uint8Array): Promise<void> {
    const reader = { roster: this.engine.known.roster, self: this.engine.member.device };
    const { read } = await openSignal(plain, reader, 'hub');
    if (isLate(read)) {
      // Its time is not asked for: that the clocks differ is what it says, and the nonce is new.
      const { take } = offerOf(read, this.waiting.values());
      this.ahead = read.at - this.engine.cloud.now();
      take(read);
      return;
    }
    // An answer is known by the offer that waits for it, which it ends.
    checkFresh(read, this.now(), (nonce) => read.kind === 'end' && this.known(nonce));
    if (read.kind === 'end') this.ended(read.view, read.body as EndWord);
    else offerOf(read, this.waiting.values()).take(read);
  }

  private known(nonce: Uint8Array): boolean {
    const now = this.now();
    for (const [key, until] of this.seen) if (until < now) this.seen.delete(key);
    const key = base64(nonce);
    const before = this.seen.has(key);
    this.seen.set(key, now + remembered);
    return before;
  }
}

const newView = (): string => `vie_${base32(random(16))}`;

function refused(word: RefusalWord): Fault {
  switch (word) {
    case 'denied':
      return new Fault('not-allowed', 'the hub says that this device may not');
    case 'not-found':
      return new Fault('not-found', 'the hub has no such camera now');
    case 'private':
      return new Fault('camera-private', 'somebody has turned it off at its source');
    case 'busy':
      return new Fault('busy', 'the hub shows as much as it can');
    case 'late':
      return new Fault('clock-wrong', 'the hub takes no offer of this clock');
    case 'stale':
      return new Fault('hub-away', 'the hub is ahead of what the cloud shows');
    case 'invalid':
      return new Fault('internal', 'the hub cannot show what this browser asks for');
  }
}
