// SPDX-License-Identifier: Apache-2.0

import type {
  Drops,
  Footage as FootageAnswer,
  Info,
  PageRef,
  Problem,
  Relay,
  Relays,
  RunRef,
  Sync,
} from '@keyhold/api';
import { base64, fromBase64, owned, random, type Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { hashText } from '../crypto/hash.ts';
import type { Signer } from '../crypto/sign.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Fetch, Row } from '../statement/request.ts';
import { Fault, type FaultKind } from './fault.ts';
import type { SealedLabel } from './labels.ts';

/**
 * The operator's server, as a member talks to it (docs/protocol.md 6). Nothing that it answers is
 * believed here: callers verify. Its own refusals become Faults. What an answer looks like comes from
 * the document that the server itself writes; what is base64 there is bytes from here on.
 */
export type { FootageAnswer, PageRef, Relay };

export interface SyncAnswer extends Pick<Sync, 'address' | 'expires' | 'now' | 'pages'> {
  readonly rows: readonly Row[];
  readonly names: Bytes;
  readonly reseals: readonly Bytes[];
  readonly roster: readonly Bytes[];
  readonly runs: readonly RunRef[];
  readonly status: Bytes;
  readonly labels: readonly SealedLabel[];
  /** An owner's statement by which everything here is going to be erased, or empty. */
  readonly erase: Bytes;
  readonly eraseDue: number;
}

export interface Drop {
  readonly body: Bytes;
  readonly n: number;
}

export type Wish = Pick<Fetch, 'cameras' | 'from' | 'until' | 'purpose'>;

const maxWait = 25;
/** The cloud takes what was signed in the last or, by another clock, the next two minutes. */
const clockWindow = 2 * 60_000;

function raw(text: unknown): Bytes {
  const out = typeof text === 'string' ? fromBase64(text) : null;
  if (out === null) throw new RuleError('field', 'the cloud sent bytes that are none');
  return out;
}

export class Cloud {
  private to: Promise<Bytes> | null = null;
  private readonly unanswered = new Set<AbortController>();

  /**
   * By how much this device's clock is ahead of the cloud's, once that stands in the way. It is for
   * words to a person, who can look at another clock; nothing is signed or judged by it.
   */
  clockOff: number | null = null;

  constructor(
    /** Where it is reached, without a slash at its end; `keyhold app` has a path for each further cloud. */
    readonly base: string,
    readonly clock: () => number = Date.now,
  ) {}

  /**
   * Ends what it has not answered with a word: a browser asks one address no more than six things at a
   * time, and where the cloud hangs, what is asked at home by the same address would wait behind that.
   */
  giveUp(): void {
    for (const one of this.unanswered) one.abort(new Fault('cloud-away', 'no answer in time'));
  }

  /** The page's own, to which its passkeys belong. */
  get origin(): string {
    return new URL(this.base).origin;
  }

  /**
   * The time by this device's own clock, for what it signs and for what it judges. The cloud's word
   * on the time would let it date our statements, and turn back what has to be fresh.
   */
  now(): number {
    return this.clock();
  }

  /** The cloud's key, which statements name so that another cloud refuses them. */
  key(): Promise<Bytes> {
    this.to ??= this.info().then((info) => raw(info.to));
    this.to.catch(() => (this.to = null));
    return this.to;
  }

  private info(): Promise<Info> {
    return this.json('/v1/info');
  }

  /** Rejects where the cloud would refuse whatever this device signs, because of its clock. */
  async checkClock(): Promise<void> {
    const before = this.clock();
    const { now } = await this.info();
    const off = Math.round((before + this.clock()) / 2 - now);
    this.clockOff = Math.abs(off) > clockWindow ? off : null;
    if (this.clockOff !== null) {
      throw new Fault('clock-wrong', 'the clock of this device is wrong', undefined, 'time');
    }
  }

  async register(genesis: Bytes): Promise<void> {
    await this.request('/v1/households', { method: 'POST', body: genesis });
  }

  /** Makes a household known here, from genesis on; what this cloud has already is no fault. */
  async registerChain(chain: readonly Bytes[]): Promise<void> {
    const body = encode({ roster: [...chain] });
    await this.request('/v1/households', { method: 'POST', body });
  }

  async fetchStatement(household: string, signer: Signer, wish: Wish): Promise<Envelope> {
    return Envelope.signed(
      'fetch',
      {
        at: this.now(),
        cameras: wish.cameras,
        device: signer.keyid,
        from: wish.from,
        household,
        kind: wish.purpose === 'sync' ? 'sync' : 'footage',
        nonce: random(16),
        purpose: wish.purpose,
        to: await this.key(),
        until: wish.until,
      },
      signer,
    );
  }

  async sync(
    household: string,
    signer: Signer,
    from: number,
    until: number,
    signal?: AbortSignal,
  ): Promise<SyncAnswer> {
    const wish: Wish = { cameras: [], from, until, purpose: 'sync' };
    const answer = await this.askSigned<Sync>(household, signer, wish, signal);
    this.clockOff = null;
    return {
      ...answer,
      erase: raw(answer.erase),
      eraseDue: answer.erase_due,
      labels: answer.labels.map(({ camera, label }) => ({ camera, label: raw(label) })),
      rows: answer.envelopes.map((row) => ({ ...row, bytes: raw(row.bytes) })),
      names: raw(answer.names),
      reseals: answer.reseals.map(raw),
      roster: answer.roster.map(raw),
      status: raw(answer.status),
    };
  }

  footage(
    household: string,
    signer: Signer,
    wish: Wish,
    signal?: AbortSignal,
  ): Promise<FootageAnswer> {
    return this.askSigned(household, signer, wish, signal);
  }

  private async askSigned<T>(
    household: string,
    signer: Signer,
    wish: Wish,
    signal?: AbortSignal,
  ): Promise<T> {
    const statement = await this.fetchStatement(household, signer, wish);
    const body = statement.encode();
    return this.json<T>('/v1/fetch', { method: 'POST', body, signal: signal ?? null });
  }

  /** The chain of the household whose recovery sheet has this name. */
  async sheet(name: string): Promise<{ household: string; roster: Bytes[] }> {
    const answer = await this.json<{ household: string; roster: string[] }>(`/v1/sheets/${name}`);
    return { household: answer.household, roster: answer.roster.map(raw) };
  }

  /** What the cloud says of an erasure, by the hash of its statement; null while it says nothing. */
  async receipt(statement: string): Promise<{ list: Bytes; note: string } | null> {
    try {
      const answer = await this.json<{ list: string; note: string }>(`/v1/receipts/${statement}`);
      return { list: raw(answer.list), note: answer.note };
    } catch (error) {
      if (error instanceof Fault && error.kind === 'not-found') return null;
      throw error;
    }
  }

  page(address: string, page: PageRef): Promise<Bytes> {
    return this.bytes(`${address}/pages/${page.run}/${page.camera}/${page.epoch}/${page.hour}`);
  }

  tile(address: string, run: string, level: number, n: number, width: number): Promise<Bytes> {
    return this.bytes(`${address}/tiles/${run}/${level}/${n}/${width}`);
  }

  /** A part of an object; what comes may be shorter or longer, which the caller's check finds. */
  object(
    address: string,
    object: string,
    offset: number,
    size: number,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    const headers = { Range: `bytes=${offset}-${offset + size - 1}` };
    return this.bytes(`${address}/objects/${object}`, { headers, signal: signal ?? null });
  }

  async write(
    household: string,
    signer: Signer,
    kind: 'mail' | 'reseals' | 'erase',
    name: string,
    body: Bytes,
  ): Promise<void> {
    const statement = await Envelope.signed(
      'write',
      {
        at: this.now(),
        from: signer.keyid,
        household,
        kind,
        name,
        nonce: random(16),
        sha256: hashText(body),
        size: body.length,
      },
      signer,
    );
    await this.request(`/v1/households/${household}/${kind}/${name}`, {
      method: 'PUT',
      body,
      headers: { 'Keyhold-Statement': base64(statement.encode()) },
    });
  }

  async drop(box: string, body: Uint8Array): Promise<void> {
    await this.request(`/v1/drops/${box}`, {
      method: 'POST',
      body: owned(body),
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  }

  async drops(
    box: string,
    token: Bytes,
    after: number,
    signal?: AbortSignal,
    wait = maxWait,
  ): Promise<Drop[]> {
    const path = `/v1/drops/${box}?after=${after}&wait=${wait}`;
    const headers = { 'Keyhold-Drop-Token': base64(token) };
    const answer = await this.json<Drops>(path, { headers, signal: signal ?? null });
    return answer.messages.map(({ body, n }) => ({ body: raw(body), n }));
  }

  /** Relays of live view, for this device; none where the cloud has none. */
  async relays(household: string, signer: Signer): Promise<readonly Relay[]> {
    const question = await this.addressed('relays', household, signer);
    const { relays } = await this.json<Relays>('/v1/relays', {
      method: 'POST',
      body: owned(question.encode()),
      headers: { 'Content-Type': 'application/json' },
    });
    return relays;
  }

  session(household: string, signer: Signer): Promise<Envelope> {
    return this.addressed('session', household, signer);
  }

  /** What says no more than who asks, and which cloud. */
  private async addressed(
    thing: 'session' | 'relays',
    household: string,
    signer: Signer,
  ): Promise<Envelope> {
    return Envelope.signed(
      thing,
      {
        at: this.now(),
        from: signer.keyid,
        household,
        nonce: random(16),
        to: await this.key(),
      },
      signer,
    );
  }

  private async bytes(path: string, init?: RequestInit): Promise<Bytes> {
    const response = await this.request(path, init);
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw unreachable(error);
    }
  }

  private async json<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await this.request(path, init);
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw unreachable(error);
    }
  }

  private async request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    const control = new AbortController();
    const stop = (): void => control.abort(init.signal?.reason);
    if (init.signal?.aborted === true) stop();
    init.signal?.addEventListener('abort', stop);
    this.unanswered.add(control);
    try {
      // Nothing goes through a cache: what is opened later must not lie on a disk either way.
      response = await fetch(this.base + path, {
        ...init,
        signal: control.signal,
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      });
    } catch (error) {
      init.signal?.removeEventListener('abort', stop);
      throw unreachable(error);
    } finally {
      this.unanswered.delete(control);
    }
    if (response.ok) return response;
    const fault = await refusal(response);
    // The refusal does not say by how much; a network that took minutes is not a wrong clock.
    if (fault.rule === 'time' && path !== '/v1/info') await this.checkClock();
    throw fault;
  }
}

function unreachable(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'AbortError') return error;
  return new Fault('cloud-away', error instanceof Error ? error.message : 'no answer');
}

const kinds: Readonly<Record<string, FaultKind>> = {
  'urn:keyhold:denied': 'not-allowed',
  'urn:keyhold:unauthenticated': 'not-allowed',
  'urn:keyhold:not_found': 'not-found',
  'urn:keyhold:unavailable': 'cloud-away',
  'urn:keyhold:too_many': 'cloud-away',
};

async function refusal(response: Response): Promise<Fault> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // A proxy's page in between: the status says enough.
  }
  const byStatus: FaultKind =
    response.status === 404 ? 'not-found' : response.status >= 500 ? 'cloud-away' : 'internal';
  const late = problem.rule === 'time';
  const kind = late ? 'cloud-away' : (kinds[problem.type ?? ''] ?? byStatus);
  const title = problem.title ?? `status ${response.status}`;
  return new Fault(kind, title, problem.id, late ? 'time' : undefined);
}
