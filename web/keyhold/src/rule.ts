// SPDX-License-Identifier: Apache-2.0

/** Every reason for which Keyhold refuses something. The names are those of docs/protocol.md. */
export const rules = [
  'length',
  'utf8',
  'depth',
  'key',
  'duplicate-key',
  'null',
  'number',
  'nfc',
  'syntax',
  'not-canonical',
  'shape',
  'field',
  'payload-type',
  'signer',
  'signature',
  'household',
  'roster-seq',
  'roster-prev',
  'roster-time',
  'roster-op',
  'rights',
  'roster-fork',
  'envelope',
  'time',
  'replay',
  'audience',
  'head',
  'hub-keys',
  'invitation',
  'quota',
  'gesture',
  'origin',
  'verified',
  'device',
  'role',
  'camera',
  'action',
  'early',
  'ended',
  'hours',
  'checkpoint',
  'rolled-back',
  'forked',
  'frozen',
  'not-included',
  'wrong-household',
  'wrong-camera',
  'seq-gap',
  'file-size',
  'file-hash',
  'withheld',
] as const;

export type Rule = (typeof rules)[number];

/** A refusal: something was checked and did not hold. Never thrown for a network that failed. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  constructor(
    readonly rule: Rule,
    message: string,
    /** What somebody else needs to see the same fault; holds no secret. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${message} (${rule})`);
  }
}

/** The rule by which `error` refuses, or null if it is no refusal. */
export function ruleOf(error: unknown): Rule | null {
  return error instanceof RuleError ? error.rule : null;
}
