// SPDX-License-Identifier: Apache-2.0

/// <reference types="vite/client" />
import { RuleError, type Rule } from './rule.ts';

declare global {
  /** Names of checks that are switched off; read by builds made with Vite mode `mutant` alone. */
  var __keyholdMutant: readonly string[] | undefined;
}

/**
 * Whether the check of this rule is switched off. Vite writes the mode into the source, so a
 * release bundle holds `return false`: an adversary test switches one check off in a build of
 * its own and must then see its attack succeed.
 */
export function off(rule: Rule): boolean {
  if (import.meta.env?.MODE !== 'mutant') return false;
  return globalThis.__keyholdMutant?.includes(rule) ?? false;
}

/** Refuses under `rule` unless `ok`. Every check goes through here. */
export function must(
  ok: boolean,
  rule: Rule,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): asserts ok {
  if (!ok && !off(rule)) throw new RuleError(rule, message, details);
}
