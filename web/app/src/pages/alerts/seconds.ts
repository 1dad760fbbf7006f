// SPDX-License-Identifier: Apache-2.0
import { language } from '../../lib/language.svelte';

/** How long something took: 1.2 seconds; what is shorter than a tenth, by two digits. */
export function secondsText(ms: number): string {
  return new Intl.NumberFormat(language.tag, {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'long',
    maximumFractionDigits: ms < 95 ? 2 : 1,
  }).format(ms / 1000);
}
