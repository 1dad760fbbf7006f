// SPDX-License-Identifier: Apache-2.0

/** Where cameras take sound that take it at an address of its own: a part of `Household`. */
export interface Speaking {
  /**
   * `''` for none. Resolves once the camera has taken the chime there; `camera-no-speaker`: nothing
   * there takes sound, `camera-speaker-taken`: somebody talks there.
   */
  setSpeaker(camera: string, url: string): Promise<void>;
  /** Resolves once the camera has taken the chime once more; whether somebody heard it they say. */
  trySpeaker(camera: string): Promise<void>;
}
