// SPDX-License-Identifier: Apache-2.0
import { setClock } from '../src/lib/clock.svelte';
import { language } from '../src/lib/language.svelte';
import { mountApp } from '../src/start';
import { settle } from './drive';
import { now } from './fixture';
import { rememberPage } from './page';
import { states } from './states';

const page = document.documentElement;
page.dataset['states'] = Object.keys(states).join(' ');
setClock(() => now);

/** Draws a state on a page that has none; what it gives back takes it away again. */
async function draw(name: string, theme: string, tongue: string): Promise<() => Promise<void>> {
  const make = states[name];
  if (!make) throw new Error(`no state is called ${name}`);
  document.getElementById('app')?.replaceChildren();
  const clear = rememberPage();
  localStorage.setItem('keyhold.language', tongue);
  localStorage.setItem('keyhold.theme', theme);
  const state = make();
  location.hash = state.fragment ?? '';
  const end = mountApp(state.household, state.link ?? null, state.joining ?? false);
  // What stands still cannot be animated on a picture.
  await document.fonts.ready;
  await settle();
  await state.then?.();
  await document.fonts.ready;
  await settle();
  return async () => {
    await end();
    await clear();
  };
}

let leave: (() => Promise<void>) | null = null;
async function show(name: string, theme: string, tongue: string): Promise<void> {
  leave = await draw(name, theme, tongue);
}

// For whoever drives this page: another state, and another language in place.
Object.assign(globalThis, { show, leave: () => leave?.(), speak: language.set, settle });

function list(): void {
  const all = document.createElement('ul');
  for (const one of Object.keys(states)) {
    const link = document.createElement('a');
    link.href = `?state=${one}`;
    link.textContent = one;
    all.append(document.createElement('li'));
    all.lastElementChild?.append(link);
  }
  document.getElementById('app')?.append(all);
}

/** One drawn state an address: states.html?state=home&theme=dark&language=de; without one, the list. */
const wish = new URLSearchParams(location.search);
const name = wish.get('state');
if (name !== null) {
  show(name, wish.get('theme') ?? 'system', wish.get('language') ?? 'en').then(
    () => (page.dataset['ready'] = 'yes'),
    (reason: unknown) => (page.dataset['ready'] = `no: ${String(reason)}`),
  );
} else {
  list();
}
