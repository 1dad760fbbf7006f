// SPDX-License-Identifier: Apache-2.0

import { equal, type Bytes } from '../bytes.ts';
import type { Op, Reply } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import { Cloud, type SyncAnswer } from './cloud.ts';
import { Fault } from './fault.ts';
import { seenOf, type Run } from './runs.ts';
import { placeKey, type SeenRun, type Store } from './store.ts';

/** The hub itself, at home, in the words of the cloud (docs/protocol.md 15). */
export class HubAtHome extends Cloud {
  constructor(
    base: string,
    private readonly hub: Bytes,
    clock?: () => number,
  ) {
    super(base, clock);
  }

  /** Statements are for the hub that the roster names, whoever answers. */
  override key(): Promise<Bytes> {
    return Promise.resolve(this.hub);
  }
}

/** Ways to hubs by key and addresses; only `keyhold app` has them. */
export interface Homes {
  hub(key: Bytes, addresses: readonly string[]): Promise<Cloud>;
}

/** Where the hub is at home, as it said itself. */
interface Whereabouts {
  readonly key: Bytes;
  readonly addresses: readonly string[];
  readonly asked: number;
}

/** What was seen at home. The cloud may honestly be behind it, and nowhere else. */
export interface SeenAtHome {
  readonly runs: Readonly<Record<string, SeenRun>>;
  /** The newest time under a signature of the hub. */
  readonly heard: number;
  /** How far the roster is that the hub spoke of, and how far the one that the cloud has shown. */
  readonly roster: number;
  readonly cloudRoster: number;
}

/** What of the cloud's answers the hub does not have: keys that other devices gave to this one. */
type Handed = Pick<SyncAnswer, 'rows' | 'reseals'>;

const whereKey = 'hub-at-home';
const seenKey = 'seen-at-home';
const handedKey = 'handed';
const askAgain = 6 * 3_600_000;
const askPatience = 10_000;

/** The way home, for a device that was told one: where the hub is, and what it said there. */
export class Way {
  private where: Whereabouts | null = null;
  private open: { readonly base: Whereabouts; readonly hub: Promise<Cloud> } | null = null;
  private seenThere: SeenAtHome | null = null;
  private handed: Handed | null = null;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly homes: Homes | null,
    private readonly store: Store,
    private readonly now: () => number,
  ) {}

  private load(): Promise<void> {
    this.loading ??= (async () => {
      this.where = (await this.store.get<Whereabouts>(whereKey)) ?? null;
      this.seenThere = (await this.store.get<SeenAtHome>(seenKey)) ?? null;
      this.handed = (await this.store.get<Handed>(handedKey)) ?? null;
    })();
    return this.loading;
  }

  /** The hub in force, where this device was told how it is reached; null for nowhere. */
  async hub(roster: Roster): Promise<Cloud | null> {
    if (this.homes === null) return null;
    await this.load();
    const { where } = this;
    if (where === null || where.addresses.length === 0) return null;
    if (!equal(where.key, roster.hub.sign)) return null;
    if (this.open?.base !== where) {
      const hub = this.homes.hub(where.key, where.addresses);
      this.open = { base: where, hub };
      hub.catch(() => (this.open = null));
    }
    return this.open.hub.catch(() => null);
  }

  /** Asks the hub where it is, if it was last asked long ago. Its answer is sealed, like every reply. */
  async learn(
    roster: Roster,
    send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ): Promise<void> {
    if (this.homes === null) return;
    await this.load();
    const key = roster.hub.sign;
    const now = this.now();
    const old = this.where !== null && equal(this.where.key, key) ? this.where : null;
    if (old !== null && now >= old.asked && now - old.asked < askAgain) return;
    try {
      const { result } = await send({ kind: 'at-home' }, askPatience);
      this.where = { key, addresses: result.addresses ?? [], asked: now };
      await this.store.set(whereKey, this.where);
    } catch (error) {
      // A hub that does not answer now is asked with the next look.
      if (!(error instanceof Fault)) throw error;
    }
  }

  /** The cloud's key; while it is away, the one by which this device knows it since it settled there. */
  cloudKey(cloud: Cloud): Promise<Bytes> {
    return cloud.key().catch(async (error: unknown) => {
      const place = await this.store.get<{ readonly to: Bytes }>(placeKey);
      if (place === undefined) throw error;
      return place.to;
    });
  }

  async seen(): Promise<SeenAtHome> {
    await this.load();
    return this.seenThere ?? { runs: {}, heard: 0, roster: 0, cloudRoster: 0 };
  }

  /** Remembers what the hub has shown at home. */
  async saw(runs: ReadonlyMap<string, Run>, heard: number): Promise<void> {
    const seen = await this.seen();
    await this.keep({ ...seen, runs: seenOf(runs, seen.runs), heard: Math.max(seen.heard, heard) });
  }

  /** Remembers how far the roster is by the hub's word at home; `known` is how far it was until then. */
  async told(seq: number, known: number): Promise<void> {
    const seen = await this.seen();
    if (seq <= seen.roster) return;
    const cloudRoster = seen.roster === 0 ? Math.min(known, seq) : seen.cloudRoster;
    await this.keep({ ...seen, roster: seq, cloudRoster });
  }

  /** Notes how far the roster is that the cloud shows. */
  async shown(seq: number): Promise<void> {
    const seen = await this.seen();
    if (seen.roster === 0 || seq <= seen.cloudRoster) return;
    await this.keep({ ...seen, cloudRoster: seq });
  }

  /** Whether a roster ends before the one that is known only because the hub said more at home. */
  async ahead(given: number, known: number): Promise<boolean> {
    const { roster, cloudRoster } = await this.seen();
    return known <= roster && given >= cloudRoster;
  }

  private async keep(seen: SeenAtHome): Promise<void> {
    this.seenThere = seen;
    await this.store.set(seenKey, seen);
  }

  /** Keeps what the cloud hands out and the hub could not. */
  async keepHanded({ rows, reseals }: Handed): Promise<void> {
    if (this.homes === null) return;
    await this.load();
    const old = this.handed;
    if (old?.rows.length === rows.length && old.reseals.length === reseals.length) {
      const same = rows.every((row, n) => equal(row.bytes, old.rows[n]!.bytes));
      if (same && reseals.every((one, n) => equal(one, old.reseals[n]!))) return;
    }
    this.handed = { rows, reseals };
    await this.store.set(handedKey, this.handed);
  }

  /** The hub's answer with what the cloud handed out before, and the hub does not have. */
  async withHanded(answer: SyncAnswer): Promise<SyncAnswer> {
    await this.load();
    const { rows = [], reseals = [] } = this.handed ?? {};
    const more = rows.filter((old) => !answer.rows.some((row) => equal(row.bytes, old.bytes)));
    return { ...answer, rows: [...answer.rows, ...more], reseals: [...answer.reseals, ...reseals] };
  }
}
