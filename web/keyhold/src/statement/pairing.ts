// SPDX-License-Identifier: Apache-2.0

import {
  base32,
  base64url,
  concat,
  equal,
  fromBase32,
  fromBase64url,
  utf8,
  type Bytes,
} from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { hashText, hkdf, hmac, sha256 } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { bytes, decode, hash, id, object, type Read } from '../schema.ts';
import { head, type HubKeys } from './roster.ts';

/**
 * One-time secrets by which strangers meet (docs/protocol.md 8 and 9). They travel outside the
 * cloud; it learns the names of two boxes, which are hashes.
 */
export const labels = {
  pairToHub: 'keyhold/v1/pairing/to-hub',
  pairToDevice: 'keyhold/v1/pairing/to-device',
  pairMac: 'keyhold/v1/pairing/hmac',
  takeoverMac: 'keyhold/v1/takeover/hmac',
  inviteToJoiner: 'keyhold/v1/invite/to-joiner',
  inviteToInviter: 'keyhold/v1/invite/to-inviter',
  inviteMac: 'keyhold/v1/invite/hmac',
  inviteOffer: 'keyhold/v1/invite/offer',
} as const;

/** A box's token; who reads the box shows it. */
export function tokenOf(secret: Uint8Array, label: string): Bytes {
  return hkdf(secret, label);
}

export function boxOf(token: Uint8Array): string {
  return hashText(utf8('keyhold/v1/drop'), token);
}

/** Proves knowledge of the secret over a statement's PAE. */
export function macOf(secret: Uint8Array, label: string, pae: Uint8Array): Bytes {
  return hmac(hkdf(secret, label), pae);
}

/** Wants a statement to come from somebody who holds the secret. */
export function checkMac(
  mac: Uint8Array,
  secret: Uint8Array,
  label: string,
  pae: Uint8Array,
): void {
  must(equal(mac, macOf(secret, label, pae)), 'invitation', 'made without the code');
}

export interface Code {
  readonly fingerprint: Bytes;
  readonly secret: Bytes;
}

/** The hub's code, tolerant of case, spaces and dashes. */
export function parseCode(text: string): Code {
  const raw = fromBase32(text.replace(/[- \t\r\n]/g, '').toLowerCase());
  if (raw?.length !== 32) {
    throw new RuleError('field', "not a hub's code: it has thirteen groups of four");
  }
  return { fingerprint: raw.slice(0, 16), secret: raw.slice(16) };
}

function fingerprintOf({ sign, hpke }: HubKeys): Bytes {
  return sha256(utf8('keyhold/v1/hub-keys'), concat(sign, hpke)).slice(0, 16);
}

/** How the code begins of a hub with these keys: six groups, which are no secret. */
export function beginsOf(keys: HubKeys): string {
  const letters = base32(fingerprintOf(keys)).slice(0, 24);
  return letters.match(/.{4}/g)!.join('-');
}

/** Wants the keys to be those of the code that a person saw. */
export function checkHub(code: Code, keys: HubKeys): void {
  must(
    equal(fingerprintOf(keys), code.fingerprint),
    'hub-keys',
    'these keys are not those of the hub that showed the code',
  );
}

const invitation = object({ head, household: hash, inviter: id('dev'), secret: bytes(16) });
export type Invitation = Read<typeof invitation>;

const joinPath = '/join#';

/** A link for a further device: what is behind the # never reaches a server. */
export function parseLink(link: string): { origin: string; invitation: Invitation } {
  const at = link.trim().indexOf(joinPath);
  if (at < 0) throw new RuleError('field', 'not an invitation link');
  const raw = fromBase64url(link.trim().slice(at + joinPath.length));
  if (raw === null) throw new RuleError('field', 'the invitation link is damaged');
  return { origin: link.trim().slice(0, at), invitation: decode(raw, invitation, 1024) };
}

/** The link with which somebody is invited. */
export function linkOf(origin: string, invitation: Invitation): string {
  return origin + joinPath + base64url(encode(invitation as Writable));
}
