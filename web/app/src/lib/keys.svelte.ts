// SPDX-License-Identifier: Apache-2.0

const remembered = 'keyhold.keys';
let on = $state(true);

/** Single-letter keys; people who dictate or tremble can turn them off. */
export const keys = {
  get on(): boolean {
    return on;
  },
  set(next: boolean): void {
    on = next;
    localStorage.setItem(remembered, next ? 'on' : 'off');
  },
};

export function startKeys(): void {
  on = localStorage.getItem(remembered) !== 'off';
}

/**
 * The key meant as a command, or null: while typing, with modifiers, or when turned off. While a
 * dialog is over the page, keys are for what asks from `inside` it alone.
 */
export function commandOf(event: KeyboardEvent, inside?: Element): string | null {
  if (!on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  const over = document.querySelector('dialog:modal');
  if (over !== null && over !== inside?.closest('dialog')) return null;
  const target = event.target;
  if (target instanceof HTMLElement) {
    if (target.isContentEditable || target.closest('input, select, textarea, [role="dialog"]')) {
      return null;
    }
    // Space presses the button that has the focus, and nothing else.
    if (event.key === ' ' && target.closest('button, a, [role="radio"]')) return null;
  }
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
