// SPDX-License-Identifier: Apache-2.0

import { fromBase64, fromUtf8, type Bytes } from '../src/bytes.ts';
import type { Signer } from '../src/crypto/sign.ts';
import { ruleOf } from '../src/rule.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { link as linkSchema } from '../src/statement/ops.ts';
import type { Op, Reply, Row } from '../src/statement/request.ts';
import { Roster } from '../src/statement/roster.ts';
import type { Drop, SyncAnswer } from '../src/sync/cloud.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import type { InvitePhase } from '../src/sync/inviting.ts';
import { join, readLink, type FreshDevice, type Joined } from '../src/sync/join.ts';
import { Letters } from '../src/sync/letters.ts';
import type { Member } from '../src/sync/member.ts';
import { Members, type ChangePhase, type MembersState } from '../src/sync/members.ts';
import { Seconds, type HubAskView } from '../src/sync/second.ts';
import type { Delivery } from '../src/sync/socket.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { freshDevice } from './device.ts';
import { WorldCloud } from './world-cloud.ts';
import { World } from './world.ts';

/** The cloud as it answers each device by what the roster lets it see, with boxes for strangers. */
class HouseCloud extends WorldCloud {
  private readonly boxes = new Map<string, Drop[]>();
  private readonly given: { device: string; statement: Bytes }[] = [];
  /** Who takes the mail of a device. */
  readonly mailboxes = new Map<string, (delivery: Delivery) => Promise<void>>();
  labels: SyncAnswer['labels'] = [];
  /** What is to be erased, as an owner wants it. */
  erase: Bytes = new Uint8Array(0);
  stranger: Bytes = new Uint8Array(0);

  constructor(readonly house: World) {
    super(house);
  }

  override async sync(_household?: string, signer?: Signer): Promise<SyncAnswer> {
    const answer = await super.sync();
    const device = signer?.keyid ?? '';
    const { roster, now } = this.house;
    if (roster.personOf(device) === null) throw new Fault('not-allowed', 'a stranger');
    const sees = (camera: string): boolean => roster.may(device, 'history', camera, now) === '';
    const begins = (camera: string): number =>
      Math.floor((roster.earliest(device, 'history', camera, now) ?? 0) / 3_600_000);
    return {
      ...answer,
      names: sees('household') ? answer.names : new Uint8Array(0),
      erase: this.erase,
      eraseDue: this.erase.length > 0 ? now + 7 * 24 * 3_600_000 : 0,
      labels: this.labels.filter(({ camera }) => sees(camera)),
      pages: answer.pages.filter(({ camera, hour }) => sees(camera) && hour >= begins(camera)),
      rows: answer.rows.filter((row) => row.device === device && sees(row.camera)),
      reseals: this.given.filter((one) => one.device === device).map((one) => one.statement),
    };
  }

  override async write(
    _household: string,
    { keyid: from }: Signer,
    kind: 'mail' | 'reseals',
    device: string,
    body: Bytes,
  ): Promise<void> {
    if (kind === 'mail') {
      const delivery = { id: 1, at: this.house.now, from, body };
      void this.mailboxes.get(device)?.(delivery);
      return;
    }
    const { envelopes, statement } = JSON.parse(fromUtf8(body)!) as {
      envelopes: (Omit<Row, 'bytes'> & { bytes: string })[];
      statement: string;
    };
    this.given.push({ device, statement: fromBase64(statement)! });
    for (const row of envelopes) {
      this.house.rows.push({ ...row, bytes: fromBase64(row.bytes)! });
    }
    return Promise.resolve();
  }

  override drop(box: string, body: Uint8Array): Promise<void> {
    const drops = this.boxes.get(box) ?? [];
    this.boxes.set(box, [...drops, { body: new Uint8Array(body), n: drops.length + 1 }]);
    return Promise.resolve();
  }

  override async drops(
    box: string,
    _token: Bytes,
    after: number,
    signal?: AbortSignal,
  ): Promise<Drop[]> {
    for (;;) {
      signal?.throwIfAborted();
      const found = (this.boxes.get(box) ?? []).filter((drop) => drop.n > after);
      if (found.length > 0) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  override async sheet(): Promise<{ household: string; roster: Bytes[] }> {
    const { household, chain } = this.house.roster;
    return Promise.resolve({ household, roster: [...chain] });
  }
}

/** A household with its hub, which orders what members ask of it, as far as the roster lets them. */
export class House {
  readonly code = '314159';
  readonly cloud: HouseCloud;
  /** Whoever sits between hub and members lets nothing through. */
  silent = false;
  /** Words of owners on other owners. */
  readonly asks: Bytes[] = [];
  private labelled = 0;
  /** Where the camera is; `''` as long as nobody has said so. */
  room = '';

  private constructor(readonly world: World) {
    this.cloud = new HouseCloud(world);
  }

  static async make(): Promise<House> {
    return new House(await World.make());
  }

  /** The hub's answer to an operation. */
  async send(op: Op): Promise<Reply> {
    if (this.silent) throw new Fault('hub-away', 'no answer');
    const { world } = this;
    let link: Envelope;
    if (op.kind === 'append-link') link = await this.checked(op);
    else if (op.kind === 'remove') link = await this.removing(op.removal!);
    else if (op.kind === 'ask-removal') return this.asked(op.removal!);
    else if (op.kind === 'erase') return this.erasing(op);
    else if (op.kind === 'asked') return this.reply({ removals: [...this.asks] });
    else return this.reply({});
    const signed = await link.sign(world.hub);
    await this.append(signed);
    return this.reply({ link: signed.encode() });
  }

  private async asked(removal: Bytes): Promise<Reply> {
    try {
      await this.world.roster.checkVoice(removal, this.world.now);
    } catch {
      throw new Refused('denied');
    }
    this.asks.push(removal);
    return this.reply({});
  }

  /** Puts a link into force that has all its signatures but the hub's. */
  async order(link: Envelope): Promise<void> {
    await this.append(await link.sign(this.world.hub));
  }

  private reply(result: Reply['result']): Reply {
    return { result, error: '', head: this.world.roster.head } as Reply;
  }

  private async checked(op: Op): Promise<Envelope> {
    const { roster } = this.world;
    const raw = op.link!;
    let kind: string;
    try {
      ({
        op: { kind },
      } = await roster.propose(raw));
    } catch (error) {
      const stale = ['roster-seq', 'roster-prev', 'roster-time'].includes(ruleOf(error) ?? '');
      throw new Refused(stale ? 'stale' : 'denied');
    }
    if (!['add-device', 'object', 'announce-removal'].includes(kind)) this.mustShow(op);
    return Envelope.parse(raw);
  }

  /** Wants the digits, or a passkey's word. */
  private mustShow({ gesture }: Op): void {
    const shown =
      gesture?.passkey === undefined
        ? gesture?.code === this.code
        : this.world.roster.device(gesture.passkey.id) !== null;
    if (!shown) throw new Refused(gesture === undefined ? 'gesture' : 'gesture-wrong');
  }

  private erasing(op: Op): Reply {
    this.mustShow(op);
    this.cloud.erase = op.erase!;
    return this.reply({});
  }

  private async removing(removal: Bytes): Promise<Envelope> {
    const { roster, now } = this.world;
    try {
      await roster.checkRemoval(removal, now);
    } catch {
      throw new Refused('denied');
    }
    return roster.newLink(now, { kind: 'remove', removal });
  }

  private async append(signed: Envelope): Promise<void> {
    const { world } = this;
    world.roster = await world.roster.append(signed.encode());
    const { op } = signed.read('roster', linkSchema);
    if (op.kind === 'add-device' || op.kind === 'add-person') {
      world.readers.push({
        device: op.device.id,
        reader: { publicKey: op.device.reader } as never,
      });
    }
    if (op.kind === 'add-passkey') {
      const reader = { publicKey: op.passkey.reader } as never;
      world.readers.push({ device: op.passkey.id, reader });
    }
    await this.rotate();
    await world.leaf('household', 'head', { head: { ...world.roster.head } });
    await world.name();
    await world.say();
  }

  /** New epochs for whoever may read now, and labels sealed to them. */
  async rotate(): Promise<void> {
    const { world } = this;
    await world.rotate('household');
    await world.rotate(world.camera);
    const { room } = this;
    const label = await Envelope.signed(
      room === '' ? 'label' : 'label.v2',
      {
        at: world.now,
        camera: world.camera,
        head: world.roster.head.hash,
        household: world.household,
        name: 'Front door',
        ...(room === '' ? {} : { room }),
        seq: ++this.labelled,
        zone: 'Europe/Berlin',
      },
      world.hub,
    );
    const sealed = await world.seal(world.epochOf(world.camera).recipient, label.encode());
    this.cloud.labels = [{ camera: world.camera, label: new Uint8Array(sealed) }];
  }

  /** The first device. */
  owner(store = new MemoryStore()): Promise<App> {
    return App.open(this, this.world.member, this.world.roster, store, 'Anna');
  }

  newcomer(device: FreshDevice, { roster, person }: Joined, name: string): Promise<App> {
    const { signer, reader, keys } = device;
    const member = { household: roster.household, person, device: keys.id, signer, reader };
    return App.open(this, member, roster, new MemoryStore(), name);
  }
}

/** Another owner, whom an owner invites. */
export async function anotherOwner(house: House, by: App, name: string): Promise<App> {
  const offer = { kind: 'person', name, role: 'owner', rights: [], history: true } as const;
  const { id, link } = await by.members.invite({ ...offer, slow: false }, 'x');
  const device = await freshDevice();
  const events = { asked: () => undefined, words: () => undefined };
  const names = { deviceName: 'p', personName: name };
  const joining = join(house.cloud, readLink(link), device, names, events);
  await until(() => by.invitations.get(id)?.some((one) => one.step === 'arrived'));
  by.members.confirm(id);
  await until(() => by.invitations.get(id)?.some((one) => one.step === 'code'));
  by.members.code(id, house.code);
  const joined = await joining;
  await until(() => by.invitations.get(id)?.some((one) => one.step === 'done'));
  return house.newcomer(device, joined, name);
}

/** A device's app: its engine and what it knows of the others. */
export class App {
  state!: MembersState;
  readonly invitations = new Map<string, InvitePhase[]>();
  readonly changes = new Map<string, ChangePhase[]>();
  readonly engine: Engine;
  readonly members: Members;
  readonly letters: Letters;
  readonly seconds: Seconds;
  hubAsks: readonly HubAskView[] = [];

  private constructor(
    readonly house: House,
    readonly member: Member,
    roster: Roster,
    readonly store: MemoryStore,
    name: string,
  ) {
    this.engine = new Engine(house.cloud, member, roster, store, {
      trust: () => undefined,
      known: () => void this.members.look(),
      grown: () => undefined,
    });
    this.letters = new Letters(this.engine);
    this.seconds = new Seconds(this.engine, this.letters, () => {
      this.hubAsks = this.seconds.views((id) => id);
    });
    house.cloud.mailboxes.set(member.device, (delivery) => this.letters.take(delivery));
    const { device, person } = member;
    const self = { device, person, deviceName: `${name}'s`, personName: name };
    this.members = new Members(this.engine, house, store, () => self, {
      state: (state) => (this.state = state),
      invitation: (id, phase) => push(this.invitations, id, phase),
      change: (id, phase) => push(this.changes, id, phase),
    });
  }

  static async open(
    house: House,
    member: Member,
    roster: Roster,
    store: MemoryStore,
    name: string,
  ): Promise<App> {
    const app = new App(house, member, roster, store, name);
    await app.members.start();
    await app.engine.sync();
    return app;
  }

  alarms(): string[] {
    return this.engine.alarms.all().map((alarm) => alarm.rule);
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** Waits until something is so. */
export async function until<T>(what: () => T | undefined | false | null): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = what();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > deadline) throw new Error('it did not become so in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
