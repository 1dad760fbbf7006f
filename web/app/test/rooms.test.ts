// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Camera } from '../src/lib/household';
import { byRoom } from '../src/lib/rooms';

const camera = (id: string, room?: string): Camera => ({
  id,
  name: id,
  state: 'ok',
  live: true,
  ...(room === undefined ? {} : { room }),
});

const grouped = (...cameras: Camera[]): [string, string[]][] =>
  byRoom(cameras).map(({ name, cameras: inside }) => [name, inside.map(({ id }) => id)]);

test('rooms stand in the order of their first cameras, and those in none come last', () => {
  expect(
    grouped(
      camera('a'),
      camera('b', 'Garden'),
      camera('c', 'Hall'),
      camera('d', ''),
      camera('e', 'Garden'),
    ),
  ).toEqual([
    ['Garden', ['b', 'e']],
    ['Hall', ['c']],
    ['', ['a', 'd']],
  ]);
});

test('without rooms there is one group', () => {
  expect(grouped(camera('a'), camera('b'))).toEqual([['', ['a', 'b']]]);
  expect(grouped()).toEqual([]);
});
