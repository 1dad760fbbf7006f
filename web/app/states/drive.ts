// SPDX-License-Identifier: Apache-2.0

/** Waits until something is there, at most ten seconds. */
export async function see(
  selector: string,
  also: (found: HTMLElement) => boolean = () => true,
): Promise<void> {
  await find(selector, also);
}

function find(selector: string, also: (found: HTMLElement) => boolean): Promise<HTMLElement> {
  const deadline = performance.now() + 10_000;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = document.querySelector<HTMLElement>(selector);
      if (found && also(found)) resolve(found);
      else if (performance.now() > deadline) reject(new Error(`${selector} did not appear`));
      else setTimeout(look, 20);
    };
    look();
  });
}

export async function click(selector: string): Promise<void> {
  (await find(selector, (found) => !found.matches(':disabled'))).click();
  await settle();
}

export async function fill(selector: string, text: string): Promise<void> {
  const input = (await find(selector, () => true)) as HTMLInputElement;
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await settle();
}

export async function pick(selector: string, value: string): Promise<void> {
  const select = (await find(selector, () => true)) as HTMLSelectElement;
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  await settle();
}

export async function key(name: string): Promise<void> {
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  await settle();
}

/** Two drawn frames: whatever followed from the last act has been shown. */
export function settle(): Promise<void> {
  return new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => resolve())),
  );
}

/** Opens what is set up of a camera that is shown live. */
export async function settings(): Promise<void> {
  await click('.btn:has(.lucide-sliders-horizontal)');
}

/** Opens what is set up behind one of its icons. */
export async function setUp(icon: string): Promise<void> {
  await settings();
  await click(`.setup .entry:has(.lucide-${icon})`);
}
