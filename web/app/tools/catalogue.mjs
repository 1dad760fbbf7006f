// SPDX-License-Identifier: Apache-2.0
// Fails when a catalogue lacks a key, holds one that no page uses, names other placeholders than
// English does, or is formal with its reader; and when a page uses a key that is not there.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const app = join(dirname(fileURLToPath(import.meta.url)), '..');
const languages = ['en', 'de', 'nl'];

const texts = Object.fromEntries(
  languages.map((language) => [
    language,
    JSON.parse(readFileSync(join(app, 'messages', `${language}.json`), 'utf8')),
  ]),
);

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'paraglide' ? [] : sources(path);
    return ['.ts', '.svelte'].includes(extname(entry.name)) ? [path] : [];
  });
}

const used = new Map();
for (const path of sources(join(app, 'src'))) {
  for (const [, key] of readFileSync(path, 'utf8').matchAll(/\bm\.([a-z0-9_]+)\(/g)) {
    used.set(key, path);
  }
}

const placeholders = (text) =>
  [...text.matchAll(/\{(\w+)\}/g)]
    .map((found) => found[1])
    .sort()
    .join();
/** Within a sentence a capital makes it formal; at its beginning only what follows tells. */
const formal = {
  de: /[^.!?:„ ] (Sie|Ihnen|Ihre?[mnrs]?)\b|\b(Sie (können|haben|müssen)|Ihre?[mnrs]? Hub)\b/,
  nl: /\b(u|uw|uzelf)\b/i,
};
const faults = [];
const keys = new Set(languages.flatMap((language) => Object.keys(texts[language])));
for (const key of keys) {
  if (!used.has(key)) faults.push(`${key}: no page uses it`);
  for (const language of languages) {
    const text = texts[language][key];
    if (typeof text !== 'string' || text.trim() === '')
      faults.push(`${key}: missing in ${language}`);
    else if (placeholders(text) !== placeholders(texts.en[key] ?? '')) {
      faults.push(`${key}: other placeholders in ${language}`);
    } else if (formal[language]?.test(text)) faults.push(`${key}: formal in ${language}`);
  }
}
for (const [key, path] of used) {
  if (!keys.has(key)) faults.push(`${key}: used in ${path} and in no catalogue`);
}
// Text between tags that is not from a catalogue; the product's own name is nobody's language.
for (const path of sources(join(app, 'src')).filter((one) => one.endsWith('.svelte'))) {
  const markup = readFileSync(path, 'utf8')
    .replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, '')
    .replace(/\{[^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*\}/g, '');
  for (const [, text] of markup.matchAll(/>([^<>]*[A-Za-zÄÖÜäöüß]{2,}[^<>]*)</g)) {
    if (text.trim() !== 'Keyhold') faults.push(`${path}: "${text.trim()}" is in no catalogue`);
  }
}

for (const fault of faults) console.error(fault);
console.log(
  `catalogues: ${keys.size} keys in ${languages.length} languages, ${faults.length} faults`,
);
process.exit(faults.length === 0 ? 0 : 1);
