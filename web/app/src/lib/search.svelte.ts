// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { FoundCamera, ShownCamera } from './finding';
import { kindOf, type ErrorKind, type Household } from './household';
import type { Choice, Form } from './recording';

/** `locked`: it wants a password; `known`: the household has it. */
export type OneState = 'locked' | 'trying' | 'shown' | 'known' | 'added';

/** A camera that was found, on its way to being one of the household's. */
export class One {
  state = $state<OneState>('locked');
  name = $state('');
  room = $state('');
  bitmap = $state.raw<ImageBitmap | null>(null);
  failure = $state<ErrorKind | null>(null);
  /** There where somebody has to say in which form to record it. */
  choice = $state.raw<Choice | null>(null);
  form = $state<Form>('made');

  constructor(readonly camera: FoundCamera) {}
}

/** One search for cameras, from the first question to the last that was added. */
export class Search {
  ones = $state.raw<readonly One[]>([]);
  step = $state<'looking' | 'list' | 'opening' | 'adding'>('looking');
  failure = $state<ErrorKind | null>(null);

  constructor(private readonly household: Household) {}

  readonly busy = $derived(this.step !== 'list');
  readonly locked = $derived(this.ones.filter(({ state }) => state === 'locked'));

  /** What is said to somebody who does not see it. */
  readonly words = $derived.by(() => {
    if (this.step === 'looking') return m.find_looking();
    if (this.step !== 'list') return m.camera_adding();
    return this.failure === null ? foundWords(this.ones.length) : '';
  });

  /** Names to choose from: those that an earlier hub's cameras wait under come first. */
  get names(): readonly string[] {
    const list = this.household.cameras.get();
    const waiting = list.filter(({ state }) => state === 'unconnected').map(({ name }) => name);
    const usual = [
      m.camera_name_example(),
      m.find_room_garden(),
      m.find_room_living(),
      m.find_room_hall(),
      m.find_room_nursery(),
      m.find_room_drive(),
    ];
    return [...waiting, ...usual.filter((name) => !list.some((one) => one.name === name))];
  }

  async look(): Promise<void> {
    this.step = 'looking';
    this.failure = null;
    try {
      const found = await this.household.lookForCameras();
      this.ones = found.map((camera) => this.made(camera));
      await this.each(
        this.locked.filter(({ camera }) => !camera.password),
        (one) => this.try(one, '', ''),
      );
    } catch (reason) {
      this.failure = kindOf(reason);
    }
    this.step = 'list';
  }

  private made(camera: FoundCamera): One {
    const one = new One(camera);
    if (camera.camera !== '') this.knownAs(one, camera.camera);
    return one;
  }

  private knownAs(one: One, id: string): void {
    one.state = 'known';
    one.name = this.household.cameras.get().find((own) => own.id === id)?.name ?? '';
  }

  /** Tries a password on cameras of a kind; whether it opened all. */
  async open(ones: readonly One[], user: string, password: string): Promise<boolean> {
    this.step = 'opening';
    await this.each(ones, (one) => this.try(one, user, password));
    this.step = 'list';
    return ones.every(({ state }) => state !== 'locked');
  }

  private async try(one: One, user: string, password: string): Promise<void> {
    one.state = 'trying';
    one.failure = null;
    try {
      await this.show(one, await this.household.tryCamera(one.camera.found, user, password));
    } catch (reason) {
      one.state = 'locked';
      one.failure = kindOf(reason);
    }
  }

  private async show(one: One, shown: ShownCamera): Promise<void> {
    if (shown.picture.length > 0) {
      const jpeg = new Blob([shown.picture.slice()], { type: 'image/jpeg' });
      one.bitmap = await createImageBitmap(jpeg).catch(() => null);
    }
    one.choice = shown.choice;
    if (shown.choice?.cost === 0 && shown.choice.small) one.form = 'small';
    if (shown.camera === '') one.state = 'shown';
    else this.knownAs(one, shown.camera);
  }

  async add(ones: readonly One[]): Promise<void> {
    this.step = 'adding';
    await this.each(ones, async (one) => {
      one.failure = null;
      try {
        const form = one.choice === null ? undefined : one.form;
        const [name, room] = [one.name.trim(), one.room.trim()];
        await this.household.addFound(one.camera.found, name, room, form);
        one.state = 'added';
      } catch (reason) {
        one.failure = kindOf(reason);
      }
    });
    this.step = 'list';
  }

  /** Two at a time: the hub tries as many cameras at once as it has hands for. */
  private async each(ones: readonly One[], act: (one: One) => Promise<void>): Promise<void> {
    const waiting = [...ones];
    const hand = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await act(one);
    };
    await Promise.all([hand(), hand()]);
  }
}

function foundWords(count: number): string {
  if (count === 0) return m.find_none();
  return count === 1 ? m.find_found_one() : m.find_found({ count });
}
