// SPDX-License-Identifier: Apache-2.0

import { vi } from 'vitest';

/**
 * From now on no pause takes time, until mocks are restored. A turn of the loop lies between, and not
 * a microtask: what still asks every few milliseconds would let nothing else come about.
 */
export function hurried(): void {
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void) => {
    setImmediate(run);
    return 0;
  }) as never);
}
