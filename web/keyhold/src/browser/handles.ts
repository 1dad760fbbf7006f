// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../sync/playbacks.ts';
import type { FaultKind } from '../sync/fault.ts';
import type { InvitePhase } from '../sync/inviting.ts';
import type { ChangePhase } from '../sync/members.ts';
import type { Picture } from '../sync/pictures.ts';
import type { QuickReply } from '../statement/quickreply.ts';
import type { CameraState, TrustState } from './wire.ts';

/** What a page holds in its hand of a household. */
export type Place = 'own' | 'operator';

export interface Options {
  /** Where this app was served from. */
  readonly place: Place;
  /** The cloud's origin; that of the page where nothing else is said. */
  readonly origin?: string;
}

export interface Live<T> {
  get(): T;
  subscribe(run: (value: T) => void): () => void;
}

export interface Camera extends CameraState {
  readonly newest?: Picture;
}

export interface Playback {
  readonly spans: readonly Span[];
  read(index: number, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

export type LiveState =
  | { readonly step: 'connecting' }
  | { readonly step: 'on' }
  /** Nothing comes now; it is being tried again. */
  | { readonly step: 'again'; readonly reason: FaultKind | 'lost' | 'no-way' }
  /** Trying again would change nothing. */
  | { readonly step: 'over'; readonly reason: FaultKind };

/** Talking by a camera's speaker. Nobody else hears this device but while it says `on`. */
export type TalkState =
  | { readonly step: 'off' }
  /** The microphone and the hub are being asked. */
  | { readonly step: 'asking' }
  /** Whoever is near the camera is told by a sound. */
  | { readonly step: 'chime' }
  | { readonly step: 'on' }
  /** The hub has spoken a quick reply to its end. */
  | { readonly step: 'said' }
  /** Not, or not any more: why, and the person who talks there already. */
  | { readonly step: 'refused'; readonly word: string; readonly by: string };

export interface LiveVoice {
  /** Cameras that have a speaker, as far as is known. */
  readonly cameras: Live<readonly string[]>;
  /** Those by which the hub can speak quick replies. */
  readonly replies: Live<readonly string[]>;
  readonly state: Live<TalkState>;
  /** The same of a quick reply; nothing of this device is heard then. */
  readonly replying: Live<TalkState>;
  /** How loud it is, from 0 to 1. */
  readonly level: Live<number>;
  /** From now on, until `release`. */
  hold(camera: string): void;
  release(): void;
  /** Has the hub speak a text there, until its end or `release`. */
  reply(camera: string, text: QuickReply): void;
}

/** Some cameras that are watched live. The look is on record from its beginning to `close`. */
export interface LiveView {
  readonly state: Live<LiveState>;
  /** Cameras that send the hub nothing. */
  readonly silent: Live<readonly string[]>;
  /** Cameras with a second, smaller stream; null before the hub has said so. */
  readonly second: Live<readonly string[] | null>;
  /** Cameras whose smaller stream is sent because the line carries no more. */
  readonly narrow: Live<readonly string[]>;
  readonly voice: LiveVoice;
  picture(camera: string): Live<MediaStream | null>;
  /** Whose pictures are wanted from now on, and whether small; before, all are, large. */
  show(cameras: readonly string[], small?: boolean): void;
  hear(camera: string | null): void;
  again(): void;
  close(): void;
}

/** An invitation that waits for somebody, or serves them. */
export interface Invitation {
  readonly link: string;
  readonly phase: Live<InvitePhase>;
  confirm(): void;
  decline(): void;
  code(digits: string): void;
  /** In place of the digits, where the phase says that a passkey can. */
  passkey(): Promise<void>;
}

/** A change of the roster on its way. */
export interface Change {
  readonly phase: Live<ChangePhase>;
  code(digits: string): void;
  passkey(): Promise<void>;
  cancel(): void;
}

export class Value<T> implements Live<T> {
  private readonly runs = new Set<(value: T) => void>();
  constructor(private value: T) {}
  get(): T {
    return this.value;
  }
  set(value: T): void {
    this.value = value;
    for (const run of [...this.runs]) run(value);
  }
  subscribe(run: (value: T) => void): () => void {
    // An entry of its own, so that one function may listen twice.
    const entry = (value: T): void => run(value);
    this.runs.add(entry);
    entry(this.value);
    return () => this.runs.delete(entry);
  }
}

/** Before anything was heard. */
export const unheard: TrustState = {
  checking: false,
  checkedAt: null,
  hubHeardAt: null,
  cloudReachable: true,
  atHome: false,
  hubAway: false,
  refused: false,
  clockOff: null,
  lag: 0,
  alarms: [],
};
