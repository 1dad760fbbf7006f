// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Subscription } from '../statement/request.ts';
import { trusted } from './trusted.ts';

/** Whether alerts can come to this browser while Keyhold is closed, and whether they do. */
export type AlertsHere =
  | 'on'
  | 'off'
  | 'blocked' // by the person, in the browser
  | 'unable' // the browser cannot
  | 'install'; // an iPhone: only once Keyhold is on its home screen

/** What is asked of the hub. */
export interface Asked {
  readonly key: () => Promise<Bytes>;
  readonly subscribe: (to: Subscription) => Promise<void>;
  readonly unsubscribe: () => Promise<void>;
  /** They were turned on here, and not off again. */
  readonly wanted: () => Promise<boolean>;
}

const script = '/push.js';
/** No page lives there: the worker is for messages alone, and stands between no page and its server. */
const scope = '/push/';

let address: string | null = null;

export async function alertsHere(): Promise<AlertsHere> {
  if (!('serviceWorker' in navigator && 'PushManager' in globalThis)) {
    return needsInstalling() ? 'install' : 'unable';
  }
  if (Notification.permission === 'denied') return 'blocked';
  if (Notification.permission !== 'granted') return 'off';
  return (await subscription()) === null ? 'off' : 'on';
}

function needsInstalling(): boolean {
  const { platform, userAgent, maxTouchPoints } = navigator;
  const apple =
    /iPhone|iPad|iPod/.test(userAgent) || (platform === 'MacIntel' && maxTouchPoints > 1);
  return apple && !matchMedia('(display-mode: standalone)').matches;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration(scope);
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Asks the person, then subscribes. Call it from a press of a button: browsers want that. */
export async function turnOn(hub: Asked): Promise<AlertsHere> {
  const answer = await Notification.requestPermission();
  if (answer === 'denied') return 'blocked';
  if (answer !== 'granted') return 'off';
  await subscribe(hub);
  return 'on';
}

export async function turnOff(hub: Asked): Promise<AlertsHere> {
  await (await subscription())?.unsubscribe();
  await hub.unsubscribe();
  return 'off';
}

/** What is wanted still holds: the browser may have made another subscription since, or ended it. */
export async function keepOn(hub: Asked): Promise<void> {
  const here = await alertsHere();
  const off = here === 'off' && Notification.permission === 'granted';
  if (here === 'on' || (off && (await hub.wanted()))) await subscribe(hub);
}

export async function end(): Promise<void> {
  await (await navigator.serviceWorker.getRegistration(scope))?.unregister();
}

async function subscribe(hub: Asked): Promise<void> {
  const key = await hub.key();
  const registration = await register();
  const before = await registration.pushManager.getSubscription();
  const same = before !== null && equal(before.options.applicationServerKey, key);
  if (before !== null && !same) await before.unsubscribe();
  const now = same
    ? before
    : await registration.pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: key,
      });
  const { endpoint } = now;
  await hub.subscribe({ endpoint, p256dh: half(now, 'p256dh'), auth: half(now, 'auth') });
}

function half(from: PushSubscription, name: PushEncryptionKeyName): Bytes {
  const key = from.getKey(name);
  if (key === null) throw new Error('the browser keeps back a key of its subscription');
  return new Uint8Array(key);
}

function equal(a: ArrayBuffer | null, b: Uint8Array): boolean {
  if (a === null || a.byteLength !== b.length) return false;
  return new Uint8Array(a).every((byte, i) => byte === b[i]);
}

async function register(): Promise<ServiceWorkerRegistration> {
  address ??= trusted(script, 'keyhold-push');
  const registration = await navigator.serviceWorker.register(address, {
    scope,
    updateViaCache: 'none',
  });
  const worker = registration.installing ?? registration.waiting;
  if (registration.active === null && worker !== null) await active(worker);
  return registration;
}

function active(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (worker.state === 'activated') resolve();
      else if (worker.state === 'redundant') reject(new Error('the worker did not start'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
}
