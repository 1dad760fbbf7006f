// SPDX-License-Identifier: Apache-2.0

import { equal, utf8 } from '../bytes.ts';
import type { Sheet } from '../crypto/sheet.ts';
import { hashText } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import { Roster } from '../statement/roster.ts';
import type { Cloud } from './cloud.ts';
import { Commands, Refused } from './commands.ts';
import { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { appendLink } from './gesture.ts';
import { give } from './give.ts';
import type { FreshDevice, Joined } from './join.ts';
import type { Member } from './member.ts';
import { MemoryStore } from './store.ts';

const tries = 3;
const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };

export interface RecoverSteps {
  readonly asking: () => void;
  readonly history: () => void;
}

/** A new device by the words of the recovery sheet (docs/protocol.md 10). */
export async function recover(
  cloud: Cloud,
  sheet: Sheet,
  device: FreshDevice,
  name: string,
  steps: RecoverSteps,
): Promise<Joined> {
  const [signer, reader] = await Promise.all([sheet.signer(), sheet.reader()]);
  const keys = { sign: signer.publicKey, reader: reader.publicKey };
  const roster = await household(cloud, keys);
  const { household: id, sheetPerson: person } = roster;
  const member: Member = { household: id, person, device: 'sheet', signer, reader };
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
    for (let attempt = 1; ; attempt++) {
      const { roster } = engine.known;
      const op = { kind: 'add-device' as const, device: device.keys, person: roster.sheetPerson };
      let link = await roster.newLink(cloud.now(), op).sign(device.signer);
      link = await link.sign(signer);
      try {
        const reply = await appendLink(commands, link, { name }, noCode);
        await engine.takeLink(reply.result.link ?? new Uint8Array(0));
        break;
      } catch (error) {
        const stale = error instanceof Refused && error.word === 'stale';
        if (!stale || attempt === tries) throw error;
        await engine.takeChain((await household(cloud, keys)).chain);
      }
    }
    steps.history();
    await engine.sync();
    const [alarm] = engine.alarms.all();
    if (alarm !== undefined)
      throw new Fault('fault', `what the cloud shows does not hold: ${alarm.rule}`);
    await give(
      engine,
      signer,
      device.keys.id,
      () => true,
      () => undefined,
    );
    return { roster: engine.known.roster, person: engine.known.roster.sheetPerson };
  } finally {
    commands.close();
    sheet.forget();
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
async function household(cloud: Cloud, keys: Keys): Promise<Roster> {
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
