// SPDX-License-Identifier: Apache-2.0

/**
 * One worker runs many files with the same modules, which are loaded and compiled once. So a file ends
 * what it began and puts back what it changed. What still waits for a moment is ended here; what is not
 * put back is a fault of the file that took it.
 */

/** What a file can have changed for those after it: what is global, and in which mode checks are. */
export function surroundings(): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>([['MODE', import.meta.env.MODE]]);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    // Read, because some of it is made only when it is first asked for.
    const value = (globalThis as Record<string, unknown>)[name];
    // What was never said and what is unsaid again are one.
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** The names of what is not as it was. */
export function changed(before: ReadonlyMap<string, unknown>): string[] {
  const now = surroundings();
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].filter((name) => !Object.is(before.get(name), now.get(name)));
}

const turn = globalThis.setImmediate;

/** Takes note of every pause that begins; what it gives back ends those that last, and notes no more. */
export function notePauses(): () => Promise<void> {
  const real = globalThis.setTimeout;
  const waiting = new Set<ReturnType<typeof real>>();
  globalThis.setTimeout = ((run: (...given: unknown[]) => void, ...rest: unknown[]) => {
    const [pause, ...given] = rest as [number | undefined, ...unknown[]];
    const one = real(() => {
      waiting.delete(one);
      run(...given);
    }, pause);
    waiting.add(one);
    return one;
  }) as typeof real;
  const noting = globalThis.setTimeout;
  return async () => {
    // Some of it is just being worked out, and pauses again in a moment.
    for (let turns = 0; turns < 3; turns++) {
      waiting.forEach((one) => clearTimeout(one));
      waiting.clear();
      await new Promise((resolve) => turn(resolve));
    }
    if (globalThis.setTimeout === noting) globalThis.setTimeout = real;
  };
}
