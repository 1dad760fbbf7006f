// SPDX-License-Identifier: Apache-2.0

import { base32, concat, fromBase32, random, type Bytes } from '../bytes.ts';
import { PasskeySecret } from '../crypto/passkey.ts';
import type { Envelope } from '../statement/dsse.ts';
import type { PasskeyKeys } from '../statement/ops.ts';
import type { Roster } from '../statement/roster.ts';
import type { Engine } from './engine.ts';

/** A passkey as a page asks the browser for it, and what comes back (docs/protocol.md 10). */
export interface PasskeyWish {
  readonly id: string;
  /** What the authenticator keeps beside it: household and id, by which it finds home. */
  readonly user: Bytes;
  /** Those that the person has here already: one on each phone is enough. */
  readonly exclude: readonly Bytes[];
}

export interface MadePasskey extends Pick<
  PasskeyKeys,
  'credential' | 'id' | 'origin' | 'public' | 'synced'
> {
  /** What the person calls it. */
  readonly name: string;
  /** What its authenticator answers to our question: whoever has it, is it. */
  readonly answer: Bytes;
}

/** What a passkey says to a browser that has no keys. */
export interface ReturnAnswer {
  readonly household: string;
  readonly id: string;
  readonly answer: Bytes;
}

/** Passkeys at this address that can stand in for the hub's digits, and what they have to sign. */
export interface PasskeyWanted {
  readonly challenge: Bytes;
  readonly passkeys: readonly Pick<PasskeyKeys, 'credential' | 'id'>[];
}

function passkeysHere({ cloud, known, member }: Engine): readonly PasskeyKeys[] {
  return known.roster
    .devices(member.person)
    .flatMap(({ passkey }) => (passkey?.origin === cloud.origin ? [passkey] : []));
}

/** Null where this person has no passkey at this address. */
export function passkeyWanted(engine: Engine, challenge: Bytes): PasskeyWanted | null {
  const passkeys = passkeysHere(engine).map(({ credential, id }) => ({ credential, id }));
  return passkeys.length === 0 ? null : { challenge, passkeys };
}

export function passkeyWish(engine: Engine): PasskeyWish {
  const own = random(16);
  const household = fromBase32(engine.member.household);
  if (household === null) throw new Error('passkey: a household that is none');
  return {
    id: 'pas_' + base32(own),
    user: concat(household, own),
    exclude: passkeysHere(engine).map(({ credential }) => credential),
  };
}

/** The link that brings it in, signed by its person's device and by itself. */
export async function passkeyLink(
  engine: Engine,
  roster: Roster,
  made: MadePasskey,
): Promise<Envelope> {
  const { cloud, member } = engine;
  const secret = PasskeySecret.of(made.answer);
  const [signer, reader] = await Promise.all([secret.signer(made.id), secret.reader()]);
  const { credential, id, origin, synced } = made;
  const passkey = {
    credential,
    id,
    origin,
    public: made.public,
    reader: reader.publicKey,
    sign: signer.publicKey,
    synced,
  };
  const link = roster.newLink(cloud.now(), { kind: 'add-passkey', passkey, person: member.person });
  return (await link.sign(member.signer)).sign(signer);
}
