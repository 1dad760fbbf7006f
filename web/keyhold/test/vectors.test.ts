// SPDX-License-Identifier: Apache-2.0

import { expect } from 'vitest';
import { base32, base64, fromUtf8 } from '../src/bytes.ts';
import { encode } from '../src/canon.ts';
import { PasskeySecret } from '../src/crypto/passkey.ts';
import { Sheet } from '../src/crypto/sheet.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import { parseCheckpoint } from '../src/manifest/checkpoint.ts';
import {
  checkRange,
  openCheckpoint,
  openLabel,
  openNames,
  openStatus,
} from '../src/manifest/era.ts';
import { checkFile, parseLeaf, type File } from '../src/manifest/leaf.ts';
import { checkNumbers, checkPage, parsePage, type Entry } from '../src/manifest/page.ts';
import { leafHash, Tree } from '../src/manifest/tree.ts';
import { RuleError } from '../src/rule.ts';
import { decode, type Schema } from '../src/schema.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { checkHalf } from '../src/statement/half.ts';
import { openSecond, withSecond } from '../src/statement/second.ts';
import { openErasure, parseReceipt } from '../src/statement/erasure.ts';
import {
  boxOf,
  checkHub,
  checkMac,
  labels,
  macOf,
  parseCode,
  parseLink,
  tokenOf,
} from '../src/statement/pairing.ts';
import {
  checkOffered,
  checkWait,
  readAnswer,
  readVerdict,
  readWelcome,
  sixWords,
} from '../src/statement/invite.ts';
import { eraOfRun } from '../src/statement/hubs.ts';
import { link as linkSchema } from '../src/statement/ops.ts';
import * as naming from '../src/statement/names.ts';
import * as request from '../src/statement/request.ts';
import { hubKeys, Roster } from '../src/statement/roster.ts';
import { readTaken, readTakeover } from '../src/statement/takeover.ts';
import { checkHeard } from '../src/sync/heard.ts';
import { openBound, openPart } from '../src/sync/parts.ts';
import { openRow } from '../src/sync/row.ts';
import { raw, replayer, run } from './vectors.ts';

const things: Readonly<Record<string, Schema<unknown>>> = {
  fetch: request.fetchStatement,
  write: request.writeStatement,
  session: request.session,
  relays: request.relaysStatement,
  command: request.command,
  reply: request.reply,
  reseal: request.reseal,
  status: request.status,
  names: naming.names,
  'names.v2': naming.names2,
  label: naming.label,
  'label.v2': naming.label2,
};

for (const file of ['envelope', 'fetch', 'request', 'relays']) {
  run(file, async (v) => {
    const needed = new Map((v.signers ?? []).map((s) => [s.id, raw(s.key)]));
    await Envelope.parse(raw(v.input)).open(v.thing!, things[v.thing!]!, needed);
  });
}

run('roster', async (v) => (await Roster.replay(v.chain!.map(raw), v.household ?? null)).head);

const people = replayer();
run('people', async (v) => {
  const roster = await people(v);
  return {
    head: roster.head,
    people: roster.people.map(({ id, role, since, ownerSince }) => ({
      id,
      role,
      since,
      owner_since: ownerSince,
      devices: roster.devices(id).map((one) => one.id),
    })),
    sheet: roster.key('sheet') === null ? '' : roster.sheetPerson,
    announced: roster.people
      .filter(({ id }) => roster.state.announced.has(id))
      .map(({ id }) => ({ person: id, at: roster.state.announced.get(id) })),
    readers: roster.readers(v.camera ?? '', v.at ?? 0),
  };
});

const removals = replayer();
run('removal', async (v) => {
  const { device, person } = await (await removals(v)).checkRemoval(raw(v.input), v.at ?? 0);
  return device + person;
});

const mays = replayer();
run('may', async (v) => {
  const roster = await mays(v);
  const question = [v.device ?? '', v.action ?? '', v.camera ?? '', v.at ?? 0] as const;
  const reason = roster.may(...question);
  const earliest = roster.earliest(...question);
  if (reason === '') return { earliest };
  expect(earliest).toBeNull();
  throw new RuleError(reason, 'may not');
});

const erasures = replayer();
run('erase', async (v) => {
  if (v.thing === 'receipt') {
    const { at, bytes, counts } = await parseReceipt(
      v.text ?? '',
      v.old!,
      raw(v.input),
      raw(v.key),
    );
    return { at, bytes, objects: counts.objects, links: counts.links };
  }
  await openErasure(raw(v.input), await erasures(v), raw(v.key), v.at ?? 0);
});

const seconds = replayer();
run('second', async (v) => {
  const roster = await seconds(v);
  if (v.thing === 'second') {
    const { answer } = await openSecond(raw(v.input), roster, v.at ?? 0);
    return { answer };
  }
  const half = await checkHalf(roster, raw(v.thing === 'whole' ? v.leaves![0] : v.input));
  if (v.thing === 'half') return { by: half.by, device: half.device };
  const second = await openSecond(raw(v.leaves![1]), roster, v.at ?? 0);
  await roster.propose(withSecond(half.envelope, second).encode());
});

const eras = replayer();
run('era', async (v) => {
  const roster = await eras(v);
  if (v.thing === 'checkpoint') return { size: (await openCheckpoint(v.text ?? '', roster)).size };
  const input = raw(v.input);
  if (v.thing === 'status') return { current: (await openStatus(input, roster)).current };
  if (v.thing?.startsWith('names')) return { seq: (await openNames(input, roster)).names.seq };
  if (v.thing?.startsWith('label')) return { seq: (await openLabel(input, roster)).seq };
  checkRange(eraOfRun(roster, v.text ?? '').era, [parseLeaf(input)]);
});

run('words', (v) => ({ words: sixWords(Envelope.parse(raw(v.input)).pae()) }));

run('invite', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'answer') return void readAnswer(input);
  if (v.thing === 'verdict') return void readVerdict(input);
  if (v.thing === 'part') {
    const { part, of } = await openPart(v.household!, raw(v.key), input);
    return { part, of };
  }
  const welcome = readWelcome(input);
  if (v.thing === 'wait') checkWait(welcome, v.index ?? 0);
  if (v.thing === 'fits') {
    const link = Envelope.parse(raw(v.chain![0])).read('roster', linkSchema);
    checkOffered(link.op, welcome, v.text ?? '');
  }
});

run('takeover', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'taken') return void readTaken(input);
  if (v.thing === 'part') {
    const bound = { info: encode({ purpose: 'takeover' }), box: v.text! };
    const { part, of, plain } = await openBound(await fromSeed(raw(v.key)), bound, input);
    return { part, of, plain: base64(plain) };
  }
  const { hmac, link } = readTakeover(input);
  if (v.thing !== 'proof') return;
  const { secret } = parseCode(v.text!);
  checkMac(hmac, secret, labels.takeoverMac, Envelope.parse(link).pae());
});

run('leaf', (v) => {
  parseLeaf(raw(v.input));
  return base32(leafHash(raw(v.input)));
});

run('page', (v) => checkPage(v.page!, parsePage(raw(v.input))));

run('numbers', (v) => {
  const entries = (v.leaves ?? []).map((leaf, index): Entry => ({
    index,
    raw: raw(leaf),
    leaf: parseLeaf(raw(leaf)),
  }));
  checkNumbers(entries, v.tail || null);
});

run('checkpoint', async (v) => {
  const { run, size, root, at } = await parseCheckpoint(v.text ?? '', v.household!, raw(v.key));
  return { run, size, root: base32(root), at };
});

run('tree', async (v) => {
  const given = (v.result as { tiles: { level: number; n: number; data: string }[] }).tiles;
  const tiles = new Map<string, Uint8Array>();
  for (const { level, n, data } of given) {
    const key = `${level}/${n}`;
    if ((tiles.get(key)?.length ?? 0) < raw(data).length) tiles.set(key, raw(data));
  }
  const checkpoint = await parseCheckpoint(v.text!, v.household!, raw(v.key));
  const tree = new Tree(checkpoint, {
    tile: (_run, level, n, width) => {
      const tile = tiles.get(`${level}/${n}`);
      return tile !== undefined && tile.length >= width * 32
        ? Promise.resolve(tile.subarray(0, width * 32))
        : Promise.reject(new RuleError('not-included', 'no such tile'));
    },
  });
  if (v.old !== undefined) {
    await tree.follows(await parseCheckpoint(v.old, v.household!, raw(v.key)));
  } else {
    const input = raw(v.input);
    await tree.included([{ index: v.index ?? 0, raw: input, leaf: parseLeaf(input) }]);
  }
});

run('row', async (v) => {
  const row = decode(raw(v.input), request.row);
  return { identity: await openRow(await fromSeed(raw(v.key)), v.household!, row) };
});

run('file', async (v) => checkFile((v.result as { file: File }).file, raw(v.input)));

run('time', (v) => {
  if (v.thing === 'heard') checkHeard(v.index ?? 0, v.tail ?? 0);
  else request.checkTime(v.index ?? 0, v.tail ?? 0);
});

run('sheet', async (v) => {
  try {
    const sheet = Sheet.parse(v.text ?? '');
    const [signer, reader] = await Promise.all([sheet.signer(), sheet.reader()]);
    return { sign: base64(signer.publicKey), reader: base64(reader.publicKey) };
  } catch (error) {
    if (error instanceof RuleError) expect(error.details).toEqual(v.result);
    throw error;
  }
});

run('passkey', async (v) => {
  const secret = PasskeySecret.of(raw(v.input));
  const [signer, reader] = await Promise.all([secret.signer(''), secret.reader()]);
  return { sign: base64(signer.publicKey), reader: base64(reader.publicKey) };
});

run('pairing', (v) => {
  if (v.thing === 'link') {
    const { origin, invitation } = parseLink(v.text!);
    return { origin, invitation: fromUtf8(encode(invitation)) };
  }
  const code = parseCode(v.text!);
  checkHub(code, decode(raw(v.input), hubKeys));
  const token = tokenOf(code.secret, labels.pairToHub);
  const pae = Envelope.parse(raw(v.chain![0])).pae();
  return {
    secret: base64(code.secret),
    to_hub: base64(token),
    box: boxOf(token),
    mac: base64(macOf(code.secret, labels.pairMac, pae)),
  };
});
