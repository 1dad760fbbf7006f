// SPDX-License-Identifier: Apache-2.0

import { concat, utf8, type Bytes } from '../bytes.ts';

/** ISO base media boxes: just enough to read our own segments and to write a file around them. */
export interface Box {
  readonly type: string;
  /** Of the whole box. */
  readonly start: number;
  /** Of the content. */
  readonly from: number;
  readonly until: number;
}

export class Mp4Error extends Error {
  override readonly name = 'Mp4Error';
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function boxes(view: DataView, from: number, until: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at < until;) {
    if (at + 8 > until) throw new Mp4Error('a box header is cut off');
    let size = view.getUint32(at);
    let header = 8;
    if (size === 1) {
      if (at + 16 > until) throw new Mp4Error('a box header is cut off');
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    } else if (size === 0) {
      size = until - at;
    }
    if (size < header || at + size > until) throw new Mp4Error('a box is larger than its parent');
    let type = '';
    for (let i = 4; i < 8; i++) type += String.fromCharCode(view.getUint8(at + i));
    found.push({ type, start: at, from: at + header, until: at + size });
    at += size;
  }
  return found;
}

export function inside(view: DataView, box: Box): Box[] {
  return boxes(view, box.from, box.until);
}

export function find(view: DataView, parent: Box, type: string): Box | undefined {
  return inside(view, parent).find((box) => box.type === type);
}

export function need(view: DataView, parent: Box, type: string): Box {
  const box = find(view, parent, type);
  if (box === undefined) throw new Mp4Error(`${parent.type} lacks ${type}`);
  return box;
}

export function u8(...values: number[]): Bytes {
  return Uint8Array.from(values);
}

export function u16(...values: number[]): Bytes {
  const out = new Uint8Array(values.length * 2);
  values.forEach((value, i) => new DataView(out.buffer).setUint16(i * 2, value));
  return out;
}

/** Also for signed values: they wrap as two's complement. */
export function u32(...values: number[]): Bytes {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setUint32(i * 4, values[i]!);
  return out;
}

export function u64(...values: number[]): Bytes {
  const out = new Uint8Array(values.length * 8);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setBigUint64(i * 8, BigInt(values[i]!));
  return out;
}

export function box(type: string, ...content: readonly Uint8Array[]): Bytes {
  const size = content.reduce((sum, part) => sum + part.length, 8);
  return concat(u32(size), utf8(type), ...content);
}

export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...content: Uint8Array[]
): Bytes {
  return box(type, u32(version * 0x1000000 + flags), ...content);
}
