// SPDX-License-Identifier: Apache-2.0

import { base64, equal, fromUtf8, utf8, type Bytes } from './bytes.ts';
import { maxDepth, Parser, validKey } from './parser.ts';
import { must } from './mutant.ts';
import { RuleError } from './rule.ts';

/**
 * Canonical JSON (docs/protocol.md 1.1): one spelling per value, one verdict per input. JSON.parse
 * would take duplicate keys and lose digits, which is how two programs come to see two meanings in
 * one signature; so this reader refuses whatever the writer would not have written.
 */
export type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean;

/** What `encode` takes: canonical JSON in which bytes may stand for their base64. */
export type Writable =
  | { readonly [key: string]: Writable | undefined }
  | readonly Writable[]
  | string
  | number
  | boolean
  | Uint8Array;

export const maxBytes = 49_152;

/** Steps 1 to 3 of the reading order. */
export function parse(input: Uint8Array, limit = maxBytes): Json {
  if (input.length > limit) throw new RuleError('length', `longer than ${limit} bytes`);
  const text = fromUtf8(input);
  if (text === null) throw new RuleError('utf8', 'text is not UTF-8');
  const quick = quickly(text);
  if (quick !== undefined) return quick;
  const value = new Parser(text).whole();
  must(equal(encode(value), input), 'not-canonical', 'not the canonical spelling');
  return value;
}

/**
 * What is written again to the very same text has no fault that the parser would name: a key that
 * stands twice is lost, a number or a string that is not ours comes out in another spelling, and
 * the writer refuses the rest. Whatever is not so is left to the parser.
 */
function quickly(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return write(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The canonical form. Throws for what has none: a programming error, not a refusal. */
export function encode(value: Writable): Bytes {
  return utf8(write(value));
}

function write(value: Writable, depth = 1): string {
  switch (typeof value) {
    case 'string':
      return quote(value.normalize('NFC'));
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isSafeInteger(value)) throw new Error('canonical JSON: not an integer');
      return String(value === 0 ? 0 : value);
  }
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (depth > maxDepth) throw new Error('canonical JSON: depth');
  if (Array.isArray(value)) {
    return `[${value.map((one: Writable) => write(one, depth + 1)).join(',')}]`;
  }
  const fields: string[] = [];
  const object = value as { readonly [key: string]: Writable | undefined };
  // Keys are ASCII, so that sorting by UTF-16 unit is sorting by byte.
  for (const key of Object.keys(object).sort()) {
    const field = object[key];
    if (field === undefined) continue;
    if (!validKey(key)) throw new Error('canonical JSON: key');
    fields.push(`"${key}":${write(field, depth + 1)}`);
  }
  return `{${fields.join(',')}}`;
}

function quote(text: string): string {
  if (!/["\\\u0000-\u001f]/.test(text)) return `"${text}"`;
  let out = '"';
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (letter === '"' || letter === '\\') out += '\\' + letter;
    else if (code < 0x20) out += '\\u' + code.toString(16).padStart(4, '0');
    else out += letter;
  }
  return out + '"';
}
