// SPDX-License-Identifier: Apache-2.0

/**
 * The service worker: shows alerts while no page is open. It answers no fetch and keeps no file, so
 * that it stands between no page and its server.
 */
import { DatabaseStore } from '@keyhold/protocol/browser/db.ts';
import { Taker, type Taken } from '@keyhold/protocol/push/take.ts';
import { Cloud } from '@keyhold/protocol/sync/cloud.ts';
import { shownOf } from './words';

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface PushEventLike extends Lasting {
  readonly data: { text(): string } | null;
}
interface ClickLike extends Lasting {
  readonly notification: Notification & { readonly data: { open?: string } | null };
}
interface WindowLike {
  readonly visibilityState: string;
  focus(): Promise<WindowLike>;
  postMessage(message: unknown): void;
}
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<WindowLike[]>;
    openWindow(address: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'push', run: (event: PushEventLike) => void): void;
  addEventListener(name: 'notificationclick', run: (event: ClickLike) => void): void;
  addEventListener(name: 'install', run: (event: Lasting) => void): void;
}

const scope = globalThis as unknown as Scope;
let taker: Promise<Taker> | null = null;

function opened(): Promise<Taker> {
  taker ??= DatabaseStore.open().then((store) => new Taker(store));
  taker.catch(() => (taker = null));
  return taker;
}

async function take(text: string): Promise<void> {
  const came = Date.now();
  const taker = await opened();
  const taken = await taker.take(text);
  await show(taken, taken?.words ?? (await taker.words()));
  if (taken === null || taken.late === 'replay') return;
  // Whoever cannot be reached now is told by the next one.
  await taker.report(new Cloud(location.origin), taken.alert, came).catch(() => undefined);
}

function show(taken: Taken | null, words: Taken['words']): Promise<void> {
  const { title, body, tag, at, open, loud } = shownOf(taken, words, Date.now());
  return scope.registration.showNotification(title, {
    body,
    tag,
    data: { open },
    icon: '/icon.svg',
    lang: words.language,
    silent: !loud,
    ...{ timestamp: at },
  });
}

/** The page that is open already, or a new one. */
async function goTo(address: string): Promise<void> {
  const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const one = windows.find(({ visibilityState }) => visibilityState === 'visible') ?? windows[0];
  if (one === undefined) {
    await scope.clients.openWindow(address);
    return;
  }
  await one.focus();
  one.postMessage({ open: address });
}

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener('push', (event) => event.waitUntil(take(event.data?.text() ?? '')));
scope.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(goTo(event.notification.data?.open ?? '/'));
});
