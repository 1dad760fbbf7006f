// SPDX-License-Identifier: Apache-2.0
import { createSubscriber } from 'svelte/reactivity';

let source = (): number => Date.now();

const everySecond = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The present time; whatever reads it in a template is drawn anew each second. */
export const clock = {
  get now(): number {
    everySecond();
    return source();
  },
};

/** The drawn states stand still at one moment. */
export function setClock(now: () => number): void {
  source = now;
}
