// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { wayOf, type Phone } from '../src/lib/alerting';

const phone: Phone = {
  device: 'dev_a',
  mine: true,
  service: 'push.example',
  since: 1,
  seen: 5,
  took: 1240,
  left: 130,
  brought: 410,
  silent: 0,
};

test('the parts of the way of an alert are all of it', () => {
  expect(wayOf(phone)).toEqual([
    { part: 'home', took: 130 },
    { part: 'service', took: 280 },
    { part: 'device', took: 830 },
  ]);
});

test('what is not known is not divided', () => {
  expect(wayOf({ ...phone, brought: 0 })).toEqual([
    { part: 'home', took: 130 },
    { part: 'rest', took: 1110 },
  ]);
  expect(wayOf({ ...phone, left: 0, brought: 0 })).toEqual([]);
  expect(wayOf({ ...phone, seen: 0, took: 0, left: 0, brought: 0 })).toEqual([]);
});
