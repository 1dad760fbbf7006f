// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { RuleError, ruleOf } from '../rule.ts';
import { hash, id, integer, matching, object, oneOf, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { SignalReader } from './live.ts';
import { checkTime } from './request.ts';
import type { Roster } from './roster.ts';

/** Every alert has as many bytes, whatever it says (docs/protocol.md 16). */
const size = 512;

const alert = where(
  object({
    at: integer(1),
    camera: id('cam', 'household'),
    household: hash,
    kind: oneOf('press', 'test'),
    pad: matching(/^0*$/),
    seq: integer(1),
    to: id('dev'),
  }),
  ({ kind, camera }) => kind === 'test' || camera !== 'household',
  'a press at a camera',
);

/** What the hub tells a device at once. */
export type Alert = Pick<Read<typeof alert>, 'at' | 'camera' | 'kind' | 'seq'>;

/** Who reads an alert, and by which hub it has to be. */
export interface AlertReader extends Pick<SignalReader, 'self' | 'now'> {
  readonly roster: Pick<Roster, 'household' | 'hub'>;
}

/** Why an alert is not new: it is too old, or its number is not higher than one before. */
export type Lateness = '' | 'time' | 'replay';

/**
 * Reads an alert; `last` is the highest number seen before. One that is late is the hub's word all the
 * same: it is to be shown as what was, not as what is.
 */
export async function openAlert(
  input: Uint8Array,
  { roster, self, now }: AlertReader,
  last: number,
): Promise<{ readonly alert: Alert; readonly late: Lateness }> {
  const envelope = Envelope.parse(input);
  const { household, to, at, camera, kind, seq } = envelope.read('alert', alert);
  if (envelope.payload.length !== size) throw new RuleError('field', 'not of the one size');
  must(household === roster.household, 'household', 'an alert of another household');
  must(to === self, 'audience', 'an alert for somebody else');
  await envelope.verify(new Map([['hub', roster.hub.sign]]));
  return { alert: { at, camera, kind, seq }, late: lateness(at, seq, now, last) };
}

function lateness(at: number, seq: number, now: number, last: number): Lateness {
  try {
    must(seq > last, 'replay', 'a number that is not higher than one before');
    checkTime(at, now);
    return '';
  } catch (error) {
    return ruleOf(error) === 'replay' ? 'replay' : 'time';
  }
}
