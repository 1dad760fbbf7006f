// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, test } from 'vitest';
import { alarmWords, kindOfRule } from '../src/lib/alarm';
import { dayAt, stepDay } from '../src/lib/days';
import type { Trust } from '../src/lib/household';
import { guess, language, languages, startLanguage } from '../src/lib/language.svelte';
import { address, parse } from '../src/lib/address';
import { fileName } from '../src/lib/save';
import { agoText, clockText, lengthText, minutesText } from '../src/lib/time';
import { sheetText } from '../src/lib/sheet';
import { trustLine } from '../src/lib/trust';
import { errorWords } from '../src/lib/words';

const now = Date.UTC(2026, 10, 22, 13, 1, 24);
const minute = 60_000;

beforeEach(() => {
  startLanguage();
  language.set('en');
});

test('ages are short, and turn into a day when they are old', () => {
  expect(agoText(now - 1000, now)).toBe('just now');
  expect(agoText(now - 12_000, now)).toBe('12 s ago');
  expect(agoText(now - 3 * minute, now)).toBe('3 min ago');
  expect(agoText(now - 5 * 60 * minute, now)).toBe('5 h ago');
  expect(agoText(now - 48 * 60 * minute, now)).toBe('Fri 20 Nov');
  language.set('de');
  expect(agoText(now - 12_000, now)).toBe('vor 12 s');
  expect(minutesText(12 * minute)).toBe('12 Minuten');
  expect(minutesText(1 * minute)).toBe('1 Minute');
});

test('the clock has 24 hours and is the household’s', () => {
  expect(clockText(now, 'Europe/Berlin')).toBe('14:01');
  expect(clockText(Date.UTC(2026, 10, 22, 23), 'Europe/Berlin')).toBe('00:00');
});

test('lengths', () => {
  expect(lengthText(8000)).toBe('8 s');
  expect(lengthText(208_000)).toBe('3 min 28 s');
  expect(lengthText(60 * minute)).toBe('1 h');
  expect(lengthText(125 * minute)).toBe('2 h 5 min');
});

test('a day in spring has 23 hours, in autumn 25, and stepping keeps to the calendar', () => {
  const zone = 'Europe/Berlin';
  const spring = dayAt(Date.UTC(2026, 2, 29, 12), zone);
  expect([spring.name, (spring.until - spring.from) / 3_600_000]).toEqual(['2026-03-29', 23]);
  const autumn = dayAt(Date.UTC(2026, 9, 25, 12), zone);
  expect((autumn.until - autumn.from) / 3_600_000).toBe(25);
  expect(stepDay(autumn, 1, zone).name).toBe('2026-10-26');
  expect(stepDay(autumn, 1, zone).from).toBe(autumn.until);
  expect(stepDay(autumn, -1, zone).until).toBe(autumn.from);
});

const good: Trust = {
  checking: false,
  checkedAt: now - 12_000,
  hubHeardAt: now - 20_000,
  cloudReachable: true,
  atHome: false,
  hubAway: false,
  clockOff: null,
  lag: 0,
  alarms: [],
};
const tone = (change: Partial<Trust>): string => trustLine({ ...good, ...change }, now).tone;

test('the line of trust: good, amber after ten minutes of silence, red after thirty', () => {
  expect(trustLine(good, now)).toMatchObject({
    tone: 'good',
    text: 'Everything checked',
    more: '12 s ago',
  });
  expect(tone({ hubHeardAt: now - 9 * minute })).toBe('good');
  expect(tone({ hubHeardAt: now - 12 * minute })).toBe('warning');
  expect(trustLine({ ...good, hubHeardAt: now - 12 * minute }, now).text).toBe(
    'Your hub has not been heard for 12 minutes',
  );
  expect(tone({ hubHeardAt: now - 30 * minute })).toBe('alarm');
});

test('lag is words, an unreachable cloud is words, an alarm outranks both', () => {
  expect(tone({ lag: 14 * minute })).toBe('warning');
  expect(tone({ lag: 1 * minute })).toBe('good');
  expect(tone({ cloudReachable: false })).toBe('warning');
  expect(trustLine({ ...good, cloudReachable: false, atHome: true }, now)).toMatchObject({
    tone: 'good',
    text: 'The cloud does not answer. At home everything works.',
  });
  expect(tone({ checkedAt: null })).toBe('calm');
  expect(trustLine({ ...good, hubAway: true }, now)).toMatchObject({
    tone: 'warning',
    text: 'Your hub does not answer.',
  });
  // For how long is said once it is long.
  expect(trustLine({ ...good, hubAway: true, hubHeardAt: now - 12 * minute }, now).text).toContain(
    '12 minutes',
  );
  const alarm = { id: 'a', rule: 'forked', at: now, proof: null };
  expect(trustLine({ ...good, cloudReachable: false, alarms: [alarm] }, now)).toMatchObject({
    tone: 'alarm',
    leads: true,
  });
});

test('a wrong clock is said in words, with how much and what to do', () => {
  const hour = 60 * minute;
  const line = (clockOff: number): string => {
    const { tone, text, more } = trustLine({ ...good, clockOff, checkedAt: null }, now);
    expect(tone).toBe('warning');
    expect(more).toBe(errorWords('clock-wrong', clockOff).next);
    return text;
  };
  expect(line(3 * hour)).toBe('The clock of this device is wrong: it is about 3 hours fast.');
  expect(line(-4 * minute)).toBe('The clock of this device is wrong: it is about 4 minutes slow.');
  expect(errorWords('clock-wrong').what).toBe('The clock of this device is wrong.');
  expect(errorWords('clock-wrong', hour).next).toContain('“automatic”');
  language.set('de');
  expect(line(-50 * hour)).toBe('Die Uhr dieses Geräts stimmt nicht: Sie geht etwa 2 Tage nach.');
  language.set('nl');
  expect(line(700 * 24 * hour)).toContain('ongeveer 2 jaar voor');
  // An alarm is still what is said first.
  const alarm = { id: 'a', rule: 'forked', at: now, proof: null };
  expect(tone({ clockOff: hour, alarms: [alarm] })).toBe('alarm');
});

test('the sheet says what the command line says on its own, in every language', () => {
  const words = Array.from({ length: 24 }, (_, index) => `word${String.fromCharCode(97 + index)}`);
  const household = 'k7m2qd5xw3nfa6tbrhc4vyjp5gzs2ulieok7m2qd5xw3nfa6tbrh';
  const made = Date.UTC(2026, 2, 22, 14);
  const titles = new Set<string>();
  for (const one of languages) {
    language.set(one);
    const text = sheetText({ words, household, cloud: 'https://cloud.example', made });
    titles.add(text.split('\n')[0]!);
    for (const [index, word] of words.entries()) expect(text).toContain(`${index + 1}  ${word}\n`);
    expect(text).toContain(household.slice(0, 26));
    expect(text).toContain(household.slice(26));
    expect(text).toContain('https://cloud.example');
    expect(text).toContain('2026-03-22');
    expect(text).toContain('keyhold recover --sheet');
    // Nothing before the words looks like a word with its number.
    expect(text.slice(0, text.indexOf('worda'))).toMatch(/^\D*1 {2}$/);
  }
  expect(titles.size).toBe(languages.length);
});

test('every rule of the protocol has words of its own, and an unknown rule still has some', () => {
  const rules: Record<string, string> = {
    'file-hash': 'changed',
    'file-size': 'changed',
    'not-included': 'forged',
    'seq-gap': 'dropped',
    'wrong-camera': 'wrong-camera',
    'wrong-household': 'wrong-household',
    'rolled-back': 'rolled-back',
    forked: 'forked',
    frozen: 'frozen',
    checkpoint: 'seal',
    envelope: 'key',
    'roster-prev': 'roster',
    'never-heard-of': 'other',
  };
  const titles = new Set<string>();
  for (const [rule, kind] of Object.entries(rules)) {
    expect(kindOfRule(rule)).toBe(kind);
    const words = alarmWords({ id: rule, rule, at: now, proof: null }, 'Front door');
    for (const text of Object.values(words)) expect(text.length).toBeGreaterThan(10);
    titles.add(words.title);
  }
  expect(titles.size).toBe(12);
});

test('the language is guessed from the wishes, regions aside', () => {
  expect(guess(['fr-FR', 'nl-BE', 'en'])).toBe('nl');
  expect(guess(['de-AT'])).toBe('de');
  expect(guess(['fr'])).toBe('en');
});

test('addresses lead back to the page they came from, and nonsense leads home', () => {
  const route = { page: 'history' as const, camera: 'cam_abc', at: now };
  expect(parse(address(route))).toEqual(route);
  expect(address({ page: 'home' })).toBe('#/');
  expect(parse('#/nowhere?at=-1&camera=')).toEqual({ page: 'home' });
  expect(parse('#/history?at=12.5')).toEqual({ page: 'history' });
});

test('file names hold nothing that a file system refuses', () => {
  expect(fileName('Tür/Tor: 14:01:12')).toBe('Tür.Tor. 14.01.12');
});
