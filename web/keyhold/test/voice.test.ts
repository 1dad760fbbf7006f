// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Saying } from '../src/browser/connection.ts';
import type { Challenged } from '../src/sync/order.ts';
import { Voice, type ActTold } from '../src/browser/voice.ts';

const camera = 'cam_porch';
const me = 'per_anna';
/** Ten seconds from now, by the hub's clock. */
const not_after = 10_000;

let voice: Voice;
/** What the hub was asked for, in order. */
let said: Saying[];
/** Microphones that are open. */
let open: number;
let signed: (challenged: Challenged) => Promise<string>;

class Ears {
  createAnalyser(): object {
    return { getFloatTimeDomainData: () => undefined };
  }
  createMediaStreamSource(): object {
    return { connect: () => undefined };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  open = 0;
  signed = () => Promise.resolve('act');
  const getUserMedia = (): Promise<object> => {
    open += 1;
    const track = { stop: () => (open -= 1) };
    return Promise.resolve({ getTracks: () => [track], getAudioTracks: () => [track] });
  };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  vi.stubGlobal('AudioContext', Ears);
  const connection = {
    say: (what: Saying) => void said.push(what),
    speak: () => Promise.resolve(),
  };
  voice = new Voice(
    () => connection,
    () => me,
    (challenged) => signed(challenged),
  );
});

afterEach(() => {
  voice.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

async function press(): Promise<void> {
  voice.hold(camera);
  await settled();
}

const challenge = (): Promise<void> =>
  voice.challenged({
    action: 'talk',
    challenge: btoa('0123456789abcdef'),
    not_after,
    target: camera,
  });

function tell(state: ActTold['state'], word = '', by = ''): void {
  voice.told({ action: 'talk', by, state, target: camera, word });
}

/** From the press until one may talk. */
async function talk(): Promise<void> {
  await press();
  await challenge();
  tell('begun');
  tell('on');
  expect(voice.state.get().step).toBe('on');
}

const ask = { ask: { action: 'talk', target: camera } };
const act = { act: 'act' };
const hush = { hush: camera };

test('held, it asks, orders, and says when it is let go', async () => {
  await talk();
  expect(open).toBe(1);
  voice.release();
  expect(said).toEqual([ask, act, hush]);
  expect(open).toBe(0);
  expect(voice.state.get().step).toBe('off');
});

test('the end of the press before does not end the next one', async () => {
  await talk();
  voice.release();
  await press();
  // The hub would say that somebody talks: oneself.
  expect(said).toEqual([ask, act, hush]);
  tell('over', 'released');
  expect(voice.state.get().step).toBe('asking');
  expect(said).toEqual([ask, act, hush, ask]);
  await challenge();
  tell('begun');
  tell('on');
  expect(voice.state.get().step).toBe('on');
});

test('a press that was let go before anything began leaves nothing behind', async () => {
  await press();
  voice.release();
  await challenge();
  expect(said).toEqual([ask]);
  await talk();
  expect(said).toEqual([ask, ask, act]);
});

test('a challenge is as good for the next press', async () => {
  await press();
  voice.release();
  await press();
  await challenge();
  expect(said).toEqual([ask, act]);
  tell('begun');
  expect(voice.state.get().step).toBe('chime');
});

test('a refusal of the press before is not one of the next', async () => {
  await press();
  voice.release();
  await press();
  tell('refused', 'late');
  expect(voice.state.get().step).toBe('asking');
  expect(said).toEqual([ask, ask]);
});

test('let go between the command and its beginning, the hub is told', async () => {
  await press();
  await challenge();
  voice.release();
  expect(said).toEqual([ask, act, hush]);
});

test('let go while the command is signed, it is not sent', async () => {
  let sign: (act: string) => void = () => undefined;
  signed = () => new Promise((resolve) => (sign = resolve));
  await press();
  const challenged = challenge();
  voice.release();
  sign('act');
  await challenged;
  expect(said).toEqual([ask]);
  signed = () => Promise.resolve('act');
  await talk();
});

test('a hub that says nothing after the command is told that it is over', async () => {
  await press();
  await challenge();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(voice.state.get()).toEqual({ step: 'refused', word: 'no-answer', by: '' });
  expect(said).toEqual([ask, act, hush]);
  // The next press does not wait for it.
  await press();
  expect(said).toEqual([ask, act, hush, ask]);
});

test('while one talks oneself by a view that ends, it asks again; then it says so', async () => {
  await press();
  tell('refused', 'busy', me);
  expect(voice.state.get().step).toBe('asking');
  await vi.advanceTimersByTimeAsync(250);
  expect(said).toEqual([ask, ask]);
  await vi.advanceTimersByTimeAsync(2_000);
  tell('refused', 'busy', me);
  expect(voice.state.get()).toEqual({ step: 'refused', word: 'busy', by: me });
});

test('while somebody else talks, it says so at once', async () => {
  await press();
  tell('refused', 'busy', 'per_bert');
  expect(voice.state.get()).toEqual({ step: 'refused', word: 'busy', by: 'per_bert' });
  expect(open).toBe(0);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said).toEqual([ask]);
});

test('what the hub ends is over, and needs no word', async () => {
  await talk();
  tell('over', 'long');
  expect(voice.state.get()).toEqual({ step: 'refused', word: 'long', by: '' });
  expect(said).toEqual([ask, act]);
});

test('another connection owes nothing of the one before', async () => {
  await talk();
  voice.release();
  voice.cut();
  await press();
  expect(said).toEqual([ask, act, hush, ask]);
});

const text = { language: 'de', text: 'Ich bin gleich da.' } as const;

test('a quick reply is signed with its text, and no microphone is opened', async () => {
  const signs: Challenged[] = [];
  signed = (challenged) => {
    signs.push(challenged);
    return Promise.resolve('act');
  };
  voice.reply(camera, text);
  await challenge();
  expect(signs[0]?.reply).toEqual(text);
  tell('begun');
  tell('on');
  expect(voice.replying.get().step).toBe('on');
  expect(voice.state.get().step).toBe('off');
  tell('over', 'said');
  expect(voice.replying.get().step).toBe('said');
  expect([said, open]).toEqual([[ask, act], 0]);
  // One's own voice has no part of it.
  await talk();
  expect(signs[1]?.reply).toBeUndefined();
  expect(voice.replying.get().step).toBe('off');
});

test('a quick reply ends when somebody ends it, or talks themselves, and not with the page', async () => {
  voice.reply(camera, text);
  await challenge();
  tell('begun');
  document.dispatchEvent(new Event('visibilitychange'));
  Object.assign(document, { visibilityState: 'hidden' });
  document.dispatchEvent(new Event('visibilitychange'));
  expect(said).toEqual([ask, act]);
  await press();
  expect(said).toEqual([ask, act, hush]);
  expect(voice.replying.get().step).toBe('off');
  tell('over', 'released');
  expect(said).toEqual([ask, act, hush, ask]);
  expect(voice.state.get().step).toBe('asking');
});

test('a quick reply that is refused says why, beside the button to talk', async () => {
  voice.reply(camera, text);
  tell('refused', 'busy', 'per_bert');
  expect(voice.replying.get()).toEqual({ step: 'refused', word: 'busy', by: 'per_bert' });
  expect(voice.state.get().step).toBe('off');
});
