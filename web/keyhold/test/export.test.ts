// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { concat } from '../src/bytes.ts';
import { takeApart } from '../src/media/segment.ts';
import { Mp4Writer } from '../src/media/writer.ts';

let folder = '';
let segments: Uint8Array[] = [];

/** Twelve seconds of picture and sound in fragmented segments, as a hub records them. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyhold-export-'));
  const video = ['-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=25:duration=12'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=16000:duration=12'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-bf', '2', '-c:a', 'aac'];
  const flags = 'movflags=frag_keyframe+empty_moov+default_base_moof';
  const cut = ['-f', 'segment', '-segment_time', '4', '-segment_format', 'mp4'];
  const out = ['-segment_format_options', flags, join(folder, 'part%02d.mp4')];
  execFileSync('ffmpeg', ['-v', 'error', ...video, ...sound, ...codecs, ...cut, ...out]);
  segments = readdirSync(folder)
    .filter((name) => name.startsWith('part'))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Probe {
  streams: { codec_type: string; codec_name: string; duration: string; nb_read_frames: string }[];
}

function write(name: string, parts: readonly Uint8Array[]): string {
  const payload = parts
    .flatMap((part) => takeApart(part).payloads)
    .reduce((sum, one) => sum + one.length, 0);
  const writer = new Mp4Writer(payload);
  const pieces = [writer.head(), ...parts.flatMap((part) => writer.add(part)), writer.tail()];
  const path = join(folder, name);
  writeFileSync(path, concat(...pieces));
  return path;
}

function probe(path: string): { video: [string, number, number]; audio: [string, number, number] } {
  const show = ['-count_frames', '-show_streams', '-of', 'json'];
  const text = execFileSync('ffprobe', ['-v', 'error', ...show, path], { encoding: 'utf8' });
  const { streams } = JSON.parse(text) as Probe;
  const of = (type: string): [string, number, number] => {
    const found = streams.find((stream) => stream.codec_type === type)!;
    return [found.codec_name, Number(found.duration), Number(found.nb_read_frames)];
  };
  return { video: of('video'), audio: of('audio') };
}

function decodeErrors(path: string): string {
  return execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 'null', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('segments become one file that plays anywhere, in step and to the frame', () => {
  expect(segments.length).toBeGreaterThanOrEqual(3);
  const path = write('whole.mp4', segments);
  const { video, audio } = probe(path);
  expect(video[0]).toBe('h264');
  expect(video[2]).toBe(300);
  expect(Math.abs(video[1] - 12)).toBeLessThan(0.04);
  expect(audio[0]).toBe('aac');
  expect(Math.abs(audio[1] - 12)).toBeLessThan(0.15);
  expect(decodeErrors(path)).toBe('');
});

test('a stretch from the middle begins at zero', () => {
  const path = write('middle.mp4', segments.slice(1, 2));
  const { video } = probe(path);
  const samples = takeApart(segments[1]!).tracks.find((track) => track.video)!.samples;
  expect(video[2]).toBe(samples.length);
  expect(decodeErrors(path)).toBe('');
});

test('segments on both sides of a gap follow each other', () => {
  const path = write('gap.mp4', [segments[0]!, segments[2]!]);
  const { video, audio } = probe(path);
  expect(video[2]).toBeGreaterThan(100);
  expect(Math.abs(video[1] - audio[1])).toBeLessThan(0.2);
  expect(decodeErrors(path)).toBe('');
});

test('a segment that is cut off is refused', () => {
  const part = segments[0]!;
  expect(() => takeApart(part.slice(0, part.length - 10))).toThrow();
  expect(() => takeApart(new Uint8Array(0))).toThrow();
});
