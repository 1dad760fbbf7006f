// SPDX-License-Identifier: Apache-2.0

import { base32, utf8 } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { open } from '../crypto/box.ts';
import { hashText } from '../crypto/hash.ts';
import { ruleOf } from '../rule.ts';
import type { Envelope } from '../statement/dsse.ts';
import { eraOfRun } from '../statement/hubs.ts';
import { boxOf, labels, macOf, tokenOf, type Code } from '../statement/pairing.ts';
import type { Names } from '../statement/names.ts';
import type { HubKeys } from '../statement/roster.ts';
import { readTaken, type Takeover } from '../statement/takeover.ts';
import type { Cloud } from './cloud.ts';
import { findHub } from './create.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import { awaitDrop } from './inbox.ts';
import { sealAll } from './parts.ts';
import type { Asking, Seconds } from './second.ts';
import { mustSee } from './see.ts';

const tries = 3;
const patience = 90_000;
const maxRuns = 256;

/** How another owner's signature is had, where it takes two. */
export interface Seconding {
  readonly seconds: Pick<Seconds, 'needed' | 'collect'>;
  readonly onAsking: (asking: Asking) => void;
  readonly signal: AbortSignal;
}

/**
 * Puts a new hub in the place of one that is broken or gone (docs/protocol.md 8). Nothing is sent
 * before its keys were held against the code, and before all that the cloud shows of the old hub's
 * record has passed the check: where that ends is part of what is signed. It gives what the hub
 * before had called things, and covered.
 */
export async function replaceHub(
  engine: Engine,
  cloud: Cloud,
  code: Code,
  onFound: () => void,
  seconding?: Seconding,
): Promise<Names | null> {
  const { value: hub, n } = await findHub(cloud, code);
  onFound();
  let after = n;
  for (let attempt = 1; ; attempt++) {
    await mustSee(engine);
    const link = await linkFor(engine, cloud, hub, seconding);
    if (link === null) {
      if (attempt < tries) continue;
      throw new Fault('second-moved', 'the household changes all the time');
    }
    if (seconding !== undefined) onFound();
    const was = engine.known.names;
    await hand(engine, cloud, code, hub, link);
    const answer = await heard(engine, cloud, code, after);
    after = answer.n;
    const { error, link: signed } = answer.value;
    if (error === 'stale' && attempt < tries) continue;
    if (error === 'denied') throw new Fault('not-allowed', 'the new hub says that this may not be');
    if (error !== '') throw new Fault('hub-code-used', `the new hub refused: ${error}`);
    await engine.takeLink(signed);
    return was;
  }
}

/** The link with all its signatures but the hub's; null where the roster went on meanwhile. */
async function linkFor(
  engine: Engine,
  cloud: Cloud,
  hub: HubKeys,
  seconding?: Seconding,
): Promise<Envelope | null> {
  const { roster } = engine.known;
  const runs = [...engine.runs.values()]
    .filter(({ name }) => eraOfRun(roster, name).era.current)
    .sort((a, b) => a.order - b.order)
    .slice(-maxRuns)
    .map(({ name, tree: { checkpoint } }) => ({
      root: base32(checkpoint.root),
      run: name,
      size: checkpoint.size,
    }));
  const op = { kind: 'replace-hub' as const, hub, runs };
  const link = await roster.newLink(cloud.now(), op).sign(engine.member.signer);
  try {
    await roster.propose(link.encode());
  } catch (error) {
    if (ruleOf(error) !== 'signer') throw error;
    if (seconding !== undefined && (await seconding.seconds.needed(link))) {
      return seconding.seconds.collect(link, seconding.onAsking, seconding.signal);
    }
    throw new Fault('not-allowed', 'it takes the only owner, two owners, or the sheet');
  }
  return link;
}

/** Drops what the hub needs into its box, sealed and in parts. */
async function hand(
  { known, member }: Engine,
  cloud: Cloud,
  code: Code,
  hub: HubKeys,
  link: Envelope,
): Promise<void> {
  const { roster, names } = known;
  const takeover: Takeover = {
    // The message has no place for rooms.
    cameras: (names?.cameras ?? []).map(({ id, name, state }) => ({ id, name, state })),
    devices: [...(names?.devices ?? [])],
    hmac: macOf(code.secret, labels.takeoverMac, link.pae()),
    link: link.encode(),
    persons: [...(names?.persons ?? [])],
    // Nobody finds the household by a sheet whose person is gone.
    roster: roster.key('sheet') === null ? [...roster.chain] : [],
    sheet: hashText(utf8('keyhold/v1/sheet'), roster.sheet.sign),
    to: member.device,
    zone: names?.zone ?? '',
  };
  const message = encode(takeover as unknown as Writable);
  const box = boxOf(tokenOf(code.secret, labels.pairToHub));
  const parts = await sealAll(hub.hpke, { info: encode({ purpose: 'takeover' }), box }, message);
  if (parts === null) throw new Fault('internal', 'the household is too large for a drop box');
  for (const part of parts) await cloud.drop(box, part);
}

function heard({ member }: Engine, cloud: Cloud, code: Code, after: number) {
  const token = tokenOf(code.secret, labels.pairToDevice);
  const box = boxOf(token);
  const deadline = Date.now() + patience;
  return awaitDrop(
    cloud,
    box,
    token,
    after,
    () => deadline,
    async ({ body }) => {
      try {
        const info = encode({ purpose: 'taken-over' });
        return readTaken(await open(member.reader, info, encode({ box }), body));
      } catch (error) {
        if (ruleOf(error) !== null) throw error;
        return null;
      }
    },
  );
}
