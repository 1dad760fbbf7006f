// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setClock } from '../src/lib/clock.svelte';
import type { Household } from '../src/lib/household';
import { language, startLanguage } from '../src/lib/language.svelte';
import type { LiveState } from '../src/lib/looking';
import { camerasOf, watchedText } from '../src/lib/looks';
import { pictureSaid, tileSaid } from '../src/pages/live/said';
import { Viewing } from '../src/pages/live/viewing.svelte';
import { DrawnView } from '../states/drawnview';
import { Settable } from '../states/live';

let now = 0;
let state: Settable<LiveState>;
let silent: Settable<readonly string[]>;
let second: Settable<readonly string[] | null>;
let narrow: Settable<readonly string[]>;
let shown: readonly string[];
let viewing: Viewing;
let streams: Settable<MediaStream | null>;

afterEach(() => void vi.unstubAllGlobals());

beforeEach(() => {
  startLanguage();
  language.set('en');
  now = Date.UTC(2026, 10, 22, 13, 1, 24);
  setClock(() => now);
  state = new Settable<LiveState>({ step: 'connecting' });
  silent = new Settable<readonly string[]>([]);
  second = new Settable<readonly string[] | null>(null);
  narrow = new Settable<readonly string[]>([]);
  streams = new Settable<MediaStream | null>(null);
  const live = (): ReturnType<Household['live']> => ({
    state,
    silent,
    second,
    narrow,
    voice: new DrawnView(state.get(), () => null).voice,
    picture: () => streams,
    show: (cameras) => (shown = cameras),
    hear: () => undefined,
    again: () => undefined,
    close: () => undefined,
  });
  viewing = new Viewing({ live } as Partial<Household> as Household, ['door', 'yard']);
});

/** A place for a camera's picture; what is returned shows one. */
function place(camera: string): () => void {
  let frame = (): void => undefined;
  const video = { requestVideoFrameCallback: (run: () => void) => (frame = run) };
  viewing.of(camera).attach(video as unknown as HTMLVideoElement);
  return () => frame();
}

/** The same in a browser that can make a still of it. */
function stage(camera: string) {
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = (): null => null;
      transferToImageBitmap = () => ({ close: () => undefined });
    },
  );
  const turns: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => turns.push(run));
  let frame = (): void => undefined;
  const video = {
    readyState: 0,
    videoWidth: 640,
    videoHeight: 360,
    srcObject: null as unknown,
    requestVideoFrameCallback: (run: () => void) => (frame = run),
    play: () => Promise.resolve(),
  };
  const leave = viewing.of(camera).attach(video as unknown as HTMLVideoElement);
  return {
    leave,
    /** The browser tells of a picture, and can show it or not yet. */
    tells: (can: boolean): void => {
      video.readyState = can ? 4 : 0;
      frame();
    },
    /** The screen turns, and now it can. */
    turn: (): void => {
      video.readyState = 4;
      for (const run of turns.splice(0)) run();
    },
  };
}

const how = (camera: string): string => viewing.of(camera).how;

test('a picture is live while frames come, and five seconds without one are the end of it', () => {
  const door = place('door');
  expect(how('door')).toBe('coming');
  state.set({ step: 'on' });
  expect(how('door')).toBe('coming');
  door();
  expect(how('door')).toBe('live');
  now += 4_900;
  expect(how('door')).toBe('live');
  now += 200;
  expect(how('door')).toBe('old');
  expect(tileSaid(viewing.of('door'), 'Europe/Berlin')).toBe('No new picture since 14:01:24');
  silent.set(['door']);
  expect(how('door')).toBe('silent');
  expect(pictureSaid(viewing.of('door'), null)?.title).toBe('The camera sends no picture');
  door();
  expect(how('door')).toBe('live');
});

test('from one place to the next what was seen stays until something else can be shown', () => {
  state.set({ step: 'on' });
  streams.set({} as MediaStream);
  const door = viewing.of('door');
  const tile = stage('door');
  tile.tells(true);
  expect([door.drawn, door.still]).toEqual([true, null]);
  tile.leave();
  expect([door.drawn, door.still !== null, door.fresh]).toEqual([false, true, true]);
  const large = stage('door');
  // A busy browser has the first picture, and nothing to be seen of it yet.
  large.tells(false);
  expect([door.drawn, door.still !== null]).toEqual([false, true]);
  large.turn();
  expect([door.drawn, door.still]).toEqual([true, null]);
  // The new place may be there before the old one is left.
  const back = stage('door');
  large.leave();
  expect([door.drawn, door.still !== null]).toEqual([false, true]);
  back.tells(true);
  expect([door.drawn, door.still]).toEqual([true, null]);
});

test('what was seen by a connection that is gone stays, grey, until the next one shows something', () => {
  state.set({ step: 'on' });
  streams.set({} as MediaStream);
  const door = viewing.of('door');
  const tile = stage('door');
  tile.tells(true);
  state.set({ step: 'again', reason: 'lost' });
  streams.set({} as MediaStream);
  expect([door.drawn, door.still !== null, door.fresh]).toEqual([false, true, false]);
  state.set({ step: 'on' });
  expect(how('door')).toBe('coming');
  tile.tells(true);
  expect([door.drawn, door.still, how('door')]).toEqual([true, null, 'live']);
});

test('one camera that is away does not spoil the others', () => {
  state.set({ step: 'on' });
  const yard = place('yard');
  silent.set(['door']);
  yard();
  expect([how('door'), how('yard')]).toEqual(['silent', 'live']);
});

test('H.265 is shown by a second stream, and said where there is none', () => {
  state.set({ step: 'on' });
  const said = (): string | undefined =>
    pictureSaid(viewing.of('door'), null, 'Europe/Berlin', 'h265')?.title;
  expect(said()).toBeUndefined();
  second.set([]);
  expect(said()).toBe('This camera cannot be seen live yet');
  expect(tileSaid(viewing.of('door'), 'Europe/Berlin', 'h265')).toBe(
    'This camera cannot be seen live yet',
  );
  second.set(['door']);
  expect(said()).toBeUndefined();
  place('door')();
  expect(tileSaid(viewing.of('door'), 'Europe/Berlin', 'h265')).toBe('Live');
});

test('a smaller picture is called so as long as the hub says that it is sent for the line', () => {
  const of = (camera: string): boolean => viewing.of(camera).narrow;
  narrow.set(['door']);
  expect([of('door'), of('yard')]).toEqual([true, false]);
  narrow.set([]);
  expect(of('door')).toBe(false);
});

test('nothing that stands still looks live: not when paused, not while the connection is away', () => {
  state.set({ step: 'on' });
  const [door, yard] = [place('door'), place('yard')];
  door();
  yard();
  viewing.show(['door']);
  expect(shown).toEqual(['door']);
  now += 60_000;
  door();
  expect([how('door'), how('yard')]).toEqual(['live', 'old']);
  // It is wanted again, and has a moment to come.
  viewing.show(['door', 'yard']);
  expect(how('yard')).toBe('coming');
  now += 5_100;
  door();
  expect(how('yard')).toBe('old');
  state.set({ step: 'again', reason: 'lost' });
  expect([how('door'), how('yard')]).toEqual(['old', 'old']);
});

test('who watches many cameras is said in one short line, and the record names them all', () => {
  const cameras = ['Front door', 'Hall', 'Garden', 'Attic'].map((name) => ({ id: name, name }));
  const anna = { id: 'per_anna', name: 'Anna' };
  const who = { view: 'v', device: anna, person: anna, since: now };
  const one = { ...who, talking: [], mine: false, here: false };
  expect(watchedText({ ...one, cameras })).toBe('Anna is watching 4 cameras live');
  expect(watchedText({ ...one, cameras: cameras.slice(0, 2) })).toBe(
    'Anna is watching live: Front door and Hall',
  );
  expect(camerasOf(cameras)).toBe('Front door, Hall, Garden and Attic');
});
