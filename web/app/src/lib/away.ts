// SPDX-License-Identifier: Apache-2.0
import type { Person, Removal } from './people';

/** For so long every owner may object to a removal that was announced with the recovery sheet. */
const objecting = 72 * 3_600_000;

export function objectFor({ announced }: Person): number {
  return (announced ?? 0) + objecting;
}

/** The removal of this device or person that is not over yet, or was not carried out. */
export function removalOf(removals: readonly Removal[], id: string): Removal | undefined {
  return removals.find(
    (one) => (one.device?.id === id || one.person?.id === id) && one.state !== 'in-force',
  );
}

/** For so long a page says that a removal has come into force. */
const toldFor = 10 * 60_000;

/** What is worth a line: under way, late, refused, or done just now. */
export function told(removals: readonly Removal[], now: number): readonly Removal[] {
  return removals.filter(
    (one) => one.state !== 'in-force' || now - (one.inForceAt ?? one.sentAt) < toldFor,
  );
}
