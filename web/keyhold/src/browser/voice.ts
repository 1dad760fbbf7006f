// SPDX-License-Identifier: Apache-2.0

import { fromBase64 } from '../bytes.ts';
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

/**
 * Talking by a camera's speaker, while somebody holds a button. The microphone is open from the
 * press to the release and no longer, and nothing is sent before the hub says that its chime is over.
 */
export class Voice implements LiveVoice {
  readonly cameras = new Value<readonly string[]>([]);
  readonly state = new Value<TalkState>({ step: 'off' });
  readonly level = new Value<number>(0);
  private held = '';
  private turn = 0;
  private microphone: MediaStream | null = null;
  private ears: AudioContext | null = null;
  private listening: ReturnType<typeof setInterval> | undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly connection: () => Connection | null,
    private readonly sign: (challenged: Challenged) => Promise<string>,
  ) {
    document.addEventListener('visibilitychange', this.hidden);
  }

  private readonly hidden = (): void => {
    if (document.visibilityState !== 'visible') this.release();
  };

  hold(camera: string): void {
    if (this.held !== '' || this.connection() === null) return;
    this.held = camera;
    this.turn += 1;
    this.state.set({ step: 'asking' });
    void this.begin(camera, this.turn);
  }

  private async begin(camera: string, turn: number): Promise<void> {
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
    this.waiting = setTimeout(() => this.fail('no-answer'), patience);
    this.connection()?.say({ ask: { action: 'talk', target: camera } });
  }

  release(): void {
    const camera = this.held;
    if (camera === '') return;
    this.quiet();
    if (this.state.get().step !== 'asking') this.connection()?.say({ hush: camera });
    this.state.set({ step: 'off' });
  }

  /** The connection is another one, or gone. */
  cut(): void {
    if (this.held !== '') this.fail('lost');
    this.cameras.set([]);
  }

  close(): void {
    this.release();
    this.quiet();
    document.removeEventListener('visibilitychange', this.hidden);
  }

  /** Nothing leaves this device any more. */
  private quiet(): void {
    this.turn += 1;
    this.held = '';
    clearTimeout(this.waiting);
    clearInterval(this.listening);
    void this.connection()?.speak(null);
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
    void this.ears?.close().catch(() => undefined);
    this.ears = null;
    this.level.set(0);
  }

  private fail(word: string, by = ''): void {
    this.quiet();
    this.state.set({ step: 'refused', word, by });
  }

  async challenged(told: ChallengeTold): Promise<void> {
    const { turn } = this;
    const challenge = fromBase64(told.challenge);
    if (this.held !== told.target || told.action !== 'talk' || challenge === null) return;
    const { not_after, target } = told;
    try {
      const act = await this.sign({ action: 'talk', challenge, not_after, target });
      if (turn === this.turn) this.connection()?.say({ act });
    } catch {
      if (turn === this.turn) this.fail('invalid');
    }
  }

  told({ action, by, state, target, word }: ActTold): void {
    if (action !== 'talk' || this.held === '') return;
    if (target !== '' && target !== this.held) return;
    clearTimeout(this.waiting);
    if (state === 'refused') this.fail(word, by);
    else if (state === 'over') this.fail(word);
    else if (state === 'begun') {
      this.state.set({ step: 'chime' });
      void this.connection()?.speak(this.microphone?.getAudioTracks()[0] ?? null);
    } else {
      this.state.set({ step: 'on' });
      this.listen();
    }
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
