// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { concat, utf8 } from '../src/bytes.ts';
import { parse } from '../src/canon.ts';
import { parseCheckpoint } from '../src/manifest/checkpoint.ts';
import { parseLeaf } from '../src/manifest/leaf.ts';
import { parsePage } from '../src/manifest/page.ts';
import { box, fullBox, Mp4Error, u32 } from '../src/media/boxes.ts';
import { takeApart } from '../src/media/segment.ts';
import { RuleError } from '../src/rule.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { parseCode, parseLink } from '../src/statement/pairing.ts';

/** Whatever bytes come from outside, a parser refuses by a rule or takes them: nothing else happens. */
const rounds = 400;

/** A small generator with a seed that is printed when a test fails. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function mutate(input: Uint8Array, random: () => number): Uint8Array {
  const out = input.slice();
  const at = Math.floor(random() * out.length);
  switch (Math.floor(random() * 5)) {
    case 0:
      out[at]! ^= 1 << Math.floor(random() * 8);
      return out;
    case 1:
      return out.slice(0, at);
    case 2:
      return concat(out.subarray(0, at), out.subarray(at >> 1, at), out.subarray(at));
    case 3:
      out.fill(Math.floor(random() * 256), at, at + 4);
      return out;
    default:
      return concat(out.subarray(0, at), Uint8Array.of(random() * 256), out.subarray(at));
  }
}

function inputs(file: string): Uint8Array[] {
  const address = new URL(`../../../vectors/${file}.json`, import.meta.url);
  const { vectors } = JSON.parse(readFileSync(address, 'utf8')) as {
    vectors: { expect: string; input?: string; text?: string }[];
  };
  return vectors
    .filter((vector) => vector.expect === 'accept')
    .map(({ input, text }) =>
      input === undefined ? utf8(text ?? '') : new Uint8Array(Buffer.from(input, 'base64')),
    );
}

const decoder = new TextDecoder();
const parsers: Record<string, [string, (bytes: Uint8Array) => unknown]> = {
  'canonical JSON': ['canon', parse],
  envelopes: ['envelope', (bytes) => Envelope.parse(bytes)],
  leaves: ['leaf', parseLeaf],
  pages: ['page', parsePage],
  checkpoints: [
    'checkpoint',
    (bytes) => parseCheckpoint(decoder.decode(bytes), 'a'.repeat(52), new Uint8Array(32)),
  ],
  links: ['pairing', (bytes) => parseLink(decoder.decode(bytes))],
  codes: ['pairing', (bytes) => parseCode(decoder.decode(bytes))],
};

test.each(Object.entries(parsers))('%s', async (_name, [file, parser]) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = generator(seed);
  const seeds = inputs(file);
  for (let i = 0; i < rounds; i++) {
    let bytes = seeds[Math.floor(random() * seeds.length)]!;
    for (let n = 0; n <= i % 4; n++) bytes = mutate(bytes, random);
    try {
      await parser(bytes);
    } catch (error) {
      expect(error, `seed ${seed}`).toBeInstanceOf(RuleError);
    }
  }
});

/** A segment with one track and one fragment, by hand. */
function segment(): Uint8Array {
  const entry = box('avc1', new Uint8Array(78));
  const stbl = box('stbl', fullBox('stsd', 0, 0, u32(1), entry));
  const hdlr = fullBox('hdlr', 0, 0, u32(0), utf8('vide'), u32(0, 0, 0));
  const mdhd = fullBox('mdhd', 0, 0, u32(0, 0, 90_000, 0, 0));
  const tkhd = fullBox('tkhd', 0, 3, u32(0, 0, 1, ...Array<number>(17).fill(0)));
  const trak = box('trak', tkhd, box('mdia', mdhd, hdlr, box('minf', stbl)));
  const tfhd = fullBox('tfhd', 0, 0x20000, u32(1));
  const tfdt = fullBox('tfdt', 0, 0, u32(0));
  const build = (data: number): Uint8Array =>
    box('moof', box('traf', tfhd, tfdt, fullBox('trun', 0, 0x301, u32(2, data, 3000, 5, 3000, 6))));
  const moof = build(build(0).length + 8);
  return concat(
    box('ftyp', utf8('isom')),
    box('moov', trak),
    moof,
    box('mdat', new Uint8Array(11)),
  );
}

test('segments', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = generator(seed);
  expect(takeApart(segment()).tracks[0]?.samples.map((s) => [s.at, s.size])).toEqual([
    [0, 5],
    [5, 6],
  ]);
  for (let i = 0; i < rounds * 5; i++) {
    let bytes = segment();
    for (let n = 0; n <= i % 4; n++) bytes = mutate(bytes, random);
    try {
      takeApart(bytes);
    } catch (error) {
      expect(error instanceof Mp4Error || error instanceof RangeError, `seed ${seed}`).toBe(true);
    }
  }
});
