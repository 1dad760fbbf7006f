// SPDX-License-Identifier: Apache-2.0
import { setClock } from '../src/lib/clock.svelte';
import { language } from '../src/lib/language.svelte';
import { mountApp } from '../src/start';
import { settle } from './drive';
import { now } from './fixture';
import { states } from './states';

/** One drawn state an address: states.html?state=home&theme=dark&language=de; without one, the list. */
const wish = new URLSearchParams(location.search);
const name = wish.get('state');
const make = name === null ? undefined : states[name];

localStorage.setItem('keyhold.language', wish.get('language') ?? 'en');
localStorage.setItem('keyhold.theme', wish.get('theme') ?? 'system');
const page = document.documentElement;
// For whoever drives this page: another language in place.
Object.assign(globalThis, { speak: language.set, settle });
page.dataset.states = Object.keys(states).join(' ');

async function show(): Promise<void> {
  if (!make) {
    const list = document.createElement('ul');
    for (const one of Object.keys(states)) {
      const link = document.createElement('a');
      link.href = `?state=${one}`;
      link.textContent = one;
      list.append(document.createElement('li'));
      list.lastElementChild?.append(link);
    }
    document.getElementById('app')?.replaceWith(list);
    return;
  }
  const state = make();
  setClock(() => now);
  location.hash = state.fragment ?? '';
  mountApp(state.household, state.link ?? null, state.joining ?? false);
  // What stands still cannot be animated on a picture.
  await document.fonts.ready;
  await settle();
  await state.then?.();
  await document.fonts.ready;
  await settle();
}

show().then(
  () => (page.dataset.ready = 'yes'),
  (reason: unknown) => (page.dataset.ready = `no: ${String(reason)}`),
);
