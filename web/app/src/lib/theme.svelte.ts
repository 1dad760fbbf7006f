// SPDX-License-Identifier: Apache-2.0

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const remembered = 'keyhold.theme';
let current = $state<Theme>('system');

function show(next: Theme): void {
  current = next;
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}

export const theme = {
  get current(): Theme {
    return current;
  },
  set(next: Theme): void {
    show(next);
    localStorage.setItem(remembered, next);
  },
};

export function startTheme(): void {
  show(themes.find((one) => one === localStorage.getItem(remembered)) ?? 'system');
}
