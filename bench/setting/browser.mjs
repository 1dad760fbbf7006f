// SPDX-License-Identifier: Apache-2.0

// The browser of the measurements.
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

/** A browser with a folder; '' for one of its own that goes with it. */
export async function browser(folder, patience) {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.KEYHOLD_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 800 },
  });
  context.setDefaultTimeout(patience);
  return context;
}

/** Makes it a device of the household that the link is of. */
export async function join(context, link) {
  const page = await context.newPage();
  await page.goto(link);
  await page.locator('input').fill('A browser');
  await page.locator('button[type=submit]').click();
  await page.locator('nav').first().waitFor();
  await page.close();
}
