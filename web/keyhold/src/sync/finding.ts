// SPDX-License-Identifier: Apache-2.0

import { base64, random, type Bytes } from '../bytes.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Form } from '../statement/request.ts';
import { openFound, type Find, type Found, type FoundCamera } from '../statement/finding.ts';
import { Refused } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Post } from './post.ts';

type Wish = Pick<Find, 'kind'> &
  Partial<Pick<Find, 'found' | 'name' | 'password' | 'recorded' | 'user'>>;

/** What a camera shows that was tried. */
export interface ShownCamera {
  /** A JPEG; empty where it gives none. */
  readonly picture: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The household's camera that it is already, or `''`. */
  readonly camera: string;
  /** It sends H.265: somebody has to say in which form to record it. */
  readonly choice: Choice | null;
}

export interface Choice {
  /** How much of a processor core making H.264 of it takes, in percent; 0 where that is not known. */
  readonly cost: number;
  /** It has a second stream. */
  readonly small: boolean;
}

/** The hub asks cameras itself, which takes its time. */
const patience = 40_000;

/** Lets the hub look for cameras in the home, try a password on them, and add them (docs/protocol.md 7.1). */
export class Findings {
  private readonly waiting = new Map<string, (answer: Found) => void>();

  constructor(
    private readonly engine: Engine,
    private readonly post: Pick<Post, 'send' | 'opened'>,
  ) {}

  async look(): Promise<readonly FoundCamera[]> {
    return (await this.ask({ kind: 'look' })).cameras;
  }

  async try(found: string, user: string, password: string): Promise<ShownCamera> {
    const secret = { user: user.normalize(), password: password.normalize() };
    const said = await this.ask({ kind: 'try', found, ...secret });
    const { picture, width, height, camera, choice = null } = said;
    return { picture, width, height, camera, choice };
  }

  /** Tells which camera it has become. */
  async add(found: string, name: string, recorded?: Form): Promise<string> {
    const how = recorded === undefined ? {} : { recorded };
    return (await this.ask({ kind: 'add', found, name: name.normalize(), ...how })).camera;
  }

  /** Cameras of the household at whose addresses another device answers. */
  async check(): Promise<readonly string[]> {
    return (await this.ask({ kind: 'check' })).swapped;
  }

  private async ask(wish: Wish): Promise<Found> {
    const nonce = random(16);
    const key = base64(nonce);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const answer = new Promise<Found>((take, reject) => {
        this.waiting.set(key, take);
        const late = (): void => reject(new Fault('hub-away', 'the hub did not answer'));
        timer = setTimeout(late, patience);
      });
      answer.catch(() => undefined);
      await Promise.race([this.post.opened(), answer]);
      await this.send({ found: '', name: '', password: '', user: '', ...wish }, nonce);
      const said = await answer;
      if (said.error !== '') throw new Refused(said.error);
      return said;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(key);
    }
  }

  private async send(
    wish: Omit<Required<Wish>, 'recorded'> & Pick<Wish, 'recorded'>,
    nonce: Bytes,
  ): Promise<void> {
    const { member, known, cloud } = this.engine;
    const { household } = known.roster;
    const { device, signer } = member;
    const question = { ...wish, address: '', at: cloud.now(), device, household, nonce };
    const sealed = await Envelope.signed('find', question, signer);
    await this.post.send('find', sealed, () => this.waiting.has(base64(nonce)));
  }

  /** Takes an answer of the hub. What does not hold means nothing: anybody can seal something to this device. */
  async take(plain: Uint8Array): Promise<void> {
    const { known, member, cloud } = this.engine;
    try {
      const answer = await openFound(plain, {
        roster: known.roster,
        self: member.device,
        now: cloud.now(),
        waits: (nonce) => this.waiting.has(base64(nonce)),
      });
      this.waiting.get(base64(answer.nonce))?.(answer);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }
}
