// SPDX-License-Identifier: Apache-2.0

import { fromUtf8 } from '../bytes.ts';
import { encode } from '../canon.ts';
import { open } from '../crypto/box.ts';
import type { XWingKey } from '../crypto/xwing.ts';
import { RuleError } from '../rule.ts';
import type { Row } from '../statement/request.ts';

/** Opens an envelope row with the reader's key: the identity string of one epoch. */
export async function openRow(key: XWingKey, household: string, row: Row): Promise<string> {
  const { camera, device, epoch, head } = row;
  try {
    const info = encode({ household, purpose: 'epoch' });
    const plain = await open(key, info, encode({ camera, device, epoch, head }), row.bytes);
    return fromUtf8(plain) ?? '';
  } catch {
    throw new RuleError('envelope', 'an envelope of an epoch is not for this reader', {
      camera,
      epoch,
    });
  }
}
