// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Envelope } from '../statement/dsse.ts';
import type { Assertion, Op, Reply } from '../statement/request.ts';
import { Refused, type Commands } from './commands.ts';
import { Fault } from './fault.ts';

/** What a change of the roster waits for. */
export interface Asking {
  /**
   * Asks a person for the digits that the hub shows, or for a passkey's word on the challenge;
   * `wrong` after something that was not it.
   */
  code(wrong: boolean, challenge: Bytes): Promise<Shown>;
}

/** What a person shows the hub: digits as they were typed, or a passkey's word. */
export type Shown = string | Assertion;

const hubPatience = 20_000;
const tries = 4;

/** One question to a person, answered or given up. */
export class Prompt<T> {
  private answer: ((value: T) => void) | null = null;
  private giveUp: ((reason: Fault) => void) | null = null;

  ask(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.answer = resolve;
      this.giveUp = reject;
    });
  }
  /** Ignored where nothing was asked. */
  give(value: T): void {
    this.answer?.(value);
    this.answer = null;
  }
  cancel(): void {
    this.giveUp?.(new Fault('cancelled', 'given up'));
    this.giveUp = null;
  }
}

/** The name that the hub is told for what a link brings. */
export interface NewNames {
  readonly name?: string;
  readonly personName?: string;
}

/**
 * Sends a link to the hub, with the digits that it shows, or a passkey's word, where it wants them.
 * They are bound to this very link. Rejects with a `Refused` of the word `stale` where the roster has moved on.
 */
export async function appendLink(
  commands: Pick<Commands, 'send'>,
  link: Envelope,
  { name = '', personName = '' }: NewNames,
  asking: Asking,
): Promise<Reply> {
  const op: Op = {
    kind: 'append-link',
    link: link.encode(),
    ...(name === '' ? {} : { name }),
    ...(personName === '' ? {} : { person_name: personName }),
  };
  let given: Op = op;
  for (;;) {
    try {
      return await commands.send(given, hubPatience);
    } catch (error) {
      const word = error instanceof Refused ? error.word : '';
      if (word !== 'gesture' && word !== 'gesture-wrong') throw error;
      const shown = await asking.code(word === 'gesture-wrong', link.hash());
      given = { ...op, gesture: gestureOf(shown) };
    }
  }
}

export function gestureOf(shown: Shown): NonNullable<Op['gesture']> {
  return typeof shown === 'string' ? { code: digits(shown) } : { passkey: shown };
}

/** Digits as a person types them. */
function digits(typed: string): string {
  return typed.replace(/\D/g, '').slice(0, 6);
}

/** Builds a link on the newest roster until one is taken. */
export async function appendNewest(
  commands: Pick<Commands, 'send'>,
  build: () => Promise<Envelope>,
  refresh: () => Promise<void>,
  asking: Asking,
  names: NewNames = {},
): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await appendLink(commands, await build(), names, asking);
    } catch (error) {
      if (attempt === tries || !(error instanceof Refused) || error.word !== 'stale') throw error;
    }
    await refresh();
  }
}
