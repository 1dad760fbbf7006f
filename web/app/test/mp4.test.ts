// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { moveTo, Mp4Error } from '../src/lib/play/mp4';

function bytes(...parts: (number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
const u32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const u64 = (value: number): number[] => [...u32(Math.floor(value / 2 ** 32)), ...u32(value >>> 0)];
const word = (text: string): number[] => [...text].map((one) => one.charCodeAt(0));
function box(type: string, ...parts: (number[] | Uint8Array)[]): Uint8Array {
  const content = bytes(...parts);
  return bytes(u32(content.length + 8), word(type), content);
}

function trak(id: number, scale: number, handler: string): Uint8Array {
  return box(
    'trak',
    box('tkhd', u32(0), u32(0), u32(0), u32(id)),
    box(
      'mdia',
      box('mdhd', u32(0), u32(0), u32(0), u32(scale)),
      box('hdlr', u32(0), u32(0), word(handler)),
    ),
  );
}
const traf = (id: number, time: number, wide: boolean): Uint8Array =>
  box(
    'traf',
    box('tfhd', u32(0), u32(id)),
    wide ? box('tfdt', [1, 0, 0, 0], u64(time)) : box('tfdt', u32(0), u32(time)),
  );

const head = bytes(
  box('ftyp', word('isom')),
  box('moov', trak(1, 90_000, 'vide'), trak(2, 48_000, 'soun')),
);
/** Picture at 100 s, sound 20 ms before it, and a second fragment two seconds later. */
const film = bytes(
  head,
  box('moof', traf(1, 9_000_000, true), traf(2, 4_799_040, false)),
  box('mdat', [1, 2, 3]),
  box('moof', traf(1, 9_180_000, true), traf(2, 4_895_040, false)),
  box('mdat', [4, 5, 6]),
);

function times(body: Uint8Array): number[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const found: number[] = [];
  for (let at = 0; at + 16 <= body.length; at++) {
    if (String.fromCharCode(...body.subarray(at, at + 4)) !== 'tfdt') continue;
    found.push(
      view.getUint8(at + 4) === 1 ? Number(view.getBigUint64(at + 8)) : view.getUint32(at + 8),
    );
  }
  return found;
}

test('the picture moves to its second and the sound keeps its distance', () => {
  const moved = moveTo(film, 40);
  expect(moved.head).toEqual(head);
  expect(times(moved.body)).toEqual([3_600_000, 1_919_040, 3_780_000, 2_015_040]);
  expect(times(film)).toEqual([9_000_000, 4_799_040, 9_180_000, 4_895_040]);
});

test('it says how its pictures are coded', () => {
  const coded = (kind: string): Uint8Array => {
    const stsd = box('stsd', u32(0), u32(1), box(kind, u32(0)));
    const trak = box(
      'trak',
      box('tkhd', u32(0), u32(0), u32(0), u32(1)),
      box(
        'mdia',
        box('mdhd', u32(0), u32(0), u32(0), u32(90_000)),
        box('hdlr', u32(0), u32(0), word('vide')),
        box('minf', box('stbl', stsd)),
      ),
    );
    return bytes(box('moov', trak), box('moof', traf(1, 0, true)), box('mdat', [1]));
  };
  expect(moveTo(coded('avc1'), 0).kind).toBe('avc1');
  expect(moveTo(coded('hvc1'), 0).kind).toBe('hvc1');
  expect(moveTo(film, 0).kind).toBe('');
});

test('a picture that is shown later than it is decoded is moved by when it is shown', () => {
  const trun = box('trun', [1, 0, 0x0f, 1], u32(1), u32(0), u32(6000), u32(9), u32(0), u32(12_000));
  const late = bytes(
    head,
    box('moof', box('traf', box('tfhd', u32(0), u32(1)), box('tfdt', u32(0), u32(900_000)), trun)),
    box('mdat', [1]),
  );
  expect(times(moveTo(late, 40).body)).toEqual([3_588_000]);
  expect(times(moveTo(late, 0).body)).toEqual([0]);
});

test('the track that leads is the picture’s', () => {
  expect(moveTo(film, 40).lead).toEqual({ trackId: 1, timescale: 90_000 });
});

test('sound before the very beginning is cut to it', () => {
  expect(times(moveTo(film, 0).body)[1]).toBe(0);
});

test('a day does not overflow a wide time, and an overflow of a narrow one is refused', () => {
  expect(times(moveTo(film, 86_000).body)[0]).toBe(86_000 * 90_000);
  expect(() => moveTo(film, 100_000)).toThrow(Mp4Error);
});

test.each([
  ['nothing', new Uint8Array()],
  ['no fragment', head],
  ['no description', bytes(box('moof', traf(1, 0, true)))],
  ['a box larger than the file', bytes([0, 0, 1, 0], word('moov'))],
  ['a cut off header', bytes(head, [0, 0, 0])],
  ['a fragment of an unknown track', bytes(head, box('moof', traf(7, 0, true)))],
])('%s is an error, never a hang', (_, data) => {
  expect(() => moveTo(data, 1)).toThrow(Mp4Error);
});
