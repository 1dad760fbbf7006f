// SPDX-License-Identifier: Apache-2.0

import { fromBase64 } from '../bytes.ts';
import type { QuickReply } from '../statement/quickreply.ts';
import type { Challenged } from '../sync/order.ts';
import type { Connection } from './connection.ts';
import { Value, type LiveVoice, type TalkState } from './handles.ts';

/** What the hub says of an act on the data channel (docs/protocol.md 14.5). */
export interface ActTold {
  readonly action: string;
  readonly by: string;
  readonly state: 'begun' | 'on' | 'over' | 'refused';
  readonly target: string;
  readonly word: string;
}

/** A challenge as it stands there. */
export interface ChallengeTold extends Omit<Challenged, 'challenge' | 'action'> {
  readonly action: string;
  readonly challenge: string;
}

/** How loud the microphone is, is told so often. */
const levelEvery = 80;
/** A hub that does not answer to a wish. */
const patience = 8_000;
/** Whoever is told that they talk already asks again: a view that was just lost still ends. */
const askAgain = 250;
const ownEnds = 2_000;

/**
 * What the hub was asked for, until it says that it is over. There is one at a time, so that what
 * the hub says is about this one: it does not say which press it answers.
 */
interface Wish {
  readonly camera: string;
  /** The press that it is for. */
  turn: number;
  step: 'asked' | 'ordered' | 'begun';
}

/**
 * Talking by a camera's speaker, while somebody holds a button; or having the hub say something
 * there, once, in which no microphone has a part. The microphone is open from the
 * press to the release and no longer. What it hears is sent from the chime on, so that no word is
 * lost at its end; the hub lets nobody hear what comes before that.
 */
export class Voice implements LiveVoice {
  readonly cameras = new Value<readonly string[]>([]);
  readonly replies = new Value<readonly string[]>([]);
  readonly state = new Value<TalkState>({ step: 'off' });
  readonly replying = new Value<TalkState>({ step: 'off' });
  readonly level = new Value<number>(0);
  private held = '';
  /** What the hub is to say; null for one's own voice. */
  private text: QuickReply | null = null;
  private turn = 0;
  private pressed = 0;
  private wish: Wish | null = null;
  private microphone: MediaStream | null = null;
  private ears: AudioContext | null = null;
  private listening: ReturnType<typeof setInterval> | undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly connection: () => Pick<Connection, 'say' | 'speak'> | null,
    /** Who holds the button. */
    private readonly person: () => string,
    private readonly sign: (challenged: Challenged) => Promise<string>,
  ) {
    document.addEventListener('visibilitychange', this.hidden);
  }

  private readonly hidden = (): void => {
    if (document.visibilityState !== 'visible' && this.text === null) this.release();
  };

  hold(camera: string): void {
    // Whoever wants to talk themselves ends what is being said for them.
    if (this.text !== null) this.release();
    if (!this.start(camera)) return;
    this.state.set({ step: 'asking' });
    void this.begin(this.turn);
  }

  reply(camera: string, text: QuickReply): void {
    if (!this.start(camera)) return;
    this.text = text;
    this.replying.set({ step: 'asking' });
    this.wait();
    this.ask();
  }

  private start(camera: string): boolean {
    if (this.held !== '' || this.connection() === null) return false;
    this.held = camera;
    this.turn += 1;
    this.pressed = performance.now();
    this.state.set({ step: 'off' });
    this.replying.set({ step: 'off' });
    return true;
  }

  /** There is something to be heard. */
  private ready(): boolean {
    return this.microphone !== null || this.text !== null;
  }

  /** What tells how it goes. */
  private shown(): Value<TalkState> {
    return this.text === null ? this.state : this.replying;
  }

  private async begin(turn: number): Promise<void> {
    let microphone: MediaStream;
    try {
      microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      const none = error instanceof DOMException && error.name === 'NotFoundError';
      if (turn === this.turn) this.fail(none ? 'no-microphone' : 'microphone');
      return;
    }
    // Whoever was asked for the microphone may have let go long ago.
    if (turn !== this.turn || this.held === '') {
      for (const track of microphone.getTracks()) track.stop();
      return;
    }
    this.microphone = microphone;
    this.wait();
    this.ask();
  }

  /** Begins to wait for the hub. What it does not answer is not waited for by the next press. */
  private wait(): void {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.fail('no-answer');
      this.wish = null;
    }, patience);
  }

  /** Asks for what is held now, once the hub is done with what was held before. */
  private ask(): void {
    if (!this.ready() || this.wish !== null) return;
    this.wish = { camera: this.held, turn: this.turn, step: 'asked' };
    this.wait();
    this.connection()?.say({ ask: { action: 'talk', target: this.held } });
  }

  release(): void {
    if (this.held === '') return;
    this.finish({ step: 'off' });
  }

  private finish(state: TalkState): void {
    const shown = this.shown();
    this.quiet();
    shown.set(state);
  }

  /** The connection is another one, or gone. */
  cut(): void {
    this.wish = null;
    if (this.held !== '') this.fail('lost');
    this.cameras.set([]);
  }

  close(): void {
    this.release();
    this.quiet();
    document.removeEventListener('visibilitychange', this.hidden);
  }

  /** Nothing leaves this device any more, and the hub ends what it was ordered. */
  private quiet(): void {
    const { wish } = this;
    if (wish?.turn === this.turn && wish.step !== 'asked') {
      this.connection()?.say({ hush: wish.camera });
    }
    this.turn += 1;
    this.held = '';
    this.text = null;
    clearTimeout(this.waiting);
    clearTimeout(this.again);
    clearInterval(this.listening);
    void this.connection()?.speak(null);
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
    void this.ears?.close().catch(() => undefined);
    this.ears = null;
    this.level.set(0);
  }

  private fail(word: string, by = ''): void {
    this.finish({ step: 'refused', word, by });
  }

  async challenged(told: ChallengeTold): Promise<void> {
    const challenge = fromBase64(told.challenge);
    const { wish } = this;
    if (told.action !== 'talk' || wish?.step !== 'asked' || wish.camera !== told.target) return;
    // A challenge is as good for the press that is held by now.
    if (challenge === null || !this.ready() || this.held !== wish.camera) {
      this.done();
      return;
    }
    const turn = (wish.turn = this.turn);
    const { not_after, target } = told;
    try {
      const spoken = this.text === null ? {} : { reply: this.text };
      const act = await this.sign({ action: 'talk', challenge, not_after, target, ...spoken });
      if (this.wish !== wish) return;
      if (turn !== this.turn) {
        this.done();
        return;
      }
      wish.step = 'ordered';
      this.connection()?.say({ act });
    } catch {
      if (this.wish !== wish) return;
      if (turn === this.turn) this.fail('invalid');
      this.done();
    }
  }

  /** The hub has nothing more to say about what it was asked for. */
  private done(): void {
    this.wish = null;
    if (this.held !== '') this.ask();
  }

  told({ action, by, state, target, word }: ActTold): void {
    const { wish } = this;
    if (action !== 'talk' || wish === null) return;
    if (target !== '' && target !== wish.camera) return;
    // What was asked for alone has not begun, so it is another thing that is told of.
    if (wish.step === 'asked' && state !== 'refused') return;
    const mine = wish.turn === this.turn;
    if (mine) clearTimeout(this.waiting);
    if (state === 'refused' || state === 'over') {
      this.wish = null;
      if (mine) this.ended(state, word, by);
      else if (this.held !== '') this.ask();
    } else if (state === 'begun') {
      wish.step = 'begun';
      if (!mine) return;
      this.shown().set({ step: 'chime' });
      void this.connection()?.speak(this.microphone?.getAudioTracks()[0] ?? null);
    } else if (mine) {
      this.shown().set({ step: 'on' });
      this.listen();
    }
  }

  private ended(state: 'refused' | 'over', word: string, by: string): void {
    const own = state === 'refused' && word === 'busy' && by === this.person();
    if (own && performance.now() - this.pressed < ownEnds) {
      this.again = setTimeout(() => this.ask(), askAgain);
    } else if (word === 'said') this.finish({ step: 'said' });
    else this.fail(word, state === 'refused' ? by : '');
  }

  /** Tells how loud it is, so that whoever talks sees that they are heard. */
  private listen(): void {
    if (this.microphone === null) return;
    this.ears = new AudioContext();
    const meter = this.ears.createAnalyser();
    meter.fftSize = 512;
    this.ears.createMediaStreamSource(this.microphone).connect(meter);
    const wave = new Float32Array(meter.fftSize);
    clearInterval(this.listening);
    this.listening = setInterval(() => {
      meter.getFloatTimeDomainData(wave);
      const power = wave.reduce((sum, one) => sum + one * one, 0) / wave.length;
      this.level.set(Math.min(1, Math.sqrt(power) * 4));
    }, levelEvery);
  }
}
