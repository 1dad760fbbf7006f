// SPDX-License-Identifier: Apache-2.0

import { ruleOf, type Rule } from '../rule.ts';

/** What a promise to the pages rejects with; the kinds choose the words there. */
export type FaultKind =
  | 'invitation-used'
  | 'invitation-too-old'
  | 'invitation-wrong-household'
  | 'invitation-broken'
  | 'invitation-ended'
  | 'invitation-refused'
  | 'words-differ'
  | 'browser-too-old'
  | 'browser-live'
  | 'clock-wrong'
  | 'already-joined'
  | 'hub-code-wrong'
  | 'hub-code-used'
  | 'second-declined'
  | 'second-away'
  | 'second-moved'
  | 'sheet-wrong'
  | 'passkey-cancelled'
  | 'passkey-exists'
  | 'passkey-gone'
  | 'passkey-unable'
  | 'hub-away'
  | 'inviter-away'
  | 'cloud-away'
  | 'camera-unreachable'
  | 'camera-password'
  | 'camera-video'
  | 'camera-address'
  | 'camera-program'
  | 'camera-form'
  | 'camera-exists'
  | 'camera-private'
  | 'camera-covered'
  | 'camera-no-bell'
  | 'camera-no-speaker'
  | 'camera-speaker-taken'
  | 'camera-no-relay'
  | 'camera-relay-stays'
  | 'light-none'
  | 'light-falls'
  | 'light-door'
  | 'light-away'
  | 'light-no'
  | 'camera-elsewhere'
  | 'stars-full'
  | 'address-wrong'
  | 'other-cloud-away'
  | 'same-cloud'
  | 'hub-cannot-reach'
  | 'not-movable'
  | 'to-be-erased'
  | 'hub-elsewhere'
  | 'record-differs'
  | 'not-allowed'
  | 'not-now'
  | 'busy'
  | 'not-found'
  | 'fault'
  | 'cancelled'
  | 'internal';

export class Fault extends Error {
  override readonly name = 'Fault';
  constructor(
    readonly kind: FaultKind,
    message: string,
    /** The cloud's name for its answer, for a support case. */
    readonly id?: string,
    /** The rule that refused, where one did. */
    readonly rule?: Rule,
  ) {
    super(message);
  }
}

/** Anything thrown, as a Fault. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const rule = ruleOf(error);
  if (rule !== null) return new Fault('fault', (error as Error).message, undefined, rule);
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new Fault('cancelled', 'cancelled');
  }
  return new Fault('internal', error instanceof Error ? error.message : 'unknown');
}
