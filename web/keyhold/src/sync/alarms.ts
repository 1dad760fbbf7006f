// SPDX-License-Identifier: Apache-2.0

import { base32, random } from '../bytes.ts';
import { RuleError } from '../rule.ts';

/** A check that did not hold, as a page shows it. */
export interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly at: number;
  readonly camera?: string;
  readonly from?: number;
  readonly until?: number;
  readonly acknowledgedAt?: number;
  readonly proof: unknown;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The alarms of a session, newest first. The same fault at the same place is one alarm. */
export class Alarms {
  private list: readonly Alarm[] = [];
  private readonly known = new Set<string>();

  constructor(
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {}

  all(): readonly Alarm[] {
    return this.list;
  }

  /** Raises an alarm for a refusal; anything else is none. */
  raise(error: unknown): boolean {
    if (!(error instanceof RuleError)) return false;
    const { rule, details, message } = error;
    const camera = typeof details['camera'] === 'string' ? details['camera'] : undefined;
    const from = numberOf(details['from']);
    const until = numberOf(details['until']);
    const key = `${rule}/${camera ?? ''}/${from ?? ''}`;
    if (this.known.has(key)) return true;
    this.known.add(key);
    const alarm: Alarm = {
      id: base32(random(10)),
      rule,
      at: this.now(),
      ...(camera === undefined ? {} : { camera }),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      proof: { rule, message, ...details },
    };
    this.list = [alarm, ...this.list];
    this.changed();
    return true;
  }

  acknowledge(id: string): void {
    const at = this.now();
    this.list = this.list.map((alarm) =>
      alarm.id === id && alarm.acknowledgedAt === undefined
        ? { ...alarm, acknowledgedAt: at }
        : alarm,
    );
    this.changed();
  }
}
