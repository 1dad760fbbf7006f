// SPDX-License-Identifier: Apache-2.0

import { owned } from '../bytes.ts';
import { hourOf } from '../manifest/page.ts';
import type { Pack } from '../manifest/leaf.ts';
import type { Op } from '../statement/request.ts';
import type { FootageAnswer } from './cloud.ts';
import type { Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Log } from './records.ts';
import { retention } from './runs.ts';
import type { Stars } from './stars.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Recordings come down one line and go up another. */
const patience = 10 * minute;
/** How much one command names: things, bytes of recordings, bytes of their leaves. */
const [mostThings, mostBytes, mostText] = [64, 64 << 20, 24 << 10];
/** Of how much footage one question is. */
const stretch = 6 * hour;
/** How old a look at the cloud may be whose address the hub is told. */
const freshLook = minute;

type Copy = NonNullable<Op['copy']>;
type PackLog = Log & { readonly leaf: Pack };

/**
 * Has the hub fetch from the cloud that is left whatever it no longer has itself: pages, and
 * recordings. What it has copied before it leaves alone, so this may begin again at any time.
 */
export class Copying {
  constructor(
    private readonly engine: Engine,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly stars: Pick<Stars, 'kept' | 'packs'>,
    private readonly signal: AbortSignal,
  ) {}

  async run(onProgress: (done: number, total: number) => void): Promise<void> {
    await this.look();
    const { records } = this.engine;
    const now = Math.floor(this.engine.cloud.now());
    const from = now - retention;
    const cameras = ['household', ...records.cameras()].sort();
    const stretches = Math.floor(retention / stretch) + 1;
    const total = cameras.length * stretches;
    let done = 0;
    onProgress(done, total);
    for (const camera of cameras) {
      await this.pages(camera);
      for (let at = from; at <= now; at += stretch) {
        if (camera !== 'household') await this.footage(camera, at, Math.min(at + stretch, now));
        onProgress(++done, total);
      }
      if (camera !== 'household') await this.starred(camera, from);
    }
  }

  /** A look at the cloud that is left which is not old; nothing is copied while something is wrong. */
  private async look(): Promise<string> {
    const { engine } = this;
    this.signal.throwIfAborted();
    if ((engine.checkedAt ?? 0) < engine.cloud.now() - freshLook) await engine.syncAfresh();
    const alarm = engine.alarms.all().find((one) => one.acknowledgedAt === undefined);
    if (alarm !== undefined) throw new Fault('fault', `something is wrong: ${alarm.rule}`);
    if (engine.known.erasing !== null) throw new Fault('to-be-erased', 'nothing is shown');
    return engine.address;
  }

  private async send(copy: Copy): Promise<void> {
    this.signal.throwIfAborted();
    await this.commands.send({ kind: 'copy', copy }, patience);
  }

  private async pages(camera: string): Promise<void> {
    const refs = [...this.engine.records.refs(camera)];
    for (let at = 0; at < refs.length; at += mostThings) {
      const names = refs
        .slice(at, at + mostThings)
        .map(({ run, camera, epoch, hour }) => `${run}/${camera}/${epoch}/${hour}`);
      await this.send({ address: await this.look(), leaves: [], pages: names });
    }
  }

  /** A leaf is written after its footage; each belongs to the stretch in which it was written. */
  private async footage(camera: string, from: number, until: number): Promise<void> {
    const { engine } = this;
    await this.look();
    const logs = await engine.steady(() =>
      engine.records.logs(camera, hourOf(from), hourOf(until)),
    );
    const packs = logs.filter(
      (log): log is PackLog =>
        log.leaf.kind === 'pack' && log.leaf.at >= from && log.leaf.at < until,
    );
    await this.packs(camera, packs, until);
  }

  /** What is starred of the time before; its hub names the packs. */
  private async starred(camera: string, before: number): Promise<void> {
    await this.look();
    for (const { moment, objects } of await this.stars.kept(camera)) {
      if (moment > before) continue; // its packs go with the others of its time
      const logs = await this.engine.steady(() => this.stars.packs(camera, moment));
      const packs = logs.filter(
        (log): log is PackLog =>
          log.leaf.kind === 'pack' && log.leaf.at < before && objects.includes(log.leaf.object),
      );
      await this.packs(camera, packs, before);
    }
  }

  private async packs(camera: string, packs: readonly PackLog[], until: number): Promise<void> {
    const { engine } = this;
    const first = packs[0]?.leaf.files[0];
    if (first === undefined) return;
    let lease: FootageAnswer | null = null;
    for (const part of parted(packs)) {
      if (lease === null || lease.expires - minute < engine.cloud.now()) {
        lease = await this.lease(camera, first.start - hour, until);
      }
      const leaves = part.map(({ index, raw, run }) => ({ index, leaf: owned(raw), run }));
      await this.send({ address: lease.address, leaves, pages: [] });
    }
  }

  private lease(camera: string, from: number, until: number): Promise<FootageAnswer> {
    const { cloud, member } = this.engine;
    return cloud.footage(member.household, member.signer, {
      cameras: [camera],
      from,
      until,
      purpose: 'export',
    });
  }
}

/** As many as one command may name. */
function parted(packs: readonly PackLog[]): PackLog[][] {
  const parts: PackLog[][] = [];
  let [size, text] = [0, 0];
  for (const pack of packs) {
    const last = parts.at(-1);
    const full =
      last === undefined ||
      last.length === mostThings ||
      size + pack.leaf.size > mostBytes ||
      text + pack.raw.length > mostText;
    if (full) {
      parts.push([pack]);
      [size, text] = [0, 0];
    } else {
      last.push(pack);
    }
    size += pack.leaf.size;
    text += pack.raw.length;
  }
  return parts;
}
