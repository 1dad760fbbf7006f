// SPDX-License-Identifier: Apache-2.0

import { base32, random, type Bytes } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open, seal } from '../crypto/box.ts';
import { Sheet } from '../crypto/sheet.ts';
import { RuleError, ruleOf } from '../rule.ts';
import { bytes, decode, object, text } from '../schema.ts';
import { Envelope } from '../statement/dsse.ts';
import {
  boxOf,
  checkHub,
  labels,
  macOf,
  parseCode,
  tokenOf,
  type Code,
} from '../statement/pairing.ts';
import { hubKeys, Roster, type HubKeys } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Fault } from './fault.ts';
import { awaitDrop } from './inbox.ts';
import type { FreshDevice, Joined } from './join.ts';

const maxDrop = 65_536;
const offered = object({ hub: hubKeys });
const paired = object({ error: text(), genesis: bytes() });

const findPatience = 30_000;
const answerPatience = 60_000;

export interface Wishes {
  readonly personName: string;
  readonly deviceName: string;
  readonly zone: string;
}

export function readCode(text: string): Code {
  try {
    return parseCode(text);
  } catch (error) {
    if (ruleOf(error) === null) throw error;
    throw new Fault('hub-code-wrong', 'not a code of a hub');
  }
}

/** The first device's side of pairing (docs/protocol.md 8). Nothing is sent before `send`. */
export class Founding {
  private constructor(
    private readonly cloud: Cloud,
    private readonly code: Code,
    private readonly hub: HubKeys,
    private readonly device: FreshDevice,
    private readonly wishes: Wishes,
    private readonly sheet: Sheet,
    private readonly genesis: Envelope,
    private readonly person: string,
    private readonly after: number,
  ) {}

  /** Fetches the hub's keys, holds them against the code, and prepares genesis with a new sheet. */
  static async prepare(
    cloud: Cloud,
    code: Code,
    makeDevice: () => Promise<FreshDevice>,
    wishes: Wishes,
    onFound: () => void,
  ): Promise<Founding> {
    const { value: hub, n } = await findHub(cloud, code);
    onFound();
    const [device, sheet] = [await makeDevice(), Sheet.make()];
    const [signer, reader] = await Promise.all([sheet.signer(), sheet.reader()]);
    const person = 'per_' + base32(random(16));
    const genesis = await Envelope.signed(
      'genesis',
      {
        at: cloud.now(),
        device: { ...device.keys },
        hub: { ...hub },
        nonce: random(32),
        person,
        sheet: { reader: reader.publicKey, sign: signer.publicKey },
      },
      device.signer,
      signer,
    );
    return new Founding(cloud, code, hub, device, wishes, sheet, genesis, person, n);
  }

  /** The household that genesis will begin. */
  household(): string {
    return this.genesis.hashText();
  }

  words(): string[] {
    return this.sheet.words();
  }

  /** Sends genesis to the hub and waits for its signature. */
  async send(): Promise<Joined> {
    const { cloud, code, genesis, wishes } = this;
    const toHub = boxOf(tokenOf(code.secret, labels.pairToHub));
    const token = tokenOf(code.secret, labels.pairToDevice);
    const own = boxOf(token);
    const message = encode({
      device_name: wishes.deviceName,
      genesis: genesis.encode(),
      hmac: macOf(code.secret, labels.pairMac, genesis.pae()),
      person_name: wishes.personName,
      zone: wishes.zone,
    });
    const info = encode({ purpose: 'pairing' });
    await cloud.drop(toHub, await seal(this.hub.hpke, info, encode({ box: toHub }), message));
    const deadline = Date.now() + answerPatience;
    const answer = await awaitDrop(
      cloud,
      own,
      token,
      this.after,
      () => deadline,
      async ({ body }) => {
        try {
          const info = encode({ purpose: 'paired' });
          const plain = await open(this.device.reader, info, encode({ box: own }), body);
          return decode(plain, paired, maxDrop);
        } catch (error) {
          if (ruleOf(error) !== null) throw error;
          return null;
        }
      },
    );
    if (answer.value.error !== '') {
      throw new Fault('hub-code-used', `the hub refused: ${answer.value.error}`);
    }
    const roster = await Roster.start(answer.value.genesis, genesis.hashText());
    this.sheet.forget();
    return { roster, person: this.person };
  }
}

/** Waits for a new hub's keys and holds them against its code. */
export async function findHub(cloud: Cloud, code: Code): Promise<{ value: HubKeys; n: number }> {
  const token: Bytes = tokenOf(code.secret, labels.pairToDevice);
  const deadline = Date.now() + findPatience;
  let wrong: RuleError | null = null;
  try {
    // Whoever guesses the box could drop there: keys that do not fit the code are passed over.
    return await awaitDrop(
      cloud,
      boxOf(token),
      token,
      0,
      () => deadline,
      ({ body }) => {
        try {
          const { hub } = decode(body, offered, maxDrop);
          checkHub(code, hub);
          return Promise.resolve(hub);
        } catch (error) {
          if (error instanceof RuleError) wrong = error;
          return Promise.resolve(null);
        }
      },
    );
  } catch (error) {
    if (wrong !== null) throw new Fault('hub-code-wrong', 'these are not the keys of that hub');
    throw error;
  }
}
