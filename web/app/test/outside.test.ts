// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, test } from 'vitest';
import { language, startLanguage } from '../src/lib/language.svelte';
import { loginOf, stateText, wayText, withLogin, works, type Channel } from '../src/lib/outside';

beforeEach(() => {
  startLanguage();
  language.set('en');
});

test('an address without a scheme is taken as the encrypted one', () => {
  expect(withLogin(' ntfy.example/door ', 'ntfy', '', '')).toBe('https://ntfy.example/door');
  expect(withLogin('mail.example', 'email', '', '')).toBe('smtps://mail.example');
  expect(withLogin('broker.example:8883', 'mqtt', '', '')).toBe('mqtts://broker.example:8883');
  expect(withLogin('MQTT://192.168.1.5', 'mqtt', '', '')).toBe('mqtt://192.168.1.5');
  expect(withLogin('mqtt://[fd00::7]:1883', 'mqtt', '', '')).toBe('mqtt://[fd00::7]:1883');
});

test('user and password go into it so that the hub reads just these', () => {
  expect(withLogin('mail.example', 'email', 'oma@example.org', 'a/b:c%40@')).toBe(
    'smtps://oma%40example.org:a%2Fb%3Ac%2540%40@mail.example',
  );
  // Who typed them with the address has said them there.
  expect(withLogin('mqtt://hub:word@broker', 'mqtt', '', '')).toBe('mqtt://hub:word@broker');
  expect(withLogin('mqtt://hub:word@broker', 'mqtt', 'anna', 'x')).toBe('mqtt://anna:x@broker');
});

test('what is no address is none', () => {
  for (const typed of ['', ' ', 'a b', 'https://', '/door', 'ntfy.example/a?b', 'ntfy.example#a'])
    expect(withLogin(typed, 'ntfy', '', ''), typed).toBe(null);
});

test('who reads a camera is taken from its address', () => {
  const of = (url: string): unknown => loginOf({ camera: 'cam_a', url });
  expect(of('rtsp://keyhold-abcd2345:wordword@192.168.1.9:7444/cam_a')).toEqual({
    user: 'keyhold-abcd2345',
    password: 'wordword',
  });
  expect(of('rtsp://a%40b:c%3Ad@[fd00::7]:7444/cam_a')).toEqual({ user: 'a@b', password: 'c:d' });
  expect(of('rtsp://192.168.1.9/cam_a')).toEqual({ user: '', password: '' });
});

test('how a channel does, in words', () => {
  const one: Channel = {
    name: 'Oma',
    kind: 'mqtt',
    added: 1,
    by: 'per_anna',
    cameras: [],
    names: true,
    since: 1,
    state: 'telling',
    to: '',
    told: 1,
    missed: 0,
    topic: 'home/bell',
    url: 'mqtt://192.168.1.5:1883',
  };
  expect(wayText(one)).toBe('MQTT at 192.168.1.5:1883, topic home/bell');
  expect(wayText({ ...one, kind: 'ntfy', url: 'https://ntfy.example' })).toBe(
    'ntfy at ntfy.example',
  );
  expect([works(one), stateText(one, false)]).toEqual([true, 'Works']);
  // A state of a newer hub is none that is well.
  const newer = { ...one, state: 'asleep' };
  expect([works(newer), stateText(newer, false)]).toEqual([
    false,
    stateText({ ...one, state: 'away' }, false),
  ]);
});
