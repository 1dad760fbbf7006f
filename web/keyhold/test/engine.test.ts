// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { utf8 } from '../src/bytes.ts';
import { noteText, signNote } from '../src/manifest/checkpoint.ts';
import { rootOfLeaves } from '../src/manifest/tree.ts';
import { rules, ruleOf, type Rule } from '../src/rule.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { Reader } from './reader.ts';
import { World } from './world.ts';

afterEach(() => {
  globalThis.__keyholdMutant = undefined;
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** Reads, whatever becomes of it; retries of incomplete proofs do not wait for real. */
async function attempt(reader: Reader): Promise<string[] | null> {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const reading = reader.readAll().catch(() => null);
  let done = false;
  void reading.finally(() => (done = true));
  while (!done) {
    await vi.advanceTimersByTimeAsync(2_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  vi.useRealTimers();
  return reading;
}

test('a reader takes what the hub recorded, without an alarm', async () => {
  const world = await World.make();
  await world.pass(60, 5);
  const reader = new Reader(world);
  const texts = await reader.readAll();
  expect(texts).toHaveLength(24);
  expect(texts[0]).toMatch(/^segment 0 of obj_/);
  expect(reader.alarms()).toEqual([]);
  expect(reader.engine.known.names?.cameras[0]?.name).toBe('Front door');
  await world.rotate(world.camera);
  await world.place('Hall');
  await world.pass(3);
  expect(await reader.readAll()).toHaveLength(30);
  expect(reader.engine.known.names?.cameras[0]?.room).toBe('Hall');
  expect(reader.alarms()).toEqual([]);
});

interface Attack {
  readonly name: string;
  readonly rule: Rule;
  /** Other checks that have to be off as well for the attack to succeed. */
  readonly also?: readonly Rule[];
  /** What the attack gets shown once the check is off. */
  readonly shows?: string;
  /** Changes what the cloud answers from now on; the reader has read everything before. */
  run(world: World): Promise<void> | void;
  /** Whether the attack needs a reader who has seen the true state. */
  readonly seen?: boolean;
}

async function forgedCheckpoint(world: World, leaves: readonly Uint8Array[]): Promise<string> {
  const root = new Uint8Array(rootOfLeaves(leaves));
  const { household, run, now, hub } = world;
  const text = noteText({ household, run, size: leaves.length, root, at: now });
  return signNote(text, hub.publicKey, (message) => hub.sign(message));
}

const attacks: readonly Attack[] = [
  {
    name: 'a segment forged with the public recipient',
    rule: 'file-hash',
    shows: 'forged',
    run(world) {
      const { recipient } = world.epochOf(world.camera);
      const length = 'segment 0 of obj_'.length + 26;
      world.cloud.alter.object = (_o, offset, bytes) =>
        offset === 0 ? world.seal(recipient, utf8('forged'.padEnd(length))) : bytes;
    },
  },
  {
    name: 'a changed bit',
    rule: 'file-hash',
    run(world) {
      world.cloud.alter.object = (_o, _f, bytes) => {
        bytes[bytes.length - 1]! ^= 1;
        return bytes;
      };
    },
  },
  {
    name: 'a segment cut short',
    rule: 'file-size',
    run(world) {
      world.cloud.alter.object = (_o, _f, bytes) => bytes.slice(0, -1);
    },
  },
  {
    name: 'segments in another order',
    rule: 'file-hash',
    run(world) {
      world.cloud.alter.object = (object, offset, bytes) => {
        const whole = world.objects.get(object)!;
        const at = offset === 0 ? whole.length - bytes.length : 0;
        return whole.slice(at, at + bytes.length);
      };
    },
  },
  {
    name: 'an object that is withheld',
    rule: 'seq-gap',
    run: (world) => void world.objects.delete([...world.objects.keys()][1]!),
  },
  {
    name: 'a leaf that is left out',
    rule: 'seq-gap',
    run(world) {
      const page = world.pages.find((p) => p.camera === world.camera)!;
      const lines = page.text.split('\n');
      lines.splice(4, 1);
      page.text = lines.join('\n');
    },
  },
  {
    name: 'newest leaves that are held back',
    rule: 'seq-gap',
    run(world) {
      const page = world.pages.findLast((p) => p.camera === world.camera)!;
      page.text = page.text.split('\n').slice(0, 2).join('\n') + '\n';
    },
  },
  {
    name: 'a leaf that the hub never made',
    rule: 'not-included',
    run(world) {
      const page = world.pages.findLast((p) => p.camera === world.camera)!;
      page.text = page.text.replace('"media":4000000', '"media":4000001');
    },
  },
  {
    name: "another hour's page of the same camera",
    rule: 'wrong-camera',
    run(world) {
      for (const [i, page] of world.pages.entries()) {
        if (page.camera !== world.camera) continue;
        world.pages[i] = { ...page, hour: page.hour - 1 };
      }
    },
  },
  {
    name: 'a checkpoint of another household',
    rule: 'wrong-household',
    run(world) {
      world.cloud.alter.sync = async (answer) => {
        const other = (await World.make()).household;
        const checkpoint = await world.checkpoint(world.leaves.length, other);
        return { ...answer, runs: [{ checkpoint, run: world.run }] };
      };
    },
  },
  {
    name: 'an older checkpoint than one that was seen',
    rule: 'rolled-back',
    seen: true,
    also: ['frozen', 'seq-gap'],
    async run(world) {
      const checkpoint = await world.checkpoint(world.leaves.length - 4);
      world.cloud.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'a status older than one that was seen',
    rule: 'rolled-back',
    seen: true,
    async run(world) {
      const { now } = world;
      world.now -= 60_000;
      await world.say();
      world.now = now;
    },
  },
  {
    name: 'another list of the same length',
    rule: 'forked',
    seen: true,
    async run(world) {
      const last = world.leaves.length - 1;
      const page = world.pages.find((p) => p.text.includes(`\n${last} `))!;
      const [line] = new RegExp(`^${last} .*$`, 'm').exec(page.text)!;
      const changed = line.replace(/"salt":"./, '"salt":"/');
      page.text = page.text.replace(line, changed);
      const raw = utf8(changed.slice(changed.indexOf(' ') + 1));
      world.leaves = [...world.leaves.slice(0, last), raw];
      const checkpoint = await forgedCheckpoint(world, world.leaves);
      world.cloud.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'a list that stands still although the hub sent more',
    rule: 'frozen',
    async run(world) {
      await world.say(world.leaves.length + 5);
    },
  },
  {
    name: 'a hub that is kept from being heard',
    rule: 'frozen',
    also: ['seq-gap'],
    async run(world) {
      const checkpoint = await world.checkpoint();
      world.cloud.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
      world.now += 31 * 60_000;
    },
  },
  {
    name: 'a hub that is kept from being heard by a cloud whose own clock stands still',
    rule: 'frozen',
    async run(world) {
      const checkpoint = await world.checkpoint();
      world.cloud.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
      const stopped = world.now;
      world.cloud.now = () => stopped;
      world.now += 31 * 60_000;
    },
  },
  {
    name: "the household's names, which are kept from a device that is new",
    rule: 'rolled-back',
    run(world) {
      world.names = new Uint8Array(0);
    },
  },
  {
    name: 'names from before somebody said in which room a camera is',
    rule: 'rolled-back',
    async run(world) {
      const { names } = world;
      await world.place('Hall');
      world.names = names;
    },
  },
  {
    name: 'a camera of which no page at all is listed',
    rule: 'seq-gap',
    run(world) {
      world.pages = world.pages.filter((page) => page.camera !== world.camera);
    },
  },
  {
    name: "the household's own record, of which no page at all is listed",
    rule: 'seq-gap',
    run(world) {
      world.pages = world.pages.filter((page) => page.camera !== 'household');
    },
  },
  {
    name: 'a checkpoint by somebody else',
    rule: 'checkpoint',
    run(world) {
      world.cloud.alter.sync = (answer) => ({
        ...answer,
        runs: answer.runs.map((run) => ({
          ...run,
          checkpoint: run.checkpoint.replace(/\nat (\d+)\n/, (_, at) => `\nat ${Number(at) + 1}\n`),
        })),
      });
    },
  },
  {
    name: 'a key that the hub did not announce',
    rule: 'envelope',
    async run(world) {
      // The cloud seals an identity of its own to the reader, and the page to that.
      const { row, recipient } = await world.forgeRow(world.camera);
      const i = world.rows.findIndex((one) => one.camera === world.camera);
      world.rows[i] = row;
      world.recipients.set(row.epoch, recipient);
    },
  },
];

test.each(attacks.map((a) => [a.name, a] as const))('refused: %s', async (_name, attack) => {
  const world = await World.make();
  await world.pass(14, 2);
  const store = new MemoryStore();

  // Control: nothing is changed, nothing is refused.
  const before = new Reader(world, store);
  const control = await attempt(before);
  expect(control).toHaveLength(14);
  expect(before.alarms()).toEqual([]);

  await attack.run(world);
  const seen = attack.seen === true ? store : new MemoryStore();
  const attacked = new Reader(world, seen);
  const got = await attempt(attacked);
  expect(attacked.alarms()).toContain(attack.rule);
  if (attack.rule.startsWith('file-')) expect(got).toBeNull();

  // Mutant: with the check off, this alarm is not raised any more.
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = [attack.rule, ...(attack.also ?? [])];
  const mutant = new Reader(world, attack.seen === true ? store : new MemoryStore());
  const fooled = await attempt(mutant);
  if (attack.rule === 'file-hash' && attack.shows !== undefined) {
    expect(fooled?.[0]).toContain(attack.shows);
  }
  expect(mutant.alarms()).not.toContain(attack.rule);
});

test('every rule that a reader checks has a name of its own', () => {
  expect(new Set(rules).size).toBe(rules.length);
  for (const { rule } of attacks) expect(rules).toContain(rule);
});

test('a network that fails is no alarm', async () => {
  const world = await World.make();
  await world.pass(2);
  const reader = new Reader(world);
  await reader.readAll();
  world.cloud.alter.object = () => Promise.reject(new TypeError('network'));
  const failure = await reader.readAll().catch((error: unknown) => error);
  expect(ruleOf(failure)).toBeNull();
  expect(reader.alarms()).toEqual([]);
});
