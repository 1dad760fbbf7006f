// SPDX-License-Identifier: Apache-2.0

import { base32, owned, random, type Bytes } from '../bytes.ts';
import { passkeyQuestion } from '../crypto/passkey.ts';
import type { Assertion } from '../statement/request.ts';
import { Fault } from '../sync/fault.ts';
import type { MadePasskey, PasskeyWanted, PasskeyWish, ReturnAnswer } from '../sync/passkey.ts';
import { passkeysPossible } from './outside.ts';

/**
 * The page's side of passkeys: a browser asks for finger, face or PIN in a page alone, never in a
 * worker. What comes back goes to the worker at once and is kept nowhere.
 */
const idBytes = 16;
const hashBytes = 32;
/** ES256, EdDSA, RS256: the hub checks each of them. */
const algorithms = [-7, -8, -257];
const patience = 120_000;

/** The person sees to it that it is theirs; what is asked for next is always the same. */
const question = (): AuthenticationExtensionsClientInputs => ({
  prf: { eval: { first: passkeyQuestion } },
});

export async function makePasskey(
  { id, user, exclude }: PasskeyWish,
  name: string,
): Promise<MadePasskey> {
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        attestation: 'none',
        authenticatorSelection: {
          residentKey: 'required',
          requireResidentKey: true,
          userVerification: 'required',
        },
        challenge: random(32),
        excludeCredentials: exclude.map((credential) => ({
          id: owned(credential),
          type: 'public-key',
        })),
        extensions: question(),
        pubKeyCredParams: algorithms.map((alg) => ({ alg, type: 'public-key' })),
        rp: { id: location.hostname, name: 'Keyhold' },
        timeout: patience,
        user: { displayName: name, id: owned(user), name },
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  const credential = new Uint8Array(made.rawId);
  const { flags, publicKey } = readAuthenticator(new Uint8Array(response.getAuthenticatorData()));
  try {
    // Some answer only when they are asked once more.
    const answer = answerOf(made) ?? answerOf(await ask([credential], random(32)));
    if (answer === null) throw unable('the authenticator gives no answer (PRF)');
    return {
      answer,
      credential,
      id,
      name,
      origin: location.origin,
      public: publicKey,
      synced: (flags & backupEligible) !== 0,
    };
  } catch (error) {
    await forget(credential);
    throw error;
  }
}

/** Lets the person choose one of their passkeys, which says whose household it is for. */
export async function askToReturn(): Promise<ReturnAnswer> {
  const given = await ask([], random(32));
  const { userHandle } = given.response as AuthenticatorAssertionResponse;
  const user = new Uint8Array(userHandle ?? new ArrayBuffer(0));
  if (user.length !== hashBytes + idBytes)
    throw new Fault('passkey-gone', 'not a passkey of Keyhold');
  const answer = answerOf(given);
  if (answer === null) throw unable('the authenticator gives no answer (PRF)');
  return {
    answer,
    household: base32(user.subarray(0, hashBytes)),
    id: 'pas_' + base32(user.subarray(hashBytes)),
  };
}

/** A passkey's word on the hash of a statement. */
export async function signByPasskey({ challenge, passkeys }: PasskeyWanted): Promise<Assertion> {
  const given = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        allowCredentials: passkeys.map(({ credential }) => ({
          id: owned(credential),
          type: 'public-key',
        })),
        challenge: owned(challenge),
        rpId: location.hostname,
        timeout: patience,
        userVerification: 'required',
      },
    }),
  );
  const raw = base32(new Uint8Array(given.rawId));
  const passkey = passkeys.find(({ credential }) => base32(credential) === raw);
  if (passkey === undefined) throw new Fault('passkey-gone', 'another passkey answered');
  const { authenticatorData, clientDataJSON, signature } =
    given.response as AuthenticatorAssertionResponse;
  return {
    authenticator: new Uint8Array(authenticatorData),
    client: new Uint8Array(clientDataJSON),
    id: passkey.id,
    signature: new Uint8Array(signature),
  };
}

function ask(credentials: readonly Bytes[], challenge: Bytes): Promise<PublicKeyCredential> {
  return asked(() =>
    navigator.credentials.get({
      publicKey: {
        allowCredentials: credentials.map((id) => ({ id, type: 'public-key' })),
        challenge,
        extensions: question(),
        rpId: location.hostname,
        timeout: patience,
        userVerification: 'required',
      },
    }),
  );
}

async function asked(work: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!passkeysPossible()) throw unable('this browser knows no passkeys here');
  try {
    const given = await work();
    if (given instanceof PublicKeyCredential) return given;
  } catch (error) {
    throw faultOfBrowser(error);
  }
  throw unable('the browser gave nothing back');
}

function faultOfBrowser(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'InvalidStateError') return new Fault('passkey-exists', error.message);
  // It does not say whether somebody said no, was too slow, or has nothing to answer with.
  if (['NotAllowedError', 'AbortError'].includes(error.name)) {
    return new Fault('passkey-cancelled', error.message);
  }
  return unable(`${error.name}: ${error.message}`);
}

function unable(why: string): Fault {
  return new Fault('passkey-unable', why);
}

function answerOf(given: PublicKeyCredential): Bytes | null {
  const first = given.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) return null;
  const view =
    first instanceof ArrayBuffer
      ? new Uint8Array(first)
      : new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, first.byteLength);
  return view.length === 32 ? owned(view.slice()) : null;
}

/** Takes one that is of no use out of the person's list, where the browser can. */
async function forget(credential: Bytes): Promise<void> {
  interface Signals {
    signalUnknownCredential?: (what: { rpId: string; credentialId: string }) => Promise<void>;
  }
  const credentialId = btoa(String.fromCharCode(...credential))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const { signalUnknownCredential } = PublicKeyCredential as unknown as Signals;
  await signalUnknownCredential
    ?.call(PublicKeyCredential, { rpId: location.hostname, credentialId })
    .catch(() => undefined);
}

const backupEligible = 0x08;
const attested = 0x40;
/** RP id hash, flags, counter; then AAGUID and the length of the credential's id. */
const flagsAt = 32;
const lengthAt = 53;

/** Flags and public key out of WebAuthn's authenticator data (Level 3, 6.1). */
export function readAuthenticator(data: Bytes): { flags: number; publicKey: Bytes } {
  const flags = data[flagsAt] ?? 0;
  if ((flags & attested) === 0 || data.length < lengthAt + 2) throw unable('no key in the answer');
  const from = lengthAt + 2 + data[lengthAt]! * 256 + data[lengthAt + 1]!;
  return { flags, publicKey: data.slice(from, skip(data, from)) };
}

/** Where the CBOR item that begins here ends: whole numbers, strings, and maps and lists of them. */
function skip(data: Bytes, at: number): number {
  const head = data[at];
  if (head === undefined) throw unable('a key that is cut off');
  const kind = head >> 5;
  const short = head & 31;
  const wide = short < 24 ? 0 : ({ 24: 1, 25: 2, 26: 4 }[short] ?? -1);
  if (wide < 0 || kind === 6 || (kind === 7 && wide !== 0)) throw unable('a key that is none');
  let end = at + 1 + wide;
  let value = wide === 0 ? short : 0;
  for (let i = at + 1; i < end; i++) value = value * 256 + (data[i] ?? 0);
  if (kind === 2 || kind === 3) end += value;
  const items = kind === 4 ? value : kind === 5 ? 2 * value : 0;
  for (let i = 0; i < items; i++) end = skip(data, end);
  if (end > data.length) throw unable('a key that is cut off');
  return end;
}
