// SPDX-License-Identifier: Apache-2.0

// A person with the owner app in a browser. It takes one order a line from its input, an object of JSON, and answers
// each with one line: {"value": …} or {"error": "…"}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(
  new URL("../../web/package.json", import.meta.url),
)("playwright-core");

const patience = 40_000;
let browser;
let context;
/** A page of the same origin that runs nothing of the app: through it the device's memory is put back. */
let memory;

const orders = {
  /** Starts the browser and lets it become a device of the household. */
  async join({ link, name }) {
    browser = await chromium.launch({
      executablePath: process.env.KEYHOLD_CHROMIUM ?? "/usr/bin/chromium-headless-shell",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--in-process-gpu",
        // Threads and processes that help where processors are idle; here none is.
        "--js-flags=--single-threaded",
        "--enable-features=NetworkServiceInProcess2",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
      ],
    });
    context = await browser.newContext({
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
      viewport: { width: 1000, height: 800 },
    });
    context.setDefaultTimeout(patience);
    memory = await context.newPage();
    await memory.goto(new URL("/icon.svg", link).href);
    const page = await context.newPage();
    await page.goto(link);
    await page.locator("input").fill(name);
    await page.locator("button[type=submit]").click();
    await page.locator("nav").waitFor({ timeout: 120_000 });
    await page.close();
  },

  /** Opens the app until everything was checked, and keeps what the device then remembers under a name. */
  async remember({ origin, as }) {
    const page = await context.newPage();
    await page.goto(`${origin}/#/`);
    await page.locator(".line.good").waitFor();
    await page.locator('a.tile[data-at]').first().waitFor();
    await page.close();
    await memory.evaluate(copy, { from: "keyhold", to: `kept-${as}` });
  },

  async look(order) {
    await memory.evaluate(copy, { from: `kept-${order.state}`, to: "keyhold" });
    const page = await context.newPage();
    try {
      await page.addInitScript(
        (off) => (globalThis.__keyholdMutant = off),
        order.off,
      );
      await page.addInitScript(
        (one) => localStorage.setItem("keyhold.language", one),
        order.language,
      );
      return await look(page, order);
    } finally {
      await page.close();
    }
  },

  async close() {
    await browser?.close();
  },
};

/** What a person sees who wants to watch the door, then looks at the home page. */
async function look(page, { origin, camera, times, alarm, beyond, picture }) {
  const sight = {
    alarms: [],
    faults: [],
    colours: [],
    holes: 0,
    newest: 0,
    trust: "",
  };
  const end = Date.now() + patience;
  for (const [i, at] of times.entries()) {
    await page.goto(`${origin}/#/history?camera=${camera}&at=${at}`);
    const played = { from: null, place: "" };
    for (;;) {
      const seen = await page.evaluate(glance);
      for (const colour of seen.colours) {
        if (sight.colours.at(-1) !== colour) sight.colours.push(colour);
      }
      if (seen.alarms.length > 0) {
        sight.alarms = seen.alarms;
        if (picture) await page.screenshot({ path: picture, fullPage: true });
        return sight;
      }
      if (played.place !== seen.place)
        Object.assign(played, { from: seen.time, place: seen.place });
      // Who waits for an alarm watches on; else a second of film is enough.
      const watched =
        seen.time !== null &&
        played.from !== null &&
        seen.time - played.from > 1;
      if (!alarm && (watched || seen.fault || seen.hole)) {
        if (seen.fault) sight.faults.push(seen.fault);
        if (seen.hole) sight.holes += 1;
        break;
      }
      if (Date.now() > end) {
        const text = await page.evaluate(() => document.body.innerText);
        sight.faults.push(`nothing happened: ${JSON.stringify(seen)}, on the page: ${text}`);
        return sight;
      }
      await page.waitForTimeout(100);
    }
    if (i + 1 < times.length) await page.goto("about:blank");
  }
  // The line about trust has to say by itself that all was checked.
  await page.evaluate(() => (location.hash = "#/"));
  await page.locator(".line").waitFor();
  for (;;) {
    const seen = await page.evaluate(glance);
    if (seen.alarms.length > 0) {
      sight.alarms = seen.alarms;
      return sight;
    }
    sight.trust = seen.trust;
    sight.newest = await page.evaluate(newest, camera);
    const settled =
      !["", "calm"].includes(seen.trust) &&
      ((sight.newest > 0 && sight.newest !== beyond) || sight.faults.length > 0);
    if (settled || Date.now() > end) return sight;
    await page.waitForTimeout(100);
  }
}

/** Runs in the page: what is to be seen on it now. */
function glance() {
  const seen = {
    alarms: [],
    colours: [],
    time: null,
    place: "",
    fault: "",
    hole: false,
    trust: "",
  };
  const shown = (element) => element !== null && element.checkVisibility();
  for (const section of document.querySelectorAll(
    "[role=alert].alarm section",
  )) {
    if (shown(section)) seen.alarms.push(section.innerText);
  }
  const notice = document.querySelector(".said:not(.over)");
  if (shown(notice)) {
    if (notice.getAttribute("role") === "alert") seen.fault = notice.innerText;
    else if (notice.querySelector(".text") !== null) seen.hole = true;
  }
  const video = document.querySelector("video");
  if (video !== null && video.readyState >= 2 && video.videoWidth > 0) {
    seen.time = video.currentTime;
    seen.place = video.currentSrc;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d");
    pen.drawImage(
      video,
      video.videoWidth / 2,
      video.videoHeight / 9,
      1,
      1,
      0,
      0,
      1,
      1,
    );
    seen.colours.push(
      [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(" "),
    );
  }
  const line = document.querySelector(".line");
  if (shown(line))
    seen.trust =
      [...line.classList].find((one) =>
        ["good", "calm", "warning", "alarm"].includes(one),
      ) ?? "";
  return seen;
}

/** Runs in the page: the time of the newest picture of a camera. */
function newest(camera) {
  const tile = document.querySelector(`a.tile[data-camera="${camera}"]`);
  return Number(tile?.dataset.at ?? 0);
}

/** Runs in the page: copies a database; keys that nobody can read are copied as handles. */
async function copy({ from, to }) {
  const open = (name) =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () =>
        request.result.createObjectStore("values");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const done = (transaction) =>
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  const [source, target] = [await open(from), await open(to)];
  const read = source.transaction("values");
  const [keys, values] = [
    read.objectStore("values").getAllKeys(),
    read.objectStore("values").getAll(),
  ];
  await done(read);
  const write = target.transaction("values", "readwrite");
  write.objectStore("values").clear();
  keys.result.forEach((key, i) =>
    write.objectStore("values").put(values.result[i], key),
  );
  await done(write);
  source.close();
  target.close();
}

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await orders[order](rest)) ?? null };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
  if (order === "close") break;
}
