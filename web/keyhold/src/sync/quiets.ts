// SPDX-License-Identifier: Apache-2.0

import { base64 } from '../bytes.ts';
import { maxSaidQuiet, type Op, type Reply, type SaidQuiet } from '../statement/request.ts';
import type { Hours } from '../statement/rights.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';

/** At which hours of the week, in the household's zone; `camera` is one, or `household` for all. */
export interface Quiet {
  readonly camera: string;
  readonly hours: readonly Hours[];
}

/** A person's hours, and of which cameras this device has brought them to a hub that did not know them, and when. */
export interface QuietWeek {
  readonly hours: readonly Quiet[];
  readonly came: { readonly at: number; readonly cameras: readonly string[] } | null;
}

/** What this device remembers, for a hub that takes the place of the one that has said so. */
interface Kept {
  readonly hub: string;
  readonly said: readonly SaidQuiet[];
  readonly came?: { readonly at: number; readonly said: readonly SaidQuiet[] };
}

const patience = 10_000;
export const quietKey = 'quiet';

/**
 * The hours of the week at which this device's person wants to hear nothing (docs/protocol.md 16).
 * Nobody but their own devices and the hub knows them, so it is those that bring them to a new hub.
 */
export class Quiets {
  /** The hub with which this device has compared what it remembers, since it was started. */
  private met = '';
  private coming = false;

  constructor(
    private readonly engine: Engine,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  /** This person's; null where the hub is of a version that keeps none. */
  async list(): Promise<QuietWeek | null> {
    const hub = this.hub();
    const before = await this.kept();
    try {
      const { said, taken } = await this.compare(before?.said ?? []);
      const kept = await this.keep(hub, said, taken);
      return weekOf(said, kept);
    } catch (error) {
      if (!(error instanceof Refused) || error.word !== 'invalid') throw error;
      return this.ofOld();
    }
  }

  /** No hours take them back. */
  async set(camera: string, hours: readonly Hours[]): Promise<void> {
    const op = { kind: 'set-quiet', camera, ...(hours.length > 0 ? { hours: [...hours] } : {}) };
    await this.send(op, patience);
  }

  /** Compares once with each hub, whether or not anybody looks. One that is away is asked again later. */
  async come(): Promise<void> {
    const hub = this.hub();
    if (this.coming || this.met === hub) return;
    this.coming = true;
    try {
      await this.list();
      this.met = hub;
    } finally {
      this.coming = false;
    }
  }

  private hub(): string {
    return base64(this.engine.known.roster.hub.sign);
  }

  private kept(): Promise<Kept | undefined> {
    return this.engine.store.get<Kept>(quietKey);
  }

  /** Of each camera what was said last holds: the hub takes what it knew less of, and tells all. */
  private async compare(
    own: readonly SaidQuiet[],
  ): Promise<{ said: readonly SaidQuiet[]; taken: readonly string[] }> {
    const taken: string[] = [];
    for (let from = 0; ; from += maxSaidQuiet) {
      const said = own.slice(from, from + maxSaidQuiet);
      const op = { kind: 'carry-quiet', ...(said.length > 0 ? { said } : {}) };
      const { result } = await this.send(op, patience);
      taken.push(...(result.taken ?? []));
      if (from + maxSaidQuiet >= own.length) return { said: result.said ?? [], taken };
    }
  }

  private async keep(
    hub: string,
    said: readonly SaidQuiet[],
    taken: readonly string[],
  ): Promise<Kept> {
    const before = await this.kept(); // another window may have been quicker
    const known = new Set(said.map(({ camera }) => camera));
    // What the hub did not take is of a camera that is not this person's now.
    const left = (before?.said ?? []).filter(
      ({ camera, hours }) => !known.has(camera) && hours !== undefined,
    );
    const came = said.filter(({ camera, hours }) => taken.includes(camera) && hours !== undefined);
    const kept: Kept = {
      hub,
      said: [...said, ...left],
      ...(before?.came === undefined ? {} : { came: before.came }),
      ...(came.length === 0 ? {} : { came: { at: this.engine.cloud.now(), said: came } }),
    };
    await this.engine.store.set(quietKey, kept);
    return kept;
  }

  private async ofOld(): Promise<QuietWeek | null> {
    try {
      const { result } = await this.send({ kind: 'quiets' }, patience);
      return { hours: result.quiets ?? [], came: null };
    } catch (error) {
      if (error instanceof Refused && error.word === 'invalid') return null;
      throw error;
    }
  }
}

function weekOf(said: readonly SaidQuiet[], { came }: Kept): QuietWeek {
  const now = new Map(said.map((one) => [one.camera, one.said]));
  const hours = said.flatMap(({ camera, hours }) =>
    hours === undefined ? [] : [{ camera, hours }],
  );
  // What was said anew since did not come along.
  const still = (came?.said ?? []).filter(({ camera, said }) => now.get(camera) === said);
  const cameras = still.map(({ camera }) => camera);
  return {
    hours,
    came: came === undefined || cameras.length === 0 ? null : { at: came.at, cameras },
  };
}
