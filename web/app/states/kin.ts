// SPDX-License-Identifier: Apache-2.0
import type { CreateStep, ErrorKind, Household, JoinStep, NewSheet } from '../src/lib/household';
import type {
  Ask,
  Change,
  ChangePhase,
  HubAsk,
  HubAsking,
  Invitation,
  InvitePhase,
  Offered,
  Own,
  Person,
  Removal,
  Replaced,
  Right,
  Trail,
} from '../src/lib/people';
import type { FoundCamera, ShownCamera } from '../src/lib/finding';
import type { Choice } from '../src/lib/recording';
import { mayLive, type LiveView, type Look, type LookList, type Watched } from '../src/lib/looking';
import type { Erased, Erasing, Stretch } from '../src/lib/leaving';
import type { Moving } from '../src/lib/moving';
import { DrawnView } from './drawnview';
import { failure, forever, now, zone } from './fixture';
import {
  anna,
  ask,
  day,
  device,
  entry,
  eva,
  jan,
  link,
  max,
  oma,
  person,
  right,
  trail,
} from './folk';
import { Settable } from './live';
import { Told } from './told';
import { jpeg, type Scene } from './scenes';

export * from './folk';

/** A drawn household with persons. */
export class Kin extends Told implements Household {
  own = new Settable<Own | null>({
    person: 'per_anna',
    device: 'dev_kitchen',
    role: 'owner',
    rights: [],
    manages: ['owner', 'guardian', 'viewer', 'guest'],
    people: true,
    cameras: true,
    leave: false,
    sheet: true,
  });
  people = new Settable<readonly Person[]>([anna()]);
  news = new Settable<readonly Trail[]>([]);
  removals = new Settable<readonly Removal[]>([]);
  asks = new Settable<readonly Ask[]>([]);

  erasing = new Settable<Erasing | null>(null);
  erased: Erased | null = null;
  moving = new Settable<Moving | null>(null);

  watched = new Settable<readonly Watched[]>([]);
  looked: readonly Look[] = [];
  closedHours = 0;
  makeView: () => LiveView = () => new DrawnView({ step: 'again', reason: 'hub-away' }, () => null);

  found: readonly FoundCamera[] = [];
  shows = new Map<string, Scene>();
  choices = new Map<string, Choice>();
  swapped: readonly string[] = [];

  async lookForCameras(): Promise<readonly FoundCamera[]> {
    await this.#act();
    return this.found;
  }

  async tryCamera(found: string): Promise<ShownCamera> {
    await this.#act();
    const scene = this.shows.get(found);
    if (scene === undefined) throw failure('camera-password');
    const choice = this.choices.get(found) ?? null;
    return { picture: await jpeg(scene, now), width: 1920, height: 1080, camera: '', choice };
  }

  addFound(_found: string, name: string, room: string): Promise<void> {
    return this.addCamera(name, '', room);
  }

  async checkCameras(): Promise<readonly string[]> {
    return this.swapped;
  }

  /** The cameras of each view that was asked for. */
  readonly asked: string[][] = [];

  live(cameras: readonly string[]): LiveView {
    this.asked.push([...cameras]);
    return this.makeView();
  }

  prepareLive(): void {}

  beginLive(): void {}

  async looks(from: number): Promise<LookList> {
    await this.#act();
    const looks = this.looked.filter(({ at }) => at >= from);
    return { looks, entries: 4312, from, until: now - 40_000, closed: this.closedHours };
  }

  history: readonly Trail[] = [entry(0, 9 * day, { kind: 'genesis' })];
  offered: Offered = {
    kind: 'device',
    from: 'Anna',
    name: '',
    role: '',
    rights: [],
    cameras: [],
    slow: false,
    history: true,
  };
  /** Where an invitation, or a change that needs a code, is standing. */
  inviteAt: InvitePhase = { step: 'waiting' };
  changeAt: ChangePhase = { step: 'done' };
  sheetAnswer: 'right' | 'another' = 'right';
  joinAt: { step: JoinStep; words?: readonly string[] } = { step: 'asking' };

  async #act(): Promise<void> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
  }

  trail(): Promise<readonly Trail[]> {
    return this.stuck ? forever : Promise.resolve(this.history);
  }

  async readNews(): Promise<void> {
    this.news.set([]);
  }

  async invite(): Promise<Invitation> {
    await this.#act();
    const phase = new Settable<InvitePhase>(this.inviteAt);
    return {
      link,
      phase,
      confirm: () => phase.set({ step: 'code', wrong: false, passkey: null }),
      decline: () => phase.set({ step: 'refused', reason: 'declined' }),
      code: () => phase.set({ step: 'done', person: 'per_eva', device: 'dev_eva' }),
      passkey: async () => phase.set({ step: 'done', person: 'per_eva', device: 'dev_eva' }),
    };
  }

  async readInvitation(): Promise<Offered> {
    await this.#act();
    return this.offered;
  }

  async joinAs(
    _link: string,
    _names: { deviceName: string; personName: string },
    onStep: (step: JoinStep, words?: readonly string[]) => void,
  ): Promise<void> {
    onStep(this.joinAt.step, this.joinAt.words);
    if (this.joinStuck) await forever;
    if (this.joinRefusal) throw failure(this.joinRefusal);
    this.phase.set('ready');
  }
  joinStuck = false;
  joinRefusal: ErrorKind | null = null;

  /** What came along, where a new hub took the place of one that is gone. */
  recovered: Replaced | null = null;
  async recover(
    _words: string,
    _device: string,
    onStep: (step: JoinStep) => void,
  ): Promise<Replaced | null> {
    onStep('hub');
    await this.#act();
    this.phase.set('ready');
    return this.recovered;
  }

  async replaceHub(
    _code: string,
    onStep: (step: CreateStep) => void,
    _onAsking: (asking: HubAsking) => void,
    _signal: AbortSignal,
  ): Promise<Replaced> {
    onStep('finding');
    await this.#act();
    onStep('hub');
    return {
      stars: { kept: 0, lost: [], more: false },
      again: { bells: [], speakers: [], lights: [], doors: [], channels: [], integrations: [] },
    };
  }

  hubAsks = new Settable<readonly HubAsk[]>([]);
  async agreeHub(): Promise<void> {
    await this.#act();
    this.hubAsks.set([]);
  }
  declineHub(): Promise<void> {
    return this.agreeHub();
  }

  passkeysKnown = true;
  passkeys(): boolean {
    return this.passkeysKnown;
  }

  async addPasskey(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  async returnByPasskey(_device: string, onStep: (step: JoinStep) => void): Promise<void> {
    await this.#act();
    onStep('hub');
    await forever;
  }

  async #remove(what: Pick<Removal, 'person' | 'device'>): Promise<void> {
    await this.#act();
    const removal: Removal = { id: 'rem_1', sentAt: now - 2000, state: 'sent', ...what };
    this.removals.set([removal, ...this.removals.get()]);
  }

  removeDevice(id: string): Promise<void> {
    const all = this.people.get().flatMap((one) => one.devices);
    const found = all.find((one) => one.id === id);
    return this.#remove({ person: null, device: { id, name: found?.name ?? '' } });
  }

  removePerson(id: string): Promise<void> {
    const found = this.people.get().find((one) => one.id === id);
    return this.#remove({ device: null, person: { id, name: found?.name ?? '' } });
  }

  async askRemoval(id: string): Promise<void> {
    await this.#act();
    const found = this.people.get().find((one) => one.id === id);
    this.asks.set([ask({ id, name: found?.name ?? '' }, { id: 'per_anna', name: 'Anna' })]);
  }

  async secondRemoval(id: string): Promise<void> {
    const found = this.asks.get().find((one) => one.id === id);
    await this.#remove({ device: null, person: found?.person ?? null });
  }

  async objectRemoval(id: string): Promise<void> {
    await this.#act();
    const people = this.people.get();
    this.people.set(people.map((one) => (one.id === id ? { ...one, announced: null } : one)));
  }

  async outBySheet(id: string): Promise<'done' | 'another'> {
    await this.#act();
    if (this.sheetAnswer === 'another') return 'another';
    const people = this.people.get();
    this.people.set(people.map((one) => (one.id === id ? { ...one, announced: now } : one)));
    return 'done';
  }

  leave(): Promise<void> {
    return this.removePerson(this.own.get()?.person ?? '');
  }

  #change(): Change {
    const phase = new Settable<ChangePhase>(this.changeAt);
    return {
      phase,
      code: () => phase.set({ step: 'done' }),
      passkey: async () => phase.set({ step: 'done' }),
      cancel: () => phase.set({ step: 'refused', reason: 'cancelled' }),
    };
  }

  async setRights(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  async eraseAll(): Promise<Change> {
    await this.#act();
    return this.#change();
  }

  move(): Promise<void> {
    return this.#act();
  }

  moveOn(): void {}

  moveCode(): void {}

  async movePasskey(): Promise<void> {}

  stopMove(): void {
    this.moving.set(null);
  }

  follow(): Promise<void> {
    return this.#act();
  }

  readMove(): void {
    this.moving.set(null);
  }

  eraseLeft(): Promise<Change> {
    return this.eraseAll();
  }

  async keepAll(): Promise<void> {
    await this.#act();
    this.erasing.set(null);
  }

  async receipt(): Promise<Erased | null> {
    return this.erased;
  }

  async forget(): Promise<void> {}

  async stretches(): Promise<readonly Stretch[]> {
    return [];
  }

  async exportStretch(): Promise<never> {
    throw failure('not-found');
  }

  newSheet(): Promise<NewSheet> {
    const wish = { personName: '', deviceName: '', hubCode: '', zone };
    return this.create(wish, () => undefined);
  }

  async checkSheet(): Promise<'right' | 'another'> {
    await this.#act();
    return this.sheetAnswer;
  }

  async useSheet(): Promise<Change> {
    return this.#change();
  }
}

/** Anna, Jan, a grandmother, a sitter, and one whose time is over. */
export function family(household: Kin): Kin {
  household.people.set([anna(), jan(), oma(), eva(), max()]);
  household.history = trail();
  household.own.set({ ...own(household), leave: false });
  return household;
}

export function own(household: Kin): Own {
  const found = household.own.get();
  if (!found) throw new Error('a household without its own person');
  return found;
}

/** Seen by the sitter: one's own person alone, and the cameras that were given. */
export function asGuest(household: Kin, rights: readonly Right[] = [right()]): Kin {
  household.own.set({
    person: 'per_eva',
    device: 'dev_eva',
    role: 'guest',
    rights,
    manages: [],
    people: false,
    cameras: false,
    leave: true,
    sheet: false,
  });
  const phone = device('eva', 'Pixel 8', { me: true, seen: now, since: now - 2 * day });
  household.people.set([person('eva', 'Eva', 'guest', [phone], { me: true, rights })]);
  const given = household.cameras.get().filter((one) => one.id !== 'cam_hall');
  const own = household.own.get();
  household.cameras.set(given.map((one) => ({ ...one, live: mayLive(own, one.id) })));
  return household;
}
