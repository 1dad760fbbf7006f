// SPDX-License-Identifier: Apache-2.0

import type { File, Pack } from '../manifest/leaf.ts';
import { spriteOf, type Segment } from './timeline.ts';

export interface Picture {
  readonly at: number;
  readonly bitmap: ImageBitmap;
}

/** Four pictures in a row of the sprite. */
const columns = 4;
const kept = 32;

/** Cuts single pictures out of the packs' sprites. A few sprites stay decoded while somebody scrubs. */
export class Pictures {
  private readonly sprites = new Map<string, Promise<ImageBitmap>>();

  constructor(private readonly read: (pack: Pack, file: File) => Promise<Uint8Array>) {}

  /** The picture of a segment; null where the pack has none. */
  async of({ pack, file, number }: Segment): Promise<Picture | null> {
    const sprite = spriteOf(pack);
    if (sprite === null) return null;
    const whole = await this.sprite(pack, sprite);
    const segments = pack.files.length - 1;
    const rows = Math.ceil(segments / columns);
    const width = Math.floor(whole.width / columns);
    const height = Math.floor(whole.height / rows);
    const left = (number % columns) * width;
    const top = Math.floor(number / columns) * height;
    if (width < 1 || height < 1) return null;
    return { at: file.start, bitmap: await createImageBitmap(whole, left, top, width, height) };
  }

  private sprite(pack: Pack, file: File): Promise<ImageBitmap> {
    let sprite = this.sprites.get(pack.object);
    if (sprite === undefined) {
      sprite = this.read(pack, file).then((jpeg) =>
        createImageBitmap(new Blob([jpeg as BlobPart], { type: 'image/jpeg' })),
      );
      sprite.catch(() => this.sprites.delete(pack.object));
    } else {
      this.sprites.delete(pack.object);
    }
    this.sprites.set(pack.object, sprite);
    const [oldest] = this.sprites.keys();
    if (this.sprites.size > kept && oldest !== undefined) this.sprites.delete(oldest);
    return sprite;
  }
}
