// SPDX-License-Identifier: Apache-2.0

import type { Offer } from '../statement/invite.ts';
import type { Names } from '../statement/names.ts';
import type { Cloud } from '../sync/cloud.ts';
import { Founding, readCode } from '../sync/create.ts';
import { Fault } from '../sync/fault.ts';
import {
  join,
  preview,
  readLink,
  type FreshDevice,
  type Joined,
  type JoinNames,
} from '../sync/join.ts';
import { readSheet } from '../sync/typed.ts';
import type { ReturnAnswer } from '../sync/passkey.ts';
import { comeBack, recover } from '../sync/recover.ts';
import { makeDevice, useDevice, type KeptDevice } from './keys.ts';
import type { Beginning, CreateStep, Founded, JoinStep } from './wire.ts';

/** What a newcomer needs of its host. */
export interface Welcoming {
  /** Whether this browser has a household already. */
  readonly belongs: () => boolean;
  /** Runs what ends with a household. */
  readonly become: (work: () => Promise<void>) => Promise<void>;
  /** Tells of a clock that is wrong, whatever becomes of the work. */
  readonly withClock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Keeps what this browser has become, and opens it. */
  readonly settle: (
    kept: KeptDevice,
    device: FreshDevice,
    joined: Joined,
    names: JoinNames,
  ) => Promise<void>;
}

/** A browser without a household: by an invitation, the sheet or a passkey it comes to one, or it begins one. */
export class Newcomer {
  private founding: { work: Founding; device: KeptDevice; wish: Founded } | null = null;
  /** A try to join that did not end: the inviter may have answered it meanwhile. */
  private joining: { link: string; device: KeptDevice } | null = null;

  constructor(
    private readonly cloud: Cloud,
    private readonly host: Welcoming,
  ) {}

  async readInvitation(link: string): Promise<Offer> {
    // One that was cut off is told apart before anybody is asked.
    const invitation = readLink(link);
    return this.host.withClock(async () => {
      await this.cloud.checkClock();
      return preview(this.cloud, invitation);
    });
  }

  async join(
    link: string,
    names: JoinNames,
    onStep: (step: JoinStep, words?: readonly string[]) => void,
  ): Promise<void> {
    const invitation = readLink(link);
    await this.host.become(async () => {
      onStep('keys');
      await this.cloud.checkClock();
      const kept = this.joining?.link === link ? this.joining.device : await makeDevice();
      this.joining = { link, device: kept };
      onStep('asking');
      const device = useDevice(kept);
      const joined = await join(this.cloud, invitation, device, names, {
        asked: () => onStep('hub'),
        words: (words) => onStep('words', words),
      });
      this.joining = null;
      onStep('history');
      await this.host.settle(kept, device, joined, names);
    });
  }

  /** Comes back by typed words of the recovery sheet. It gives what a hub before has to tell a new one. */
  async recover(
    words: string,
    deviceName: string,
    hubCode: string,
    onStep: (step: JoinStep) => void,
  ): Promise<Names | null> {
    const sheet = readSheet(words);
    const hub = hubCode === '' ? {} : { hub: readCode(hubCode) };
    let was: Names | null = null;
    await this.host.become(async () => {
      onStep('keys');
      await this.cloud.checkClock();
      const kept = await makeDevice();
      const device = useDevice(kept);
      const joined = await recover(this.cloud, sheet, device, deviceName, {
        ...hub,
        asking: () => onStep('hub'),
        history: () => onStep('history'),
      });
      was = joined.was;
      await this.host.settle(kept, device, joined, { deviceName, personName: '' });
    });
    return was;
  }

  /** Comes back by a passkey that has answered in the page. */
  async comeBack(
    answer: ReturnAnswer,
    deviceName: string,
    onStep: (step: JoinStep) => void,
  ): Promise<void> {
    await this.host.become(async () => {
      onStep('keys');
      await this.cloud.checkClock();
      const kept = await makeDevice();
      const device = useDevice(kept);
      const joined = await comeBack(this.cloud, answer, device, deviceName, {
        asking: () => onStep('hub'),
        history: () => onStep('history'),
      });
      await this.host.settle(kept, device, joined, { deviceName, personName: '' });
    });
  }

  async create(wish: Founded, onStep: (step: CreateStep) => void): Promise<Beginning> {
    if (this.host.belongs()) throw new Fault('already-joined', 'this browser has a household');
    const code = readCode(wish.hubCode);
    onStep('finding');
    await this.host.withClock(() => this.cloud.checkClock());
    let kept: KeptDevice | null = null;
    const work = await Founding.prepare(
      this.cloud,
      code,
      async () => {
        kept = await makeDevice();
        return useDevice(kept);
      },
      wish,
      () => onStep('keys'),
    );
    this.founding = { work, device: kept!, wish };
    return { sheetWords: work.words(), household: work.household() };
  }

  async confirmSheet(onStep: (step: CreateStep) => void): Promise<void> {
    const founding = this.founding;
    if (founding === null) throw new Fault('not-found', 'no household is being made');
    await this.host.become(async () => {
      onStep('hub');
      const joined = await founding.work.send();
      this.founding = null;
      const { deviceName, personName } = founding.wish;
      const device = useDevice(founding.device);
      await this.host.settle(founding.device, device, joined, { deviceName, personName });
    });
  }
}
