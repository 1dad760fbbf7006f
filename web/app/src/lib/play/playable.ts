// SPDX-License-Identifier: Apache-2.0

/** A film whose pictures this browser cannot decode. */
export class Unplayable extends Error {}

/** H.265, as a browser is asked for it: Main profile, level 3.1. */
const asked = 'video/mp4; codecs="hvc1.1.6.L93.B0"';

type Source = { isTypeSupported(type: string): boolean };

/** Whether this browser plays H.265 out of files; many cannot. */
export function playsH265(): boolean {
  const { ManagedMediaSource, MediaSource } = globalThis as {
    ManagedMediaSource?: Source;
    MediaSource?: Source;
  };
  return (ManagedMediaSource ?? MediaSource)?.isTypeSupported(asked) ?? false;
}

/** By the four letters that a film names the kind of its pictures with. */
export function playable(kind: string): boolean {
  return (kind !== 'hvc1' && kind !== 'hev1') || playsH265();
}
