// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { between, fit, uncovers } from '../src/lib/covers';

const mask = (left: number, top: number, width: number, height: number) => ({
  ...{ height, left },
  ...{ top, width },
});

test('a part stays within the picture and is never too small', () => {
  expect(fit(mask(-5, 995, 3, 3))).toEqual(mask(0, 990, 10, 10));
  expect(fit(mask(900, 0, 300, 2000))).toEqual(mask(700, 0, 300, 1000));
  expect(fit(mask(0.4, 0.6, 99.5, 10))).toEqual(mask(0, 1, 100, 10));
});

test('a part is drawn from any corner to any other', () => {
  const part = mask(100, 200, 300, 400);
  expect(between({ x: 100, y: 200 }, { x: 400, y: 600 })).toEqual(part);
  expect(between({ x: 400, y: 200 }, { x: 100, y: 600 })).toEqual(part);
  expect(between({ x: -50, y: 1200 }, { x: 500, y: 500 })).toEqual(mask(0, 500, 500, 500));
});

test('what is covered no more is noticed, and nothing else', () => {
  const [left, right, all] = [
    mask(0, 0, 500, 1000),
    mask(500, 0, 500, 1000),
    mask(0, 0, 1000, 1000),
  ];
  expect(uncovers([], [left])).toBe(false);
  expect(uncovers([left], [])).toBe(true);
  expect(uncovers([left], [right])).toBe(true);
  expect(uncovers([all], [left, right])).toBe(false);
  expect(uncovers([left, right], [mask(0, 0, 999, 1000)])).toBe(true);
});
