// SPDX-License-Identifier: Apache-2.0

import { boolean, integer, object, text, type Read } from '../schema.ts';

/** What the hub tells of cameras, bells and phones, within replies (docs/protocol.md 7). */
export const cameraReport = object({
  audio: text(),
  height: integer(-Number.MAX_SAFE_INTEGER),
  id: text(),
  since: integer(-Number.MAX_SAFE_INTEGER),
  state: text(),
  video: text(),
  width: integer(-Number.MAX_SAFE_INTEGER),
});

export const bellReport = object({
  camera: text(),
  kind: text(),
  pressed: integer(),
  since: integer(),
  state: text(),
});

/** A device that alerts are pushed to. */
export const phone = object({
  brought: integer(),
  device: text(),
  left: integer(),
  seen: integer(),
  service: text(),
  silent: integer(),
  since: integer(),
  took: integer(),
});
export type PhoneReport = Read<typeof phone>;

export const recorded = object({
  camera: text(),
  cost: integer(-Number.MAX_SAFE_INTEGER),
  form: text(),
  measured: boolean,
  sent: text(),
  small: boolean,
});

export type BellReport = Read<typeof bellReport>;
export type CameraReport = Read<typeof cameraReport>;
export type Recorded = Read<typeof recorded>;
