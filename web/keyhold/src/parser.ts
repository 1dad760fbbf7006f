// SPDX-License-Identifier: Apache-2.0

import type { Json } from './canon.ts';
import { RuleError } from './rule.ts';

export const maxDepth = 16;
const keyForm = /^[a-zA-Z][a-zA-Z0-9_]{0,31}$/;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Keys that were found valid: payloads use a few dozen. */
const known = new Set<string>();
const mostKnown = 256;

export function validKey(key: string): boolean {
  if (known.has(key)) return true;
  const valid = keyForm.test(key);
  if (valid && known.size < mostKnown) known.add(key);
  return valid;
}

function syntax(what: string): RuleError {
  return new RuleError('syntax', what);
}

/** Reads JSON from left to right and stops at the first fault, so that every program names the same rule. */
export class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  whole(): Json {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw syntax('text after the value');
    return value;
  }

  private space(): void {
    for (; ; this.at++) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) return;
    }
  }

  private word(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private value(): Json {
    this.space();
    const c = this.text[this.at];
    if (c === '{') return this.object();
    if (c === '[') return this.array();
    if (c === '"') return this.string();
    if (c === '-' || (c !== undefined && c >= '0' && c <= '9')) return this.integer();
    if (this.word('true')) return true;
    if (this.word('false')) return false;
    if (this.word('null')) throw new RuleError('null', 'null is not used');
    throw syntax('a value was expected');
  }

  private enter(): void {
    if (++this.depth > maxDepth) throw new RuleError('depth', `nested deeper than ${maxDepth}`);
    this.at++;
  }

  private object(): Json {
    this.enter();
    // No prototype: a key such as `constructor` is a key like any other.
    const out: Record<string, Json> = Object.create(null);
    let first = true;
    for (this.space(); this.text[this.at] !== '}'; this.space()) {
      if (!first) {
        if (this.text[this.at] !== ',') throw syntax('a comma was expected');
        this.at++;
        this.space();
      }
      first = false;
      if (this.text[this.at] !== '"') throw syntax('a key was expected');
      const key = this.string();
      if (!validKey(key)) throw new RuleError('key', 'a key outside the allowed form');
      if (key in out) throw new RuleError('duplicate-key', 'a key stands twice');
      this.space();
      if (this.text[this.at] !== ':') throw syntax('a colon was expected');
      this.at++;
      out[key] = this.value();
    }
    this.at++;
    this.depth--;
    return out;
  }

  private array(): Json {
    this.enter();
    const out: Json[] = [];
    for (this.space(); this.text[this.at] !== ']'; this.space()) {
      if (out.length > 0) {
        if (this.text[this.at] !== ',') throw syntax('a comma was expected');
        this.at++;
      }
      out.push(this.value());
    }
    this.at++;
    this.depth--;
    return out;
  }

  private digits(): number {
    const from = this.at;
    for (let c = this.text.charCodeAt(this.at); c >= 0x30 && c <= 0x39;) {
      c = this.text.charCodeAt(++this.at);
    }
    return this.at - from;
  }

  /** A number by the grammar of RFC 8259; what is none of our integers is refused. */
  private integer(): number {
    const start = this.at;
    if (this.text[this.at] === '-') this.at++;
    const whole = this.at;
    const count = this.digits();
    if (count === 0 || (count > 1 && this.text[whole] === '0')) throw syntax('a malformed number');
    let exact = true;
    if (this.text[this.at] === '.') {
      exact = false;
      this.at++;
      if (this.digits() === 0) throw syntax('a malformed number');
    }
    if (this.text[this.at] === 'e' || this.text[this.at] === 'E') {
      exact = false;
      this.at++;
      if (this.text[this.at] === '+' || this.text[this.at] === '-') this.at++;
      if (this.digits() === 0) throw syntax('a malformed number');
    }
    const spelled = this.text.slice(start, this.at);
    const value = Number(spelled);
    if (!exact || spelled === '-0' || !Number.isSafeInteger(value)) {
      throw new RuleError('number', 'a number that is no integer below 2^53');
    }
    return value;
  }

  private string(): string {
    this.at++;
    let out = '';
    let from = this.at;
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (Number.isNaN(c)) throw syntax('a string does not end');
      if (c === 0x22) break;
      if (c < 0x20) throw syntax('a control character in a string');
      this.at++;
      if (c !== 0x5c) continue;
      out += this.text.slice(from, this.at - 1) + this.escape();
      from = this.at;
    }
    out += this.text.slice(from, this.at);
    this.at++;
    if (/[^\u0000-\u007f]/.test(out) && out.normalize('NFC') !== out) {
      throw new RuleError('nfc', 'a string that is not in NFC');
    }
    return out;
  }

  private escape(): string {
    const c = this.text[this.at++] ?? '';
    const plain = escapes[c];
    if (plain !== undefined) return plain;
    if (c !== 'u') throw syntax('an unknown escape');
    const unit = this.unit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit < 0xdc00 && this.word('\\u')) {
      const low = this.unit();
      if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
    }
    throw syntax('an unpaired surrogate');
  }

  private unit(): number {
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw syntax('a malformed escape');
    this.at += 4;
    return parseInt(digits, 16);
  }
}
