// SPDX-License-Identifier: Apache-2.0
// The little of a browser that the tested modules touch when they are loaded.
const store = new Map<string, string>();
Object.assign(globalThis, {
  location: new URL('http://localhost/'),
  localStorage: {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => void store.set(name, value),
  },
  document: { documentElement: { lang: '', dataset: {} } },
});
Object.defineProperty(globalThis, 'navigator', {
  value: { languages: ['en-GB'], userAgent: 'test' },
  configurable: true,
});
