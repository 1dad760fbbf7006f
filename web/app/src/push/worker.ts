// SPDX-License-Identifier: Apache-2.0

/**
 * The service worker: shows alerts while no page is open. It answers no fetch and keeps no file, so
 * that it stands between no page and its server.
 */
import { base64 } from '@keyhold/protocol/bytes.ts';
import { DatabaseStore } from '@keyhold/protocol/browser/db.ts';
import { openEngine, pictureOf } from '@keyhold/protocol/push/moment.ts';
import { Taker } from '@keyhold/protocol/push/take.ts';
import type { Alert } from '@keyhold/protocol/statement/alert.ts';
import { Cloud } from '@keyhold/protocol/sync/cloud.ts';
import type { Engine } from '@keyhold/protocol/sync/engine.ts';
import { shownOf, type Shown } from './words';

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

interface Opened {
  readonly store: DatabaseStore;
  readonly taker: Taker;
}

const scope = globalThis as unknown as Scope;
let opening: Promise<Opened> | null = null;

function opened(): Promise<Opened> {
  opening ??= DatabaseStore.open().then((store) => ({ store, taker: new Taker(store) }));
  opening.catch(() => (opening = null));
  return opening;
}

async function take(text: string): Promise<void> {
  const came = Date.now();
  const { store, taker } = await opened();
  const taken = await taker.take(text);
  const shown = shownOf(taken, taken?.words ?? (await taker.words()), came);
  await show(shown);
  if (taken === null || taken.late === 'replay') return;
  const cloud = new Cloud(location.origin);
  // Whoever cannot be reached now is told by the next one.
  const reported = taker.report(cloud, taken.alert, came).catch(() => undefined);
  if (shown.pictured && 'image' in Notification.prototype) {
    await addPicture(taken.alert, shown, await openEngine(store, cloud)).catch(() => undefined);
  }
  await reported;
}

function show(shown: Shown, more: { image?: string; silent?: true } = {}): Promise<void> {
  const { title, body, tag, at, open, loud, lang } = shown;
  return scope.registration.showNotification(title, {
    body,
    tag,
    data: { open },
    icon: '/icon.svg',
    lang,
    silent: !loud,
    ...{ timestamp: at },
    ...more,
  });
}

/** The picture comes into the message that is there, without a sound; who has put that away is not told again. */
async function addPicture(alert: Alert, shown: Shown, engine: Engine | null): Promise<void> {
  const picture = engine && (await pictureOf(alert, engine));
  if (picture === null) return;
  const [there] = await scope.registration.getNotifications({ tag: shown.tag });
  if (there === undefined) return;
  await show(shown, { image: `data:image/jpeg;base64,${base64(picture)}`, silent: true });
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
