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
  return () => removeEventListener('hashchange', read);
}
