// SPDX-License-Identifier: Apache-2.0

/** The languages of the catalogues. */
export const languages = ['en', 'de', 'nl'] as const;
export type Language = (typeof languages)[number];
