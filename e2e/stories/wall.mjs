// SPDX-License-Identifier: Apache-2.0

// The page on which all cameras are seen at a time.

/** How each picture of the page of all cameras is, by name. */
export const wall = (page) =>
  page.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll('.wall .tile')].map((tile) => [tile.querySelector('.name').textContent, tile.dataset.how])),
  );
export const allLive = async ({ page }) => {
  const hows = Object.values(await wall(page));
  return hows.length === 3 && hows.every((how) => how === 'live');
};

/** Notes, by the page's own clock, how long after its last picture a camera's is not called live any more. */
export function timeGrey(name) {
  const tile = [...document.querySelectorAll('.wall .tile')].find((one) => one.querySelector('.name').textContent === name);
  const video = tile.querySelector('video');
  let last = performance.now();
  const shown = () => {
    last = performance.now();
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
  globalThis.grey = 0;
  new MutationObserver((_, observer) => {
    if (tile.dataset.how === 'live') return;
    globalThis.grey = performance.now() - last;
    observer.disconnect();
  }).observe(tile, { attributeFilter: ['data-how'] });
}
