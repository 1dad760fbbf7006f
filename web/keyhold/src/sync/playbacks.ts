// SPDX-License-Identifier: Apache-2.0

import { base32, random } from '../bytes.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Footage, Leased } from './footage.ts';
import type { Segment } from './timeline.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly mediaSeconds: number;
}

export interface Playing {
  readonly id: string;
  readonly spans: readonly Span[];
}

interface OpenPlayback {
  readonly segments: readonly Segment[];
  readonly lease: Promise<Leased>;
  /** Segments that are being opened before somebody asks. */
  readonly ahead: Map<number, { readonly plain: Promise<Uint8Array>; readonly stop: () => void }>;
  /** The segment that was asked for last. */
  last: number;
}

/** What there is of a camera for this device. */
interface Recorded {
  /** Where [from, …) begins; throws where there is no right. */
  readonly begin: (camera: string, from: number) => number;
  readonly segments: (camera: string, from: number, until: number) => Promise<Segment[]>;
}

/** Segments opened ahead of the one that is played. */
const aheadCount = 2;

/** Films that are being watched: segment after segment, some opened before they are asked for. */
export class Playbacks {
  private readonly opened = new Map<string, OpenPlayback>();

  constructor(
    private readonly footage: Footage,
    private readonly engine: Engine,
    private readonly of: Recorded,
  ) {}

  async open(camera: string, wish: number, until: number): Promise<Playing> {
    const from = this.of.begin(camera, wish);
    // The statement travels while the leaves are read.
    const lease = this.footage.lease(camera, from, until, 'history');
    lease.catch(() => undefined);
    const segments = await this.of.segments(camera, from, until);
    const id = base32(random(8));
    this.opened.set(id, { segments, lease, ahead: new Map(), last: -2 });
    const spans = segments.map(({ file }) => ({
      start: file.start,
      end: file.end,
      mediaSeconds: file.media / 1e6,
    }));
    return { id, spans };
  }

  async read(id: string, index: number, signal: AbortSignal): Promise<Uint8Array> {
    const playback = this.opened.get(id);
    if (playback?.segments[index] === undefined) {
      throw new Fault('not-found', 'there is no such segment');
    }
    const ahead = playback.ahead.get(index);
    playback.ahead.delete(index);
    const follows = index === playback.last + 1;
    playback.last = index;
    if (ahead === undefined) {
      // Somebody jumped: what was being opened elsewhere only stands in the way.
      for (const [other, { stop }] of playback.ahead) {
        stop();
        playback.ahead.delete(other);
      }
    }
    const plain = await this.engine.guarded(
      () => ahead?.plain ?? this.readSegment(playback, index, signal),
    );
    // Nothing is opened ahead of a jump: its first picture is being decoded, and there may be another one.
    if (follows && !signal.aborted) this.readAhead(playback, index);
    return plain;
  }

  private readAhead(playback: OpenPlayback, index: number): void {
    for (const old of playback.ahead.keys()) if (old <= index) playback.ahead.delete(old);
    const last = Math.min(index + aheadCount, playback.segments.length - 1);
    for (let next = index + 1; next <= last; next++) {
      if (playback.ahead.has(next)) continue;
      const control = new AbortController();
      const plain = this.readSegment(playback, next, control.signal);
      // A fault is told when somebody asks for the segment.
      plain.catch(() => undefined);
      playback.ahead.set(next, { plain, stop: () => control.abort() });
    }
  }

  private async readSegment(
    playback: OpenPlayback,
    index: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { pack, file } = playback.segments[index]!;
    let lease = await playback.lease.catch(() => null);
    if (lease === null || lease.expires - this.engine.cloud.now() < 15_000) {
      const last = playback.segments.at(-1)!.file.end;
      const first = playback.segments[0]!.file.start;
      lease = await this.footage.lease(pack.camera, first, last, 'history');
    }
    return this.footage.readLeased(pack, file, lease, 'history', signal);
  }

  close(id: string): void {
    for (const { stop } of this.opened.get(id)?.ahead.values() ?? []) stop();
    this.opened.delete(id);
  }
}
