// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';

/** How old the hub's newest word may be before the cloud is suspected of holding things back. */
const silent = 30 * 60_000;

export function checkHeard(newest: number, now: number): void {
  must(now - newest <= silent, 'frozen', 'nothing from the hub for more than half an hour', {
    newest,
    now,
  });
}
