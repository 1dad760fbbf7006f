// SPDX-License-Identifier: Apache-2.0
import { chromium } from 'playwright-core';

export const sizes = {
  phone: { width: 390, height: 844 },
  desk: { width: 1440, height: 900 },
};

export function launch() {
  return chromium.launch({
    executablePath: process.env.KEYHOLD_CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      // What puts frames together needs no process of its own.
      '--in-process-gpu',
      // Threads and processes that help where processors are idle; here none is.
      '--js-flags=--single-threaded',
      '--enable-features=NetworkServiceInProcess2',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page that remembers everything that ought not to happen on it. */
export async function watched(browser, options, origin) {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['blob:', 'data:'].includes(url.protocol) && url.origin !== origin) {
      faults.push(`request to ${url.origin}`);
    }
  });
  return { context, page, faults };
}
