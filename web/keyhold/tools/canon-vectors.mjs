// SPDX-License-Identifier: Apache-2.0

/** Writes vectors/canon.json. Verdicts and rules stand here by hand, from docs/protocol.md 1.1. */
import { writeFileSync } from 'node:fs';

const vectors = [];
const bytesOf = (input) =>
  typeof input === 'string' ? Buffer.from(input, 'utf8') : Buffer.from(input);
const accept = (name, input) =>
  vectors.push({ name, expect: 'accept', rule: '', input: bytesOf(input).toString('base64') });
const refuse = (rule, name, input) =>
  vectors.push({ name, expect: 'refuse', rule, input: bytesOf(input).toString('base64') });
const nested = (depth, inner = '') => '['.repeat(depth) + inner + ']'.repeat(depth);
const ofLength = (length) => '"' + 'a'.repeat(length - 2) + '"';

accept('empty object', '{}');
accept('empty array', '[]');
accept('empty string', '""');
accept('true', 'true');
accept('false', 'false');
accept('zero', '0');
accept('negative one', '-1');
accept('largest integer', '9007199254740991');
accept('smallest integer', '-9007199254740991');
accept('object with two sorted keys', '{"a":1,"b":2}');
accept('upper case sorts before lower case', '{"B":1,"a":2}');
accept('underscore and digits inside a key', '{"a_1":true}');
accept('underscore sorts between upper and lower case', '{"aB":1,"a_":2,"ab":3}');
accept('key of 32 letters', `{"${'k'.repeat(32)}":0}`);
accept('nested values', '{"a":[1,{"b":[]},"c"],"d":{"e":false}}');
accept('depth of 16', nested(16));
accept('depth of 16 in objects', '{"a":'.repeat(15) + '{}' + '}'.repeat(15));
accept('escaped quote and backslash', '"\\"\\\\"');
accept('escaped control characters', '"\\u0000\\u001f\\u000a"');
accept('slash is not escaped', '"a/b"');
accept('delete is not escaped', '"\u007f"');
accept('line separator is not escaped', '"\u2028"');
accept('composed letter', '"\u00e9"');
accept('letter of the astral planes', '"\u{1f511}"');
accept('Hangul syllable', '"\ud55c"');
accept('two combining marks in their order', '"a\u0323\u0302"'.normalize('NFC'));
accept('byte order mark inside a string', '"a\ufeffb"');
accept('replacement character', '"\ufffd"');
accept('key named constructor', '{"constructor":1}');
accept('key named toString beside hasOwnProperty', '{"hasOwnProperty":1,"toString":2}');
accept('49,152 bytes', ofLength(49152));
accept('siblings do not add up in depth', '[[],[],[[]]]');

refuse('length', '49,153 bytes', ofLength(49153));
refuse('length', 'length is looked at before the text', Buffer.alloc(49153, 0xff));
refuse('utf8', 'lone continuation byte', [0x22, 0x80, 0x22]);
refuse('utf8', 'overlong slash', [0x22, 0xc0, 0xaf, 0x22]);
refuse('utf8', 'surrogate written as bytes', [0x22, 0xed, 0xa0, 0x80, 0x22]);
refuse('utf8', 'code point above the last one', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]);
refuse('utf8', 'sequence cut off at the end', [0x22, 0xe2, 0x82]);
refuse('utf8', 'bad byte after a syntax fault', [0x7b, 0x7b, 0xff]);
refuse('depth', 'depth of 17', nested(17));
refuse('depth', 'depth of 17 in objects', '{"a":'.repeat(16) + '{}' + '}'.repeat(16));
refuse('depth', 'depth comes before a fault further right', nested(17, 'null'));
refuse('depth', 'depth of 17 that never closes', '['.repeat(17));
refuse('key', 'empty key', '{"":1}');
refuse('key', 'key that begins with a digit', '{"1a":1}');
refuse('key', 'key that begins with an underscore', '{"_a":1}');
refuse('key', 'key with a dash', '{"a-b":1}');
refuse('key', 'key of 33 letters', `{"${'k'.repeat(33)}":0}`);
refuse('key', 'key with a letter outside ASCII', '{"\u00e9":1}');
refuse('key', 'key written with an escape of a control character', '{"a\\u0000":1}');
refuse('key', 'key is checked before its colon', '{"a b"}');
refuse('key', 'key with a line feed at its end', '{"a\\u000a":1}');
refuse('duplicate-key', 'same key twice', '{"a":1,"a":1}');
refuse('duplicate-key', 'same key with another value', '{"a":1,"b":2,"a":3}');
refuse('duplicate-key', 'same key once written by an escape', '{"a":1,"\\u0061":2}');
refuse('duplicate-key', 'second key is checked before its colon', '{"a":1,"a"}');
refuse('duplicate-key', 'inside a nested object', '[{"x":{"y":1,"y":2}}]');
refuse('null', 'null alone', 'null');
refuse('null', 'null as a field', '{"a":null}');
refuse('null', 'null as an element', '[null]');
refuse('null', 'null comes before trailing text', 'nullx');
refuse('number', 'fraction', '1.5');
refuse('number', 'fraction of zero', '1.0');
refuse('number', 'exponent', '1e3');
refuse('number', 'exponent with a sign', '1E+3');
refuse('number', 'minus zero', '-0');
refuse('number', 'two to the 53rd', '9007199254740992');
refuse('number', 'minus two to the 53rd', '-9007199254740992');
refuse('number', 'hundred digits', '1'.repeat(100));
refuse('number', 'exponent beyond every float', '1e999');
refuse('number', 'fraction comes before trailing text', '1.5.5');
refuse('nfc', 'letter and combining accent', '"e\u0301"');
refuse('nfc', 'decomposed Hangul', '"\u1112\u1161\u11ab"');
refuse('nfc', 'Angstrom sign', '"\u212b"');
refuse('nfc', 'combining marks out of order', '"a\u0302\u0323"');
refuse('nfc', 'accent written by an escape', '"e\\u0301"');
refuse('nfc', 'key that is not composed', '{"e\u0301":1}');
refuse('nfc', 'string is checked before the next fault', '["e\u0301",}');
refuse('syntax', 'nothing', '');
refuse('syntax', 'white space alone', ' ');
refuse('syntax', 'byte order mark', '\ufeff{}');
refuse('syntax', 'trailing text', '{}x');
refuse('syntax', 'two values', '1 2');
refuse('syntax', 'trailing comma in an array', '[1,]');
refuse('syntax', 'trailing comma in an object', '{"a":1,}');
refuse('syntax', 'leading comma', '[,1]');
refuse('syntax', 'array that does not end', '[1');
refuse('syntax', 'object that does not end', '{"a":1');
refuse('syntax', 'string that does not end', '"abc');
refuse('syntax', 'string that ends in a backslash', '"abc\\');
refuse('syntax', 'key without quotes', '{a:1}');
refuse('syntax', 'key without a value', '{"a"}');
refuse('syntax', 'key without a colon', '{"a" 1}');
refuse('syntax', 'elements without a comma', '[1 2]');
refuse('syntax', 'mismatched brackets', '[1}');
refuse('syntax', 'apostrophes', "'a'");
refuse('syntax', 'comment', '{}//x');
refuse('syntax', 'leading zero', '01');
refuse('syntax', 'leading zero after a minus', '-01');
refuse('syntax', 'minus alone', '-');
refuse('syntax', 'plus', '+1');
refuse('syntax', 'fraction without digits', '1.');
refuse('syntax', 'exponent without digits', '1e');
refuse('syntax', 'fraction without a whole', '.5');
refuse('syntax', 'not a number', 'NaN');
refuse('syntax', 'upper-case true', 'True');
refuse('syntax', 'word cut off', 'tru');
refuse('syntax', 'raw line feed in a string', '"a\nb"');
refuse('syntax', 'raw null in a string', '"a\u0000b"');
refuse('syntax', 'unknown escape', '"\\x41"');
refuse('syntax', 'escape of three digits', '"\\u041"');
refuse('syntax', 'high surrogate alone', '"\\ud83d"');
refuse('syntax', 'low surrogate alone', '"\\udd11"');
refuse('syntax', 'surrogates in the wrong order', '"\\udd11\\ud83d"');
refuse('syntax', 'high surrogate and a letter', '"\\ud83d\\u0041"');
refuse('syntax', 'vertical tab as white space', '[1,\u000b2]');
refuse('syntax', 'no-break space as white space', '[1,\u00a02]');
refuse('not-canonical', 'white space before', ' {}');
refuse('not-canonical', 'line feed after', '{}\n');
refuse('not-canonical', 'space after a colon', '{"a": 1}');
refuse('not-canonical', 'space inside an empty array', '[ ]');
refuse('not-canonical', 'keys out of order', '{"b":1,"a":2}');
refuse('not-canonical', 'keys in order of a dictionary', '{"a":1,"B":2}');
refuse('not-canonical', 'letter written by an escape', '"\\u0061"');
refuse('not-canonical', 'key written by an escape', '{"\\u0061":1}');
refuse('not-canonical', 'escaped slash', '"\\/"');
refuse('not-canonical', 'short escape of a line feed', '"\\n"');
refuse('not-canonical', 'upper-case digits of an escape', '"\\u001F"');
refuse('not-canonical', 'delete written by an escape', '"\\u007f"');
refuse('not-canonical', 'astral letter written by escapes', '"\\ud83d\\udd11"');

// One bit of a valid text turned over, at places spread across it.
const whole = Buffer.from('{"at":1763790000000,"name":"Haust\u00fcr","on":true}');
const flips = [
  [0, 2, 'syntax'],
  [21, 5, 'not-canonical'],
  [4, 1, 'key'],
  [6, 6, 'syntax'],
  [20, 0, 'syntax'],
  [21, 6, 'key'],
  [36, 7, 'utf8'],
  [40, 4, 'key'],
  [44, 5, 'syntax'],
  [whole.length - 1, 0, 'syntax'],
];
for (const [at, bit, rule] of flips) {
  const changed = Buffer.from(whole);
  changed[at] ^= 1 << bit;
  refuse(rule, `bit ${bit} of byte ${at} turned over`, changed);
}

const target = new URL('../../../vectors/canon.json', import.meta.url);
const rows = vectors.map((vector) => '    ' + JSON.stringify(vector));
writeFileSync(target, `{\n  "vectors": [\n${rows.join(',\n')}\n  ]\n}\n`);
