// SPDX-License-Identifier: Apache-2.0
import { see } from './drive';

const page = document.documentElement;

const shown = (): string => document.head.innerHTML + document.body.outerHTML;

/** Remembers the page as it is; what it gives back makes it so again, or says that it cannot. */
export function rememberPage(): () => Promise<void> {
  const address = location.href;
  const title = document.title;
  const attributes = [...page.attributes].map(({ name, value }) => [name, value] as const);
  const globals = Object.getOwnPropertyDescriptors(globalThis) as PropertyDescriptorMap;
  const bare = shown();
  return async () => {
    history.replaceState(null, '', address);
    document.title = title;
    for (const { name } of [...page.attributes]) page.removeAttribute(name);
    for (const [name, value] of attributes) page.setAttribute(name, value);
    restoreGlobals(globals);
    localStorage.clear();
    sessionStorage.clear();
    scrollTo(0, 0);
    // Some of what a dialog did to the page ends a moment after it.
    const asBefore = (body: HTMLElement): boolean => {
      // A lock on scrolling leaves an empty style.
      if (body.style.length === 0) body.removeAttribute('style');
      return shown() === bare;
    };
    await see('body', asBefore).catch(() => {
      throw new Error(`the state leaves something on the page: ${shown()}`);
    });
  };
}

/** What a state put in the place of the browser's own. What a part of the app added for good stays. */
function restoreGlobals(before: PropertyDescriptorMap): void {
  for (const name of Reflect.ownKeys(before)) {
    const [was, is] = [before[name], Reflect.getOwnPropertyDescriptor(globalThis, name)];
    if (was && (is?.value !== was.value || is?.get !== was.get)) {
      Object.defineProperty(globalThis, name, was);
    }
  }
}
