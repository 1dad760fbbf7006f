// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepOn, type Asked } from '../src/browser/push.ts';
import type { Engine } from '../src/sync/engine.ts';
import { Phones, wordsKey } from '../src/sync/phones.ts';
import { MemoryStore } from '../src/sync/store.ts';

const key = new Uint8Array(65);
const made = {
  endpoint: 'https://push.example/new',
  getKey: () => new ArrayBuffer(16),
  options: { applicationServerKey: key.buffer },
};

/** What the browser has kept of the subscription. */
let kept: typeof made | null;
let subscribed: string[];
let permission: NotificationPermission;
let wanted: boolean;

const hub: Asked = {
  key: () => Promise.resolve(key),
  subscribe: ({ endpoint }) => {
    subscribed.push(endpoint);
    return Promise.resolve();
  },
  unsubscribe: () => Promise.resolve(),
  wanted: () => Promise.resolve(wanted),
};

beforeEach(() => {
  kept = null;
  subscribed = [];
  permission = 'granted';
  wanted = true;
  const registration = {
    active: {},
    installing: null,
    waiting: null,
    pushManager: {
      getSubscription: () => Promise.resolve(kept),
      subscribe: () => Promise.resolve((kept = made)),
    },
  };
  const given = (): Promise<unknown> => Promise.resolve(registration);
  vi.stubGlobal('navigator', { serviceWorker: { getRegistration: given, register: given } });
  vi.stubGlobal('PushManager', class {});
  vi.stubGlobal('Notification', {
    get permission() {
      return permission;
    },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a subscription that the browser has ended is made anew', async () => {
  await keepOn(hub);
  expect(subscribed).toEqual([made.endpoint]);
});

test('one that is there is told to the hub once more', async () => {
  kept = made;
  await keepOn(hub);
  expect(subscribed).toEqual([made.endpoint]);
});

test('nothing comes to whoever turned it off, here or in the browser', async () => {
  wanted = false;
  await keepOn(hub);
  wanted = true;
  permission = 'default';
  await keepOn(hub);
  expect(subscribed).toEqual([]);
  expect(kept).toBeNull();
});

test('alerts are wanted from turning them on to turning them off', async () => {
  const store = new MemoryStore();
  const away = (): Promise<never> => Promise.reject(new Error('the hub is away'));
  const phones = new Phones({} as Engine, store, away);
  expect(await phones.wanted()).toBe(false);
  await store.set(wordsKey, { language: 'de', tag: 'de', zone: '', cameras: {} });
  expect(await phones.wanted()).toBe(true);
  await phones.unsubscribe().catch(() => undefined);
  expect(await phones.wanted()).toBe(false);
});
