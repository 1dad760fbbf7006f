// SPDX-License-Identifier: Apache-2.0
import { dayAt, stepDay } from './days';
import type { Household } from './household';
import type { Stretch } from './leaving';
import { trailText } from './trail';

/**
 * Everything, as films in a folder: for each camera one film for each stretch of an hour, its proof
 * beside it, and an index at the end. The folder is that of `keyhold export --all`, which goes on
 * where this has stopped, as this does with that one; `keyhold verify` checks it.
 *
 * A film that is there and whole is not written again; whether it is, its content says, read back
 * from the disk and held against what the hub has signed. Nothing counts that was not read back.
 */
export interface Saving {
  household: Household;
  folder: FileSystemDirectoryHandle;
  cameras: readonly { id: string; name: string }[];
  zone: string;
  now: number;
  onProgress: (progress: SavingProgress) => void;
  signal: AbortSignal;
}

export interface SavingProgress {
  camera: string;
  day: number;
  /** Films that are in the folder and were checked. */
  films: number;
  /** Of them, those that this run has written. */
  written: number;
  bytes: number;
  /** How far through the days of all cameras, from 0 to 1. */
  share: number;
}

export type Saved = Pick<SavingProgress, 'films' | 'written' | 'bytes'>;

/** A day less than the cloud keeps, which goes on forgetting meanwhile. */
const days = 29;
const about =
  "Recordings of a household's cameras. Each MP4 plays anywhere; it holds one stretch without interruption. The file beside it with .proof added shows that a hub recorded it: keyhold verify FOLDER checks all of them without any network. Times are in the household's zone, with their distance from UTC.";

interface IndexCamera {
  id: string;
  name: string;
  folder: string;
  files: { file: string; from: string; until: string; segments: number }[];
  gaps: { from: string; until: string; reason: string }[];
}

export async function saveEverything(saving: Saving): Promise<Saved> {
  const { household, folder, cameras, zone, now, onProgress, signal } = saving;
  const first = stepDay(dayAt(now, zone), -days, zone).from;
  const sum = { films: 0, written: 0, bytes: 0 };
  const index: IndexCamera[] = [];
  for (const [place, camera] of cameras.entries()) {
    const into = await folderOf(folder, camera);
    const entry: IndexCamera = { ...camera, folder: into.name, files: [], gaps: [] };
    index.push(entry);
    await kept(into, camera.id, first, zone, entry, sum);
    let day = dayAt(first, zone);
    for (let number = 0; day.from < now; number++, day = stepDay(day, 1, zone)) {
      signal.throwIfAborted();
      const share = (place + number / (days + 1)) / cameras.length;
      const report = (): void => onProgress({ camera: camera.name, day: day.from, ...sum, share });
      report();
      const until = Math.min(day.until, now);
      const { gaps } = await household.timeline(camera.id, day.from, until);
      for (const { from, until, reason } of gaps) {
        if (from >= day.from) {
          entry.gaps.push({ from: stamp(from, zone), until: stamp(until, zone), reason });
        }
      }
      const stretches = await household.stretches(camera.id, day.from, until);
      if (stretches.length === 0) continue;
      const films = await into.getDirectoryHandle(day.name, { create: true });
      for (const stretch of stretches) {
        signal.throwIfAborted();
        const file = filmName(stretch.from, zone);
        let size = await whole(films, file, stretch);
        if (size === null) {
          await write(saving, films, file, camera.id, stretch);
          size = await whole(films, file, stretch);
          if (size === null) throw new Error(`the film ${file} is not what was written`);
          sum.written++;
        }
        sum.films++;
        sum.bytes += size;
        entry.files.push({
          file: `${day.name}/${file}`,
          from: stamp(stretch.from, zone),
          until: stamp(stretch.until, zone),
          segments: stretch.pieces.length,
        });
        report();
      }
    }
  }
  const text = JSON.stringify(
    {
      about,
      household: household.home.get()?.id ?? '',
      made: stamp(now, zone),
      from: stamp(first, zone),
      until: stamp(now, zone),
      cameras: index,
      ...(await persons(saving)),
    },
    null,
    2,
  );
  await put(folder, 'index.json', `${text}\n`);
  return sum;
}

/** Who belongs to the household, for those who may see that. */
async function persons({ household, cameras, zone, now }: Saving): Promise<object> {
  if (household.own.get()?.people !== true) return {};
  const trail = await household.trail();
  return {
    persons: household.people.get().map(({ id, name, role, devices }) => ({
      id,
      name,
      role,
      devices: devices.map((device) => ({ id: device.id, name: device.name })),
    })),
    trail: trail.map((entry) => ({
      at: stamp(entry.at, zone),
      said: trailText(entry, cameras, now, zone),
    })),
  };
}

/** What earlier runs have saved of the time before this one's: the cloud need not have it any more. */
async function kept(
  into: FileSystemDirectoryHandle,
  camera: string,
  before: number,
  zone: string,
  entry: IndexCamera,
  sum: { films: number; bytes: number },
): Promise<void> {
  for await (const [day, films] of entriesOf(into)) {
    if (films.kind !== 'directory' || !/^\d{4}-\d{2}-\d{2}$/.test(day)) continue;
    if (day >= dayAt(before, zone).name) continue;
    for await (const [name] of entriesOf(films as FileSystemDirectoryHandle)) {
      if (!name.endsWith('.mp4.proof')) continue;
      const film = name.slice(0, -'.proof'.length);
      const proof = await textOf(films as FileSystemDirectoryHandle, name);
      const file = await fileOf(films as FileSystemDirectoryHandle, film);
      const head = headOf(proof ?? '');
      if (proof === null || file === null || head?.camera !== camera) continue;
      sum.films++;
      sum.bytes += file.size;
      entry.files.push({
        file: `${day}/${film}`,
        from: stamp(head.from, zone),
        until: stamp(head.until, zone),
        segments: segmentsIn(proof),
      });
    }
  }
}

function headOf(proof: string): { camera: string; from: number; until: number } | null {
  try {
    return JSON.parse(proof.split('\n', 1)[0]!) as ReturnType<typeof headOf>;
  } catch {
    return null;
  }
}

const segmentsIn = (proof: string): number => proof.split('"kind":"segment"').length - 1;

/** A camera's folder, found again by its id where the camera was called otherwise before. */
async function folderOf(
  folder: FileSystemDirectoryHandle,
  { id, name }: { id: string; name: string },
): Promise<FileSystemDirectoryHandle> {
  const tail = ` (${id})`;
  for await (const [found, handle] of entriesOf(folder)) {
    if (handle.kind === 'directory' && found.endsWith(tail)) {
      return handle as FileSystemDirectoryHandle;
    }
  }
  const plain = name
    .replace(/[\p{Cc}/\\:*?"<>|]/gu, '_')
    .replace(/^[. ]+|[. ]+$/g, '')
    .slice(0, 50);
  return folder.getDirectoryHandle((plain === '' ? 'camera' : plain) + tail, { create: true });
}

async function write(
  { household, signal }: Saving,
  films: FileSystemDirectoryHandle,
  name: string,
  camera: string,
  stretch: Stretch,
): Promise<void> {
  const handle = await films.getFileHandle(name, { create: true });
  // What is written appears as a whole, once it is closed.
  const stream: WritableStream<Uint8Array> = await handle.createWritable();
  const { proof } = await household.exportStretch(camera, stretch, stream, () => undefined, signal);
  await put(films, `${name}.proof`, new Uint8Array(proof));
}

/** The size of a film that holds what it should, with a proof beside it; else null. */
async function whole(
  films: FileSystemDirectoryHandle,
  name: string,
  { pieces }: Stretch,
): Promise<number | null> {
  const file = await fileOf(films, name);
  const proof = await textOf(films, `${name}.proof`);
  if (file === null || proof === null || segmentsIn(proof) !== pieces.length) return null;
  let at = await contentOf(
    file,
    pieces.reduce((all, { size }) => all + size, 0),
  );
  if (at === null) return null;
  for (const { sha256, size } of pieces) {
    const bytes = await file.slice(at, at + size).arrayBuffer();
    if (base32(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))) !== sha256) {
      return null;
    }
    at += size;
  }
  return file.size;
}

/** Where the content of a film begins, if it is as long as it should be. */
async function contentOf(file: File, want: number): Promise<number | null> {
  const head = new DataView(await file.slice(0, 4096).arrayBuffer());
  for (let at = 0; at + 16 <= head.byteLength;) {
    const size = head.getUint32(at);
    if (head.getUint32(at + 4) === 0x6d646174) {
      const [begin, all] = size === 1 ? [16, Number(head.getBigUint64(at + 8))] : [8, size];
      return all - begin === want && at + all <= file.size ? at + begin : null;
    }
    if (size < 8) return null;
    at += size;
  }
  return null;
}

/** The compiler's list of what browsers know lacks this. */
function entriesOf(
  folder: FileSystemDirectoryHandle,
): AsyncIterable<readonly [string, FileSystemHandle]> {
  type Listed = { entries(): AsyncIterable<readonly [string, FileSystemHandle]> };
  return (folder as unknown as Listed).entries();
}

async function fileOf(folder: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw error;
  }
}

async function textOf(folder: FileSystemDirectoryHandle, name: string): Promise<string | null> {
  return (await (await fileOf(folder, name))?.text()) ?? null;
}

async function put(
  folder: FileSystemDirectoryHandle,
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await stream.write(content);
  await stream.close();
}

/** 2026-03-01T14:00:00.000+01:00 */
export function stamp(at: number, zone: string): string {
  const offset = offsetOf(at, zone);
  const local = new Date(at + offset * 60_000).toISOString().slice(0, -1);
  return local + (offset === 0 ? 'Z' : offsetText(offset, ':'));
}

/** 14.00.00.000+0100.mp4, as the program names it. */
export function filmName(at: number, zone: string): string {
  const offset = offsetOf(at, zone);
  const clock = new Date(at + offset * 60_000).toISOString().slice(11, 23).replaceAll(':', '.');
  return `${clock}${offsetText(offset, '')}.mp4`;
}

function offsetText(minutes: number, between: string): string {
  const size = Math.abs(minutes);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${between}${two(size % 60)}`;
}

/** How far clocks in a zone are ahead of UTC, in minutes. */
function offsetOf(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(at);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const found = /([+-])(\d{2}):(\d{2})/.exec(text);
  if (found === null) return 0;
  const size = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === '-' ? -size : size;
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes: Uint8Array): string {
  let [out, value, bits] = ['', 0, 0];
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += letters[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? out + letters[(value << (5 - bits)) & 31] : out;
}

interface FolderPicker {
  showDirectoryPicker(options: {
    id: string;
    mode: 'readwrite';
  }): Promise<FileSystemDirectoryHandle>;
}

/** Whether this browser writes into a folder. */
export const canSaveEverything = (): boolean => 'showDirectoryPicker' in globalThis;

export function pickFolder(): Promise<FileSystemDirectoryHandle> {
  const picker = globalThis as unknown as FolderPicker;
  return picker.showDirectoryPicker({ id: 'keyhold', mode: 'readwrite' });
}
