// SPDX-License-Identifier: Apache-2.0
import '@fontsource-variable/figtree/wght.css';
import '@keyhold/ui/tokens.css';
import '@keyhold/ui/base.css';
import { mount, unmount } from 'svelte';
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

/** Gives back what ends the app and leaves the page without it. */
export function mountApp(
  household: Household,
  link: string | null,
  joining: boolean,
): () => Promise<void> {
  startLanguage();
  startTheme();
  startKeys();
  const endRoutes = startRoutes();
  const target = document.getElementById('app');
  if (!target) throw new Error('the page lacks its place for the app');
  const app = mount(App, { target, props: { household, link, joining } });
  return () => {
    endRoutes();
    return unmount(app);
  };
}
