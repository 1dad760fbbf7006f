// SPDX-License-Identifier: Apache-2.0

import type { Names } from '../statement/names.ts';

/**
 * What a new hub has to be given again, by name: a password or a secret belongs to it that nobody but
 * the hub before had.
 */
export interface Again {
  /** Cameras by id at which somebody could ring. */
  readonly bells: readonly string[];
  /** Cameras by id that took sound at an address of its own. */
  readonly speakers: readonly string[];
  /** Cameras by id at which a light was lit while somebody looked. */
  readonly lights: readonly string[];
  readonly doors: readonly { readonly camera: string; readonly name: string }[];
  readonly channels: readonly string[];
  readonly integrations: readonly string[];
}

/** As the hub before has said it in its document of names. */
export function againOf(was: Names | null): Again {
  const cameras = (was?.cameras ?? []).filter(({ state }) => state === 'on');
  return {
    bells: cameras.filter(({ bell }) => bell === true).map(({ id }) => id),
    speakers: cameras.filter(({ speaker }) => speaker === true).map(({ id }) => id),
    lights: cameras.filter(({ light }) => light === true).map(({ id }) => id),
    doors: cameras.flatMap(({ id, door }) =>
      door === undefined ? [] : [{ camera: id, name: door }],
    ),
    channels: was?.channels ?? [],
    integrations: was?.integrations ?? [],
  };
}
