// SPDX-License-Identifier: Apache-2.0

import type { Signer } from '../crypto/sign.ts';
import type { XWingKey } from '../crypto/xwing.ts';

/** This device, as a member of one household. The secrets behind both keys may be handles. */
export interface Member {
  readonly household: string;
  readonly person: string;
  readonly device: string;
  readonly signer: Signer;
  readonly reader: XWingKey;
}
