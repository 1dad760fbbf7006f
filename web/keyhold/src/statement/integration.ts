// SPDX-License-Identifier: Apache-2.0

import { integer, list, object, oneOf, text, where, type Read } from '../schema.ts';

/** What an integration may be told of a camera by a broker, in order. */
const tellings = ['lock', 'online', 'press', 'private', 'watching'] as const;
export type Telling = (typeof tellings)[number];
/** It may read the picture from the hub, by RTSP; for that alone it has no broker. */
const stream = 'stream';
/** All that it may be given. */
export type Given = Telling | typeof stream;

/** In which languages it is told what is what. */
export const languages = ['de', 'en', 'nl'] as const;

const ascending = (list: readonly string[]): boolean =>
  list.every((x, i) => i === 0 || (list[i - 1] as string) < x);

/** Of which cameras an integration is told. */
export const scope = (cameras: readonly string[]): boolean =>
  cameras.length >= 1 && cameras.length <= 64 && ascending(cameras);

/** A program of the home that is told how cameras do. */
export const integration = object({
  added: integer(),
  by: text(),
  cameras: list(text()),
  language: text(),
  name: text(),
  since: integer(),
  state: text(),
  tells: list(text()),
  url: text(),
});
export type Integration = Read<typeof integration>;

export const told = where(list(oneOf(...tellings, stream), 1), ascending, 'in order');

/** Whether there is a broker just where something is told by one. */
export const brokered = (tells: readonly string[], url: string): boolean =>
  tells.some((one) => one !== stream) === (url !== '');
