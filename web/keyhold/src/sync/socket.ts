// SPDX-License-Identifier: Apache-2.0

import { fromBase64, fromUtf8, type Bytes } from '../bytes.ts';
import type { Signer } from '../crypto/sign.ts';
import type { Cloud } from './cloud.ts';

export interface Delivery {
  readonly id: number;
  readonly at: number;
  readonly from: string;
  readonly body: Bytes;
}

interface Frame {
  ready?: boolean;
  id?: number;
  at?: number;
  from?: string;
  kind?: string;
  body?: string;
}

const firstPause = 1_000;
const longestPause = 30_000;
/**
 * How long a socket has until the session is accepted: at first, and at most. A browser opens one at a
 * time to an address (RFC 6455 4.1), so that of a cloud that hangs keeps the one at home from opening.
 */
const firstPatience = 5_000;
const longestPatience = 40_000;

/** The mailbox of one signer: opens, comes back after a cut, acknowledges what was handed on. */
export class Mailbox {
  private socket: WebSocket | null = null;
  private closed = false;
  /** Counts the openings: only the newest one counts. */
  private turn = 0;
  private pause = firstPause;
  private patience = firstPatience;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ready: PromiseWithResolversLike = resolvable();
  private isOpen = false;

  constructor(
    private readonly cloud: Cloud,
    private readonly household: string,
    private readonly signer: Signer,
    private readonly deliver: (delivery: Delivery) => Promise<void> | void,
    /** Runs each time that the cloud has accepted the session. */
    private readonly accepted: () => void = () => undefined,
    /** Runs when the one that was open has ended. */
    private readonly lost: () => void = () => undefined,
  ) {
    void this.open();
  }

  /** Resolves once the cloud has accepted the session. */
  opened(): Promise<void> {
    return this.ready.promise;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.leave();
  }

  /**
   * The network is another one: what was open leads nowhere, and it would take long until that shows. The new socket
   * comes after `before`; resolves once it is there, or none for now.
   */
  async anew(before: Promise<void>): Promise<void> {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.leave();
    if (this.isOpen) this.ready = resolvable();
    this.isOpen = false;
    this.pause = firstPause;
    this.patience = firstPatience;
    await this.open(before);
  }

  /** Whatever the socket says from now on is not listened to. */
  private leave(): void {
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  private async open(before?: Promise<void>): Promise<void> {
    const turn = ++this.turn;
    let session: string;
    try {
      const envelope = await this.cloud.session(this.household, this.signer);
      session = fromUtf8(envelope.encode()) ?? '';
      await before;
    } catch {
      if (turn === this.turn) this.later();
      return;
    }
    if (this.closed || turn !== this.turn) return;
    const socket = new WebSocket(`${this.cloud.base.replace(/^http/, 'ws')}/v1/socket`);
    this.socket = socket;
    this.timer = setTimeout(() => {
      this.patience = Math.min(this.patience * 2, longestPatience);
      this.leave();
      this.later();
    }, this.patience);
    socket.onopen = () => socket.send(session);
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') void this.take(socket, event.data);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      if (this.isOpen && !this.closed) this.lost();
      this.later();
    };
  }

  private async take(socket: WebSocket, text: string): Promise<void> {
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    if (frame.ready === true) {
      if (socket !== this.socket) return;
      clearTimeout(this.timer);
      this.pause = firstPause;
      this.patience = firstPatience;
      this.isOpen = true;
      this.ready.resolve();
      this.accepted();
      return;
    }
    if (frame.kind !== 'mail' || frame.id === undefined) return;
    const body = fromBase64(frame.body ?? '');
    if (body !== null) {
      await this.deliver({ id: frame.id, at: frame.at ?? 0, from: frame.from ?? '', body });
    }
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ack: frame.id }));
  }

  private later(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    // Whoever waits already is told when it opens, after however many attempts.
    if (this.isOpen) this.ready = resolvable();
    this.isOpen = false;
    this.timer = setTimeout(() => void this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, longestPause);
  }
}

interface PromiseWithResolversLike {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function resolvable(): PromiseWithResolversLike {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
