// SPDX-License-Identifier: Apache-2.0
import { getContext, setContext } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import type { Household, Live } from './household';
import type { People } from './people';

/** Reads a `Live` so that templates follow it. */
export function follow<T>(live: Live<T>): { readonly value: T } {
  const track = createSubscriber((update) => {
    // The first call tells what `get` tells as well, and comes while a template is being drawn.
    let first = true;
    const stop = live.subscribe(() => {
      if (!first) update();
    });
    first = false;
    return stop;
  });
  return {
    get value() {
      track();
      return live.get();
    },
  };
}

const key = Symbol('household');

export function provideHousehold(household: Household): void {
  setContext(key, household);
}

export function useHousehold(): Household {
  return getContext<Household>(key);
}

/** The household with its persons. */
export function usePeople(): Household & People {
  return getContext<Household & People>(key);
}
