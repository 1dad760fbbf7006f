// SPDX-License-Identifier: Apache-2.0

import { equal, utf8 } from '../bytes.ts';
import { hashText } from '../crypto/hash.ts';
import { PasskeySecret } from '../crypto/passkey.ts';
import type { Sheet } from '../crypto/sheet.ts';
import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { must } from '../mutant.ts';
import type { Names } from '../statement/names.ts';
import type { Code } from '../statement/pairing.ts';
import { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Commands, Refused } from './commands.ts';
import { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { appendLink } from './gesture.ts';
import { give } from './give.ts';
import type { FreshDevice, Joined } from './join.ts';
import type { Member } from './member.ts';
import type { ReturnAnswer } from './passkey.ts';
import { replaceHub } from './replace.ts';
import { MemoryStore } from './store.ts';

const tries = 3;
const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };

export interface RecoverSteps {
  /** A new hub that takes the place of one that is gone. */
  readonly hub?: Code;
  readonly asking: () => void;
  readonly history: () => void;
}

/** A device that is back. */
export interface Returned extends Joined {
  /** What the hub before had called things, and what held there, where another took its place. */
  readonly was: Names | null;
}

/** What brings somebody back: the keys of a sheet or a passkey, and the chain that they are in. */
interface ReturnKey {
  readonly signer: Signer;
  readonly reader: XWingKey;
  readonly roster: () => Promise<Roster>;
}

/** A new device by the words of the recovery sheet (docs/protocol.md 10). */
export async function recover(
  cloud: Cloud,
  sheet: Sheet,
  device: FreshDevice,
  name: string,
  steps: RecoverSteps,
): Promise<Returned> {
  const [signer, reader] = await Promise.all([sheet.signer(), sheet.reader()]);
  const keys = { sign: signer.publicKey, reader: reader.publicKey };
  const roster = (): Promise<Roster> => sheetHousehold(cloud, keys);
  try {
    return await enter(cloud, { signer, reader, roster }, device, name, steps);
  } finally {
    sheet.forget();
  }
}

/** A new device by what a passkey has answered (docs/protocol.md 10). */
export async function comeBack(
  cloud: Cloud,
  { household, id, answer }: ReturnAnswer,
  device: FreshDevice,
  name: string,
  steps: RecoverSteps,
): Promise<Joined> {
  const secret = PasskeySecret.of(answer);
  try {
    const [signer, reader] = await Promise.all([secret.signer(id), secret.reader()]);
    const keys = { sign: signer.publicKey, reader: reader.publicKey };
    const roster = (): Promise<Roster> => passkeyHousehold(cloud, household, signer, keys);
    return await enter(cloud, { signer, reader, roster }, device, name, steps);
  } finally {
    secret.forget();
  }
}

async function enter(
  cloud: Cloud,
  { signer, reader, roster: newest }: ReturnKey,
  device: FreshDevice,
  name: string,
  steps: RecoverSteps,
): Promise<Returned> {
  const roster = await newest();
  const { household } = roster;
  const person = roster.personOf(signer.keyid)?.id ?? '';
  const member: Member = { household, person, device: signer.keyid, signer, reader };
  const engine = new Engine(cloud, member, roster, new MemoryStore(), quiet);
  const commands = new Commands(
    cloud,
    signer,
    reader,
    () => engine.known.roster,
    () => undefined,
    (error) => engine.alarms.raise(error),
  );
  try {
    steps.asking();
    const was =
      steps.hub === undefined ? null : await replaceHub(engine, cloud, steps.hub, () => undefined);
    for (let attempt = 1; ; attempt++) {
      const { roster } = engine.known;
      const op = { kind: 'add-device' as const, device: device.keys, person };
      let link = await roster.newLink(cloud.now(), op).sign(device.signer);
      link = await link.sign(signer);
      try {
        const reply = await appendLink(commands, link, { name }, noCode);
        await engine.takeLink(reply.result.link ?? new Uint8Array(0));
        break;
      } catch (error) {
        const stale = error instanceof Refused && error.word === 'stale';
        if (!stale || attempt === tries) throw error;
        await engine.takeChain((await newest()).chain);
      }
    }
    steps.history();
    await engine.sync();
    // That the old hub is silent is why there is a new one.
    const alarm = engine.alarms
      .all()
      .find(({ rule }) => steps.hub === undefined || rule !== 'frozen');
    if (alarm !== undefined)
      throw new Fault('fault', `what the cloud shows does not hold: ${alarm.rule}`);
    await give(
      engine,
      signer,
      device.keys.id,
      () => true,
      () => undefined,
    );
    return { roster: engine.known.roster, person, was };
  } finally {
    commands.close();
  }
}

const noCode = {
  code: (): Promise<string> => Promise.reject(new Fault('internal', 'the hub wants a code')),
};

interface Keys {
  readonly sign: Uint8Array;
  readonly reader: Uint8Array;
}

/** The chain of the household of this sheet; no other is believed. */
async function sheetHousehold(cloud: Cloud, keys: Keys): Promise<Roster> {
  const lookup = hashText(utf8('keyhold/v1/sheet'), keys.sign);
  const answer = await cloud.sheet(lookup);
  const roster = await Roster.replay(answer.roster, answer.household);
  must(
    equal(roster.sheet.sign, keys.sign) && equal(roster.sheet.reader, keys.reader),
    'household',
    'the household has another recovery sheet',
  );
  return roster;
}

/** The chain of the household that the passkey itself names, with this passkey in it. */
async function passkeyHousehold(
  cloud: Cloud,
  household: string,
  signer: Signer,
  keys: Keys,
): Promise<Roster> {
  const gone = new Fault('passkey-gone', 'the household does not know this passkey');
  const answer = await cloud.sync(household, signer, 0, 0).catch((error: unknown) => {
    // To the cloud whoever was removed is a stranger.
    throw error instanceof Fault && error.kind === 'not-allowed' ? gone : error;
  });
  const roster = await Roster.replay(answer.roster, household);
  const own = roster.device(signer.keyid);
  if (own === null) throw gone;
  must(
    equal(own.sign, keys.sign) && equal(own.reader, keys.reader),
    'household',
    'the household has another passkey of this name',
  );
  return roster;
}
