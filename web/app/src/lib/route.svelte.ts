// SPDX-License-Identifier: Apache-2.0
import { address, parse, type Route } from './address';

let current = $state<Route>({ page: 'home' });

export const route = {
  get current(): Route {
    return current;
  },
  go(next: Route): void {
    location.hash = address(next);
  },
};

export function startRoutes(): () => void {
  const read = (): void => {
    current = parse(location.hash);
  };
  read();
  addEventListener('hashchange', read);
  // A touch on an alert, while a page is open.
  const told = ({ data }: MessageEvent<{ open?: unknown }>): void => {
    if (typeof data.open === 'string') location.hash = data.open.replace(/^[^#]*/, '');
  };
  const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  worker?.addEventListener('message', told);
  worker?.startMessages();
  return () => {
    removeEventListener('hashchange', read);
    worker?.removeEventListener('message', told);
  };
}
