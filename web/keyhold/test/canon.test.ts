// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  base32,
  base64,
  concat,
  equal,
  fromBase32,
  fromBase64,
  fromUtf8,
  random,
  utf8,
} from '../src/bytes.ts';
import { encode, parse } from '../src/canon.ts';
import { Parser } from '../src/parser.ts';
import { ruleOf } from '../src/rule.ts';
import { isHash, isId } from '../src/schema.ts';

interface Vector {
  name: string;
  expect: 'accept' | 'refuse';
  rule: string;
  input: string;
}

const file = new URL('../../../vectors/canon.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

describe('vectors of canonical JSON', () => {
  test.each(vectors.map((v) => [v.name, v] as const))('%s', (_name, vector) => {
    let rule: string | null = '';
    try {
      parse(new Uint8Array(Buffer.from(vector.input, 'base64')));
    } catch (error) {
      rule = ruleOf(error);
    }
    expect(rule).toBe(vector.rule);
  });
  test('there are enough of them', () => {
    const accepted = vectors.filter((v) => v.expect === 'accept').length;
    expect(accepted).toBeGreaterThanOrEqual(20);
    expect(vectors.length - accepted).toBeGreaterThanOrEqual(50);
  });
});

// The quick way of reading must not know better than the parser, in either direction.
test('a text that was changed anywhere is refused by the rule that the parser names', () => {
  const slow = (input: Uint8Array): string | null => {
    const text = fromUtf8(input);
    if (text === null) return 'utf8';
    try {
      return equal(encode(new Parser(text).whole()), input) ? '' : 'not-canonical';
    } catch (error) {
      return ruleOf(error);
    }
  };
  const letters = utf8('{}[]",:\\u0019eE+-.tfn \u0000é');
  let refused = 0;
  for (const { input } of vectors) {
    const whole = new Uint8Array(Buffer.from(input, 'base64'));
    if (whole.length > 2_000) continue;
    for (let i = 0; i < 30; i++) {
      const [at, what, how] = random(6);
      const place = whole.length === 0 ? 0 : ((at! << 8) | what!) % whole.length;
      const letter = letters[what! % letters.length]!;
      const cut = whole.subarray(0, place);
      const changed = concat(cut, Uint8Array.of(letter), whole.subarray(place + (how! % 2)));
      let rule: string | null = '';
      try {
        parse(changed);
      } catch (error) {
        rule = ruleOf(error);
      }
      expect(rule, Buffer.from(changed).toString('latin1')).toBe(slow(changed));
      if (rule !== '') refused++;
    }
  }
  expect(refused).toBeGreaterThan(1_000);
});

test('bytes are written as base64, absent fields not at all', () => {
  const text = new TextDecoder().decode(encode({ b: new Uint8Array(3), a: 'x', c: undefined }));
  expect(text).toBe('{"a":"x","b":"AAAA"}');
});

test('text forms have one spelling each', () => {
  for (let size = 0; size < 40; size++) {
    const bytes = random(size);
    expect(fromBase32(base32(bytes))).toEqual(bytes);
    expect(fromBase64(base64(bytes))).toEqual(bytes);
    expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  }
  for (const text of [
    'AB==',
    'AAF=',
    'AA',
    'AA=',
    'AA==\n',
    'A A=',
    'AAAA====',
    '=',
    '-_==',
    '====',
  ]) {
    expect(fromBase64(text), text).toBeNull();
  }
  for (const text of ['ab', 'A', 'a', 'aa=', '11', 'aaaaaab '])
    expect(fromBase32(text), text).toBeNull();
});

test('ids and hashes have one spelling each', () => {
  for (let i = 0; i < 50; i++) {
    const hash = base32(random(32));
    const id = base32(random(16));
    expect(isHash(hash)).toBe(true);
    expect(isId('cam', `cam_${id}`)).toBe(true);
    for (const letter of 'abcdefghijklmnopqrstuvwxyz234567') {
      expect(isHash(hash.slice(0, -1) + letter)).toBe(
        fromBase32(hash.slice(0, -1) + letter) !== null,
      );
      expect(isId('cam', `cam_${id.slice(0, -1)}${letter}`)).toBe(
        fromBase32(id.slice(0, -1) + letter) !== null,
      );
    }
  }
  for (const text of ['', 'cam_', 'dev_' + base32(random(16)), `cam_${base32(random(16))}\n`]) {
    expect(isId('cam', text)).toBe(false);
  }
});
