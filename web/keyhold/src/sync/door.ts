// SPDX-License-Identifier: Apache-2.0

import type { TileSource } from '../manifest/tree.ts';
import type { Cloud, PageRef } from './cloud.ts';

/** One of two sides that hand out the hub's record: the cloud, or the hub itself at home. */
export class Door implements TileSource {
  /** Where the newest answer said that pages and tiles lie. */
  address = '';

  constructor(
    readonly side: Cloud,
    readonly home: boolean,
  ) {}

  page(ref: PageRef): Promise<Uint8Array> {
    return this.side.page(this.address, ref);
  }

  tile(run: string, level: number, n: number, width: number): Promise<Uint8Array> {
    return this.side.tile(this.address, run, level, n, width);
  }
}
