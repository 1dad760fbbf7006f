// SPDX-License-Identifier: Apache-2.0
import { overwriteGetLocale } from '../paraglide/runtime.js';
import { languages, type Language } from './languages';

export { languages, type Language };

/** Each in its own words: whoever is lost in a foreign language must find home. */
export const languageNames: Record<Language, string> = {
  en: 'English',
  de: 'Deutsch',
  nl: 'Nederlands',
};

const remembered = 'keyhold.language';

/** The first wish that we speak; regions do not matter. */
export function guess(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const short = wish.toLowerCase().split('-')[0];
    const found = languages.find((language) => language === short);
    if (found) return found;
  }
  return 'en';
}

let current = $state<Language>('en');

export const language = {
  get current(): Language {
    return current;
  },
  /** For Intl. The reader's own region where it is one of this language's. */
  get tag(): string {
    const own = navigator.languages.find((wish) => wish.toLowerCase().startsWith(`${current}-`));
    return own ?? { en: 'en-GB', de: 'de-DE', nl: 'nl-NL' }[current];
  },
  set(next: Language): void {
    current = next;
    localStorage.setItem(remembered, next);
    document.documentElement.lang = next;
  },
};

/** Called once, before the first page: every message read after it follows `language`. */
export function startLanguage(): void {
  const before = languages.find((one) => one === localStorage.getItem(remembered));
  current = before ?? guess(navigator.languages);
  document.documentElement.lang = current;
  // Reading the state inside makes every message of a template follow a change by itself.
  overwriteGetLocale(() => current);
}
