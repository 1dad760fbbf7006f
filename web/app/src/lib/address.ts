// SPDX-License-Identifier: Apache-2.0

/**
 * Pages live in the fragment, which no browser sends: the server does not learn which page is
 * open, nor which camera and which moment somebody looks at.
 */
const pages = [
  'home',
  'live',
  'history',
  'starred',
  'alerts',
  'looks',
  'people',
  'person',
  'rights',
  'out',
  'invite',
  'trail',
  'mine',
  'add',
  'passkey',
  'sheet',
  'drill',
  'settings',
  'outside',
  'hub',
  'agree',
  'everything',
  'move',
  'erase',
  'alarms',
] as const;
export type Page = (typeof pages)[number];

export interface Route {
  page: Page;
  camera?: string;
  at?: number;
  /** A person. */
  who?: string | undefined;
}

export function parse(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?');
  const page = pages.find((one) => one === path) ?? 'home';
  const wish = new URLSearchParams(query);
  const route: Route = { page };
  const camera = wish.get('camera');
  if (camera) route.camera = camera;
  const who = wish.get('who');
  if (who) route.who = who;
  const at = Number(wish.get('at'));
  if (Number.isSafeInteger(at) && at > 0) route.at = at;
  return route;
}

export function address(route: Route): string {
  const query = new URLSearchParams();
  if (route.camera) query.set('camera', route.camera);
  if (route.at) query.set('at', String(Math.round(route.at)));
  if (route.who) query.set('who', route.who);
  const tail = query.size ? `?${query}` : '';
  return `#/${route.page === 'home' ? '' : route.page}${tail}`;
}
