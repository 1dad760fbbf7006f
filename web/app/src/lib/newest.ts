// SPDX-License-Identifier: Apache-2.0
import type { Household } from './household';

const calm = 30_000;
const eager = 5_000;

/**
 * While somebody looks at the page, the hub is asked to send what it has: at once, then now and
 * then, and often while `waiting` says that the page stands still for want of it.
 */
export function keepAsking(household: Household, waiting: () => boolean): () => void {
  let last = -Infinity;
  const ask = (): void => {
    if (document.visibilityState !== 'visible') return;
    const now = performance.now();
    if (now - last < (waiting() ? eager : calm) - 500) return;
    last = now;
    household.askNewest();
  };
  ask();
  const timer = setInterval(ask, 1000);
  document.addEventListener('visibilitychange', ask);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', ask);
  };
}
