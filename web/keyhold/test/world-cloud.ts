// SPDX-License-Identifier: Apache-2.0

import { concat, utf8, type Bytes } from '../src/bytes.ts';
import { leafHash, rootOfLeaves } from '../src/manifest/tree.ts';
import { Cloud, type FootageAnswer, type PageRef, type SyncAnswer } from '../src/sync/cloud.ts';
import { Fault } from '../src/sync/fault.ts';
import type { World } from './world.ts';

/** The cloud of a world; a test changes single answers. */
export class WorldCloud extends Cloud {
  /** What a test lets the cloud do instead of what it should. */
  alter: Partial<{
    sync(answer: SyncAnswer): Promise<SyncAnswer> | SyncAnswer;
    page(ref: PageRef, bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
    tile(tile: Uint8Array): Uint8Array;
    object(object: string, offset: number, bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
  }> = {};

  /** Pages as they were uploaded: whoever asks again is given the same bytes. */
  private readonly files = new Map<string, Promise<Uint8Array>>();

  /** Every part of an object that was asked for. */
  readonly fetched: { object: string; offset: number; signal: AbortSignal | undefined }[] = [];

  constructor(private readonly world: World) {
    super('http://cloud.invalid', () => world.now);
  }

  override key(): Promise<Bytes> {
    return Promise.resolve(new Uint8Array(32));
  }

  override async sync(): Promise<SyncAnswer> {
    const { world } = this;
    const pages = world.pages.map((page) => ({
      camera: page.camera,
      epoch: page.epoch,
      hour: page.hour,
      run: page.run,
      size: page.text.length,
      updated: page.text.length,
    }));
    const answer: SyncAnswer = {
      address: '/v1/fetched/x',
      expires: world.now + 600_000,
      now: world.now,
      rows: world.rows,
      names: world.names,
      pages,
      reseals: [],
      labels: [],
      erase: new Uint8Array(0),
      eraseDue: 0,
      roster: world.roster.chain,
      runs: [{ checkpoint: await world.checkpoint(), run: world.run }],
      status: world.status,
    };
    return (await this.alter.sync?.(answer)) ?? answer;
  }

  override async page(_address: string, ref: PageRef): Promise<Bytes> {
    const { world } = this;
    const page = world.pages.find(
      (p) => p.camera === ref.camera && p.epoch === ref.epoch && p.hour === ref.hour,
    );
    if (page === undefined) throw new Fault('not-found', 'no such page');
    const key = `${world.recipients.get(ref.epoch)!} ${page.text}`;
    let file = this.files.get(key);
    if (file === undefined) {
      file = world.seal(world.recipients.get(ref.epoch)!, utf8(page.text));
      this.files.set(key, file);
    }
    const sealed = new Uint8Array(await file);
    return new Uint8Array((await this.alter.page?.(ref, sealed)) ?? sealed);
  }

  override tile(_a: string, _run: string, level: number, n: number, width: number): Promise<Bytes> {
    const span = 256 ** level;
    const hashes: Uint8Array[] = [];
    for (let i = 0; i < width; i++) {
      const from = (n * 256 + i) * span;
      const part = this.world.leaves.slice(from, from + span);
      hashes.push(level === 0 ? leafHash(part[0]!) : rootOfLeaves(part));
    }
    const tile = concat(...hashes);
    return Promise.resolve(new Uint8Array(this.alter.tile?.(tile) ?? tile));
  }

  override footage(): Promise<FootageAnswer> {
    const { world } = this;
    const objects = [...world.objects].map(([object, bytes]) => ({
      camera: world.camera,
      hour: 0,
      object,
      size: bytes.length,
    }));
    return Promise.resolve({
      address: '/v1/fetched/y',
      expires: world.now + 600_000,
      now: world.now,
      objects,
    });
  }

  override async object(
    _address: string,
    object: string,
    offset: number,
    size: number,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    this.fetched.push({ object, offset, signal });
    const whole = this.world.objects.get(object);
    if (whole === undefined) throw new Fault('not-found', 'no such object');
    const part = whole.slice(offset, offset + size);
    return new Uint8Array((await this.alter.object?.(object, offset, part)) ?? part);
  }
}
