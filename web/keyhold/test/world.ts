// SPDX-License-Identifier: Apache-2.0

import { bech32 } from '@scure/base';
import { generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { base32, concat, random, utf8, type Bytes } from '../src/bytes.ts';
import { encode, type Writable } from '../src/canon.ts';
import { recipientText } from '../src/crypto/age.ts';
import { seal } from '../src/crypto/box.ts';
import { hashText } from '../src/crypto/hash.ts';
import type { Signer } from '../src/crypto/sign.ts';
import { fromSeed, type XWingKey } from '../src/crypto/xwing.ts';
import { noteText, signNote } from '../src/manifest/checkpoint.ts';
import { hourOf } from '../src/manifest/page.ts';
import { rootOfLeaves } from '../src/manifest/tree.ts';
import { Envelope } from '../src/statement/dsse.ts';
import type { Row } from '../src/statement/request.ts';
import { Roster } from '../src/statement/roster.ts';
import type { FreshDevice } from '../src/sync/join.ts';
import type { Member } from '../src/sync/member.ts';
import { sealTo } from './age.ts';
import { newSigner } from './signer.ts';
import { WorldCloud } from './world-cloud.ts';

/**
 * A hub that writes down what a test says, and the cloud that it uploads to. Everything is signed
 * and sealed for real; only the network is missing. Tests change what the cloud answers.
 */
export const start = 1_790_000_000_000;

interface Epoch {
  readonly id: string;
  readonly identity: string;
  readonly recipient: string;
}

interface PageData {
  readonly run: string;
  readonly camera: string;
  readonly epoch: string;
  readonly hour: number;
  text: string;
}

export const idOf = (prefix: string): string => `${prefix}_${base32(random(16))}`;

export class World {
  now = start;
  run = idOf('run');
  readonly camera = idOf('cam');
  readonly person = idOf('per');
  readonly objects = new Map<string, Uint8Array>();
  readonly cloud: WorldCloud;
  leaves: Uint8Array[] = [];
  roster!: Roster;
  member!: Member;
  hub!: Signer;
  sheet!: Signer;
  rows: Row[] = [];
  pages: PageData[] = [];
  names: Bytes = new Uint8Array(0);
  status: Bytes = new Uint8Array(0);
  /** Whom the hub seals epochs to; the first is the first device. */
  readonly readers: { readonly device: string; readonly reader: XWingKey }[] = [];
  private readonly cameras: { readonly id: string; readonly name: string; room?: string }[] = [];
  private readonly seqs = new Map<string, number>();
  private readonly epochs = new Map<string, Epoch>();
  /** Recipients by epoch: the hub fills pages of an epoch until the hour ends. */
  readonly recipients = new Map<string, string>();
  private namesSeq = 0;

  private constructor() {
    this.cloud = new WorldCloud(this);
  }

  static async make(): Promise<World> {
    const world = new World();
    const device = idOf('dev');
    const [signer, sheet, hub] = await Promise.all([
      newSigner(device),
      newSigner('sheet'),
      newSigner('hub'),
    ]);
    const [reader, sheetReader, hubReader] = await Promise.all([
      fromSeed(random(32)),
      fromSeed(random(32)),
      fromSeed(random(32)),
    ]);
    const genesis = await Envelope.signed(
      'genesis',
      {
        at: start,
        device: {
          id: device,
          reader: reader.publicKey,
          sign: signer.publicKey,
          storage: 'software',
        },
        hub: { hpke: hubReader.publicKey, sign: hub.publicKey },
        nonce: random(32),
        person: world.person,
        sheet: { reader: sheetReader.publicKey, sign: sheet.publicKey },
      },
      signer,
      sheet,
      hub,
    );
    world.hub = hub;
    world.sheet = sheet;
    world.readers.push({ device, reader });
    world.roster = await Roster.start(genesis.encode(), null);
    const household = world.roster.household;
    world.member = { household, person: world.person, device, signer, reader };
    await world.rotate('household');
    await world.leaf('household', 'run', {
      head: { ...world.roster.head },
      prev_root: '',
      prev_run: '',
      prev_size: 0,
      reason: 'genesis',
    });
    await world.rotate(world.camera);
    await world.leaf(world.camera, 'camera', { state: 'added' });
    world.cameras.push({ id: world.camera, name: 'Front door' });
    await world.name();
    await world.say();
    return world;
  }

  get household(): string {
    return this.roster.household;
  }

  /** A second camera, as the hub writes it down. */
  async addCamera(name: string): Promise<string> {
    const id = idOf('cam');
    await this.rotate(id);
    await this.leaf(id, 'camera', { state: 'added' });
    this.cameras.push({ id, name });
    await this.name();
    return id;
  }

  /** Says in which room the camera is. */
  async place(room: string): Promise<void> {
    this.cameras[0]!.room = room;
    await this.name();
    await this.say();
  }

  /** Lets a device of the same person in: from the next epoch on it is given keys. */
  async admit({ keys, signer, reader }: FreshDevice): Promise<Member> {
    const { household, person } = this;
    const link = await this.roster.link(this.now, keys, person).sign(signer);
    const signed = await (await link.sign(this.member.signer)).sign(this.hub);
    this.roster = await this.roster.append(signed.encode());
    this.readers.push({ device: keys.id, reader });
    await this.leaf('household', 'head', { head: { ...this.roster.head } });
    return { household, person, device: keys.id, signer, reader };
  }

  epochOf(camera: string): Epoch {
    return this.epochs.get(camera)!;
  }

  /** A row for the reader with an identity that is not the epoch's. */
  async forgeRow(camera: string): Promise<{ row: Row; recipient: string }> {
    const identity = await generateHybridIdentity();
    const row = await this.row(camera, this.epochOf(camera).id, identity);
    return { row, recipient: await identityToRecipient(identity) };
  }

  private async row(
    camera: string,
    epoch: string,
    identity: string,
    { device, reader } = this.readers[0]!,
  ): Promise<Row> {
    const head = this.roster.head.hash;
    const bytes = await seal(
      reader.publicKey,
      encode({ household: this.household, purpose: 'epoch' }),
      encode({ camera, device, epoch, head }),
      utf8(identity),
    );
    return { bytes, camera, device, epoch, head };
  }

  /** A new epoch with its row and its leaf. */
  async rotate(camera: string): Promise<void> {
    const seed = random(32);
    const identity = bech32.encodeFromBytes('AGE-SECRET-KEY-PQ-', seed).toUpperCase();
    const recipient = recipientText((await fromSeed(seed)).publicKey);
    const epoch = { id: idOf('epo'), identity, recipient };
    this.epochs.set(camera, epoch);
    this.recipients.set(epoch.id, recipient);
    const allowed = this.roster.readers(camera, this.now);
    const readers = this.readers.filter(({ device }) => allowed.includes(device));
    const rows = await Promise.all(readers.map((to) => this.row(camera, epoch.id, identity, to)));
    this.rows.push(...rows);
    await this.leaf(camera, 'epoch', {
      epoch: epoch.id,
      head: this.roster.head.hash,
      readers: rows.map(({ bytes, device }) => ({ device, envelope: hashText(bytes) })),
      recipient: hashText(utf8(recipient)),
    });
  }

  /** Adds a leaf to the tree and to its page. */
  async leaf(camera: string, kind: string, fields: Record<string, Writable>): Promise<void> {
    const seq = this.seqs.get(camera) ?? 0;
    this.seqs.set(camera, seq + 1);
    const raw = encode({ at: this.now, camera, kind, salt: random(16), seq, ...fields });
    const index = this.leaves.push(raw) - 1;
    const epoch = this.epochOf(camera).id;
    const hour = hourOf(this.now);
    let page = this.pages.find(
      (p) => p.run === this.run && p.camera === camera && p.epoch === epoch && p.hour === hour,
    );
    if (page === undefined) {
      page = { run: this.run, camera, epoch, hour, text: '' };
      this.pages.push(page);
    }
    page.text += `${index} ${new TextDecoder().decode(raw)}\n`;
  }

  /** A pack of two segments that say what they are. */
  pack(camera = this.camera): Promise<string> {
    return this.stored(camera, 'pack', {});
  }

  /** Somebody rings, and what was seen then is kept apart. */
  async press(number: number, camera = this.camera): Promise<string> {
    await this.leaf(camera, 'press', { number, pressed: this.now, source: 'webhook' });
    return this.stored(camera, 'moment', { number });
  }

  private async stored(
    camera: string,
    kind: 'pack' | 'moment',
    more: Record<string, Writable>,
  ): Promise<string> {
    const epoch = this.epochOf(camera);
    const object = idOf('obj');
    const parts: Uint8Array[] = [];
    const files: Record<string, Writable>[] = [];
    let offset = 0;
    for (let i = 0; i < 2; i++) {
      const plain = utf8(`segment ${i} of ${object}`);
      const sealed = await this.seal(epoch.recipient, plain);
      const picture = i === 1 && kind === 'moment';
      const from = this.now - 8_000 + i * 4_000;
      files.push({
        content: { sha256: hashText(plain), size: plain.length },
        end: from + 4_000,
        kind: picture ? 'thumbs' : 'segment',
        media: picture ? 0 : 4_000_000,
        offset,
        sha256: hashText(sealed),
        size: sealed.length,
        start: from,
      });
      parts.push(sealed);
      offset += sealed.length;
    }
    this.objects.set(object, concat(...parts));
    const names = { epoch: epoch.id, files, object, session: 1, size: offset };
    await this.leaf(camera, kind, { ...names, ...more });
    return object;
  }

  seal(recipient: string, plain: Uint8Array): Promise<Uint8Array> {
    return sealTo(recipient, plain);
  }

  async name(): Promise<void> {
    const { device } = this.member;
    this.namesSeq++;
    const rooms = this.cameras.some(({ room }) => room !== undefined);
    const statement = await Envelope.signed(
      rooms ? 'names.v2' : 'names',
      {
        at: this.now,
        cameras: this.cameras.map((camera) => ({
          ...(rooms ? { room: '' } : {}),
          ...camera,
          state: 'on',
        })),
        devices: [{ id: device, name: 'Phone' }],
        head: this.roster.head.hash,
        household: this.household,
        persons: [{ id: this.person, name: 'Anna' }],
        seq: this.namesSeq,
        zone: 'Europe/Berlin',
      },
      this.hub,
    );
    const sealed = await this.seal(this.epochOf('household').recipient, statement.encode());
    this.names = new Uint8Array(sealed);
    const names = statement.hashText();
    await this.leaf('household', 'names', { names, number: this.namesSeq });
  }

  /** The hub's minute: a heartbeat where it is due, and a status. */
  async say(uploaded = this.leaves.length): Promise<void> {
    this.status = (
      await Envelope.signed(
        'status',
        {
          at: this.now,
          head: this.roster.head.hash,
          household: this.household,
          lag: 0,
          run: this.run,
          signed: Math.max(uploaded, this.leaves.length),
          uploaded,
        },
        this.hub,
      )
    ).encode();
  }

  /** Lets time pass: heartbeats every five minutes, a pack each minute, or more seldom. */
  async pass(minutes: number, every = 1): Promise<void> {
    for (let i = 1; i <= minutes; i++) {
      this.now += 60_000;
      if (i % every === 0) await this.pack();
      if (i % 5 !== 0) continue;
      await this.leaf(this.camera, 'heartbeat', {});
      await this.leaf('household', 'heartbeat', {});
    }
    await this.say();
  }

  async checkpoint(size = this.leaves.length, household = this.household): Promise<string> {
    const root = new Uint8Array(rootOfLeaves(this.leaves.slice(0, size)));
    const text = noteText({ household, run: this.run, size, root, at: this.now });
    return signNote(text, this.hub.publicKey, (message) => this.hub.sign(message));
  }
}
