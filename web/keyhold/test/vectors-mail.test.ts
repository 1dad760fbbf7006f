// SPDX-License-Identifier: Apache-2.0

// What devices and hub say to each other by mail, besides commands.
import { base32, base64 } from '../src/bytes.ts';
import { parse } from '../src/canon.ts';
import { parseLeaf } from '../src/manifest/leaf.ts';
import { leafHash } from '../src/manifest/tree.ts';
import { must } from '../src/mutant.ts';
import { openAct, type Asked } from '../src/statement/act.ts';
import { childSetting, openChild } from '../src/statement/child.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { openAlert } from '../src/statement/alert.ts';
import * as finding from '../src/statement/finding.ts';
import * as live from '../src/statement/live.ts';
import { lockSetting, openLock } from '../src/statement/lock.ts';
import { maskSetting, openMasks } from '../src/statement/masks.ts';
import { openKept, setting } from '../src/statement/private.ts';
import * as request from '../src/statement/request.ts';
import { RuleError } from '../src/rule.ts';
import { openStar, star } from '../src/statement/star.ts';
import { wishOf, type Wished } from '../src/statement/wish.ts';
import { raw, replayer, run } from './vectors.ts';

const lives = replayer();
run('live', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await lives(v);
  const reader = { roster, self: v.device ?? '', now: v.at ?? 0 };
  if (v.thing === 'watching') {
    const { looks, private: off, talks } = await live.openWatching(input, reader, v.index ?? 0);
    return { looks, private: off, talks };
  }
  const { read, hash } = await live.openSignal(input, reader, v.text ?? '');
  const before = (v.leaves ?? []).map((one) =>
    Envelope.parse(raw(one)).read('signal', live.signal),
  );
  const atHub = reader.self === 'hub';
  const seen = (nonce: Uint8Array): boolean =>
    atHub && before.some((one) => base64(one.nonce) === base64(nonce));
  if (!live.isLate(read)) live.checkFresh(read, reader.now, seen);
  if (read.kind === 'offer') {
    must(read.head === roster.head.hash, 'head', 'an offer under another roster');
  } else if (read.kind === 'answer' || read.kind === 'refused') {
    live.offerOf(read, before);
  }
  return hash;
});

const alerts = replayer();
run('alert', async (v) => {
  if (v.thing === 'leaf') {
    parseLeaf(raw(v.input));
    return base32(leafHash(raw(v.input)));
  }
  const reader = { roster: await alerts(v), self: v.device ?? '', now: v.at ?? 0 };
  const { alert, late } = await openAlert(raw(v.input), reader, v.index ?? 0);
  // Late is no refusal here: it is shown, as late.
  if (late !== '') throw new RuleError(late, 'not new');
  return alert;
});

const findings = replayer();
run('find', async (v) => {
  const roster = await findings(v);
  const now = v.at ?? 0;
  const before = (v.leaves ?? []).map((one) => Envelope.parse(raw(one)).read('find', finding.find));
  const known = (nonce: Uint8Array): boolean =>
    before.some((one) => base64(one.nonce) === base64(nonce));
  if (v.thing === 'found') {
    const reader = { roster, self: v.device ?? '', now, waits: known };
    return (await finding.openFound(raw(v.input), reader)).cameras.length;
  }
  const envelope = Envelope.parse(raw(v.input));
  const read = envelope.read('find', finding.find);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  request.checkTime(read.at, now);
  must(!known(read.nonce), 'replay', 'a nonce that came before');
  return read.kind;
});

const acted = replayer();
run('act', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const { action, camera: target, index: not_after, leaves = [] } = v;
  const asked = { action, target, not_after } as Asked;
  const take = (given: Uint8Array): Asked | null => (leaves[0] === base64(given) ? asked : null);
  const reader = { roster: await acted(v), now: v.at ?? 0, device: v.text ?? '', take };
  return openAct(input, reader);
});

const children = replayer();
run('child', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await children(v);
  const envelope = Envelope.parse(input);
  if (v.thing === 'kept') {
    await openChild(input, roster);
    return envelope.hashText();
  }
  const read = envelope.read('child', childSetting);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  request.checkTime(read.at, v.at ?? 0);
  must(read.head === roster.head.hash, 'head', 'made under another roster');
  must(read.seq === (v.index ?? 0) + 1, 'replay', 'not the next setting');
  const why = roster.may(read.device, 'cameras', 'household', v.at ?? 0);
  if (why !== '') throw new RuleError(why, 'its signer may not');
  return envelope.hashText();
});

const doors = replayer();
run('lock', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await doors(v);
  const envelope = Envelope.parse(input);
  if (v.thing === 'kept') {
    await openLock(input, roster);
    return envelope.hashText();
  }
  const read = envelope.read('lock', lockSetting);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  request.checkTime(read.at, v.at ?? 0);
  must(read.head === roster.head.hash, 'head', 'made under another roster');
  must(read.seq === (v.index ?? 0) + 1, 'replay', 'not the next setting');
  const owner = roster.personOf(read.device)?.role === 'owner';
  if (!owner) throw new RuleError('role', 'only an owner says what opens a door');
  return envelope.hashText();
});

const masked = replayer();
run('masks', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await masked(v);
  const envelope = Envelope.parse(input);
  if (v.thing === 'kept') {
    await openMasks(input, roster);
    return envelope.hashText();
  }
  const read = envelope.read('masks', maskSetting);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  request.checkTime(read.at, v.at ?? 0);
  must(read.head === roster.head.hash, 'head', 'made under another roster');
  must(read.seq === (v.index ?? 0) + 1, 'replay', 'not the next setting');
  const why = roster.may(read.device, 'cameras', 'household', v.at ?? 0);
  if (why !== '') throw new RuleError(why, 'its signer may not');
  return envelope.hashText();
});

const settings = replayer();
run('private', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await settings(v);
  const envelope = Envelope.parse(input);
  if (v.thing === 'kept') {
    await openKept(input, roster);
    return envelope.hashText();
  }
  const read = envelope.read('private', setting);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  request.checkTime(read.at, v.at ?? 0);
  must(read.head === roster.head.hash, 'head', 'made under another roster');
  must(read.seq === (v.index ?? 0) + 1, 'replay', 'not the next setting');
  const why = roster.may(read.device, 'private', read.camera, v.at ?? 0);
  if (why !== '') throw new RuleError(why, 'its signer may not');
  return envelope.hashText();
});

const starred = replayer();
run('star', async (v) => {
  const input = raw(v.input);
  if (v.thing === 'leaf') {
    parseLeaf(input);
    return base32(leafHash(input));
  }
  const roster = await starred(v);
  const envelope = Envelope.parse(input);
  if (v.thing === 'kept') {
    await openStar(input, roster);
    return envelope.hashText();
  }
  const read = envelope.read('star', star);
  must(read.household === roster.household, 'household', 'another household');
  must(read.device === v.text, 'audience', 'brought by somebody else');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key!]]));
  const now = v.at ?? 0;
  request.checkTime(read.at, now);
  must(read.head === roster.head.hash, 'head', 'made under another roster');
  must(read.seq === (v.index ?? 0) + 1, 'replay', 'not the next setting');
  const person = roster.device(read.device)?.person;
  const guest = roster.people.some(({ id, role }) => id === person && role === 'guest');
  must(!guest, 'role', 'a guest keeps nothing');
  const why = roster.may(read.device, 'history', read.camera, now);
  if (why !== '') throw new RuleError(why, 'its signer may not');
  const since = roster.earliest(read.device, 'history', read.camera, now);
  must(since === null || read.moment >= since, 'early', 'from before the right of its signer');
  return envelope.hashText();
});

run('wish', (v) => base64(wishOf(parse(raw(v.input)) as unknown as Wished, v.household ?? '')));
