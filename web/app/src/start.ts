// SPDX-License-Identifier: Apache-2.0
import '@fontsource-variable/figtree/wght.css';
import '@keyhold/ui/tokens.css';
import '@keyhold/ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startKeys } from './lib/keys.svelte';
import type { Household } from './lib/household';
import { startLanguage } from './lib/language.svelte';
import { startRoutes } from './lib/route.svelte';
import { startTheme } from './lib/theme.svelte';

/** The whole invitation, taken out of the address bar before anything else can read it. */
export function takeInvitation(): string | null {
  if (location.pathname !== '/join' || location.hash.length < 2) return null;
  const link = location.href;
  history.replaceState(null, '', '/join');
  return link;
}

export function mountApp(household: Household, link: string | null, joining: boolean): void {
  startLanguage();
  startTheme();
  startKeys();
  startRoutes();
  const target = document.getElementById('app');
  if (!target) throw new Error('the page lacks its place for the app');
  mount(App, { target, props: { household, link, joining } });
}
