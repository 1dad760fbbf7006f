// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { random, type Bytes } from '../src/bytes.ts';
import { encode } from '../src/canon.ts';
import { seal } from '../src/crypto/box.ts';
import { boxOf, labels, tokenOf, type Invitation } from '../src/statement/pairing.ts';
import { Cloud, type Drop } from '../src/sync/cloud.ts';
import { join, type FreshDevice } from '../src/sync/join.ts';
import { sealParts } from '../src/sync/parts.ts';
import { freshDevice } from './device.ts';
import { World } from './world.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

/** Boxes without a network: a wait that ends in nothing moves the clock. */
class Boxes extends Cloud {
  readonly boxes = new Map<string, Drop[]>();
  /** What the inviter does once the joiner has asked. */
  asked: () => Promise<void> = () => Promise.resolve();

  override async drop(box: string, body: Uint8Array): Promise<void> {
    this.put(box, body);
    await this.asked();
  }

  put(box: string, body: Uint8Array): void {
    const drops = this.boxes.get(box) ?? [];
    this.boxes.set(box, [...drops, { body: new Uint8Array(body), n: drops.length + 1 }]);
  }

  override drops(
    box: string,
    _token: Bytes,
    after: number,
    _signal?: AbortSignal,
    wait = 25,
  ): Promise<Drop[]> {
    const found = (this.boxes.get(box) ?? []).filter((drop) => drop.n > after);
    if (found.length === 0) vi.setSystemTime(Date.now() + wait * 1000);
    return Promise.resolve(found);
  }
}

const names = { deviceName: 'A phone', personName: '' };
const quiet = { asked: () => undefined, words: () => undefined };

const offer = {
  cameras: [],
  from: 'Anna',
  history: true,
  kind: 'device',
  name: '',
  rights: [],
  role: '',
  slow: false,
};

class Inviter {
  readonly cloud = new Boxes('http://cloud.invalid');
  readonly invitation: Invitation;
  readonly joiner: string;
  readonly own: string;
  private told = 0;

  private constructor(readonly world: World) {
    const secret = random(16);
    const { head, household } = world.roster;
    this.invitation = { head, household, inviter: world.member.device, secret };
    this.joiner = boxOf(tokenOf(secret, labels.inviteToJoiner));
    this.own = boxOf(tokenOf(secret, labels.inviteToInviter));
  }

  static async make(): Promise<Inviter> {
    const inviter = new Inviter(await World.make());
    const { world, invitation } = inviter;
    const message = encode({ ...offer, roster: [...world.roster.chain] });
    inviter.told = world.roster.chain.length;
    for (const part of await sealParts(world.household, invitation.secret, message)) {
      inviter.cloud.put(inviter.joiner, part);
    }
    return inviter;
  }

  /** Lets a device in, as the answer to its asking. */
  async admit(device: FreshDevice): Promise<void> {
    const { world } = this;
    await world.admit(device);
    const info = encode({ household: world.household, purpose: 'joined' });
    const body = encode({ error: '', roster: world.roster.chain.slice(this.told) });
    this.told = world.roster.chain.length;
    const aad = encode({ box: this.joiner });
    this.cloud.put(this.joiner, await seal(device.keys.reader, info, aad, body));
  }

  join(device: FreshDevice): Promise<{ person: string }> {
    return join(this.cloud, this.invitation, device, names, quiet);
  }

  asked(): number {
    return this.cloud.boxes.get(this.own)?.length ?? 0;
  }
}

test('an invitation lets one device in', async () => {
  const inviter = await Inviter.make();
  const device = await freshDevice();
  inviter.cloud.asked = () => inviter.admit(device);
  expect((await inviter.join(device)).person).toBe(inviter.world.person);
});

test('a used invitation is found out at once, and nothing is asked', async () => {
  const inviter = await Inviter.make();
  await inviter.admit(await freshDevice());
  const before = Date.now();
  await expect(inviter.join(await freshDevice())).rejects.toMatchObject({
    kind: 'invitation-used',
  });
  expect(Date.now()).toBe(before);
  expect(inviter.asked()).toBe(0);
});

test('an invitation that another device uses meanwhile is found out within seconds', async () => {
  const inviter = await Inviter.make();
  const other = await freshDevice();
  inviter.cloud.asked = () => inviter.admit(other);
  const before = Date.now();
  await expect(inviter.join(await freshDevice())).rejects.toMatchObject({
    kind: 'invitation-used',
  });
  expect(Date.now() - before).toBeLessThanOrEqual(10_000);
});

test('a device that asked, gave up, and was let in meanwhile comes in without asking again', async () => {
  const inviter = await Inviter.make();
  const device = await freshDevice();
  await expect(inviter.join(device)).rejects.toMatchObject({ kind: 'inviter-away' });
  await inviter.admit(device);
  expect((await inviter.join(device)).person).toBe(inviter.world.person);
  expect(inviter.asked()).toBe(1);
});

test('an invitation of which the cloud knows nothing any more is too old', async () => {
  const inviter = await Inviter.make();
  inviter.cloud.boxes.clear();
  await expect(inviter.join(await freshDevice())).rejects.toMatchObject({
    kind: 'invitation-too-old',
  });
});
