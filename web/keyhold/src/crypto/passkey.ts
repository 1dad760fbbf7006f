// SPDX-License-Identifier: Apache-2.0

import { utf8, type Bytes } from '../bytes.ts';
import { RuleError } from '../rule.ts';
import { hkdf } from './hash.ts';
import { signerFromSeed, type Signer } from './sign.ts';
import { fromSeed, type XWingKey } from './xwing.ts';

/**
 * What every passkey is asked (WebAuthn's PRF, `eval.first`). Nothing but the passkey itself can
 * give its answer of 32 bytes.
 */
export const passkeyQuestion: Bytes = utf8('keyhold/v1/passkey');
const answerSize = 32;

/** The keys that come of a passkey's answer. They live in memory, never in a store. */
export class PasskeySecret {
  private constructor(private readonly answer: Bytes) {}

  static of(answer: Bytes): PasskeySecret {
    if (answer.length !== answerSize) {
      throw new RuleError('field', `a passkey's answer has ${answerSize} bytes`);
    }
    return new PasskeySecret(answer);
  }

  signer(id: string): Promise<Signer> {
    return signerFromSeed(id, hkdf(this.answer, 'keyhold/v1/passkey/sign'));
  }

  reader(): Promise<XWingKey> {
    return fromSeed(hkdf(this.answer, 'keyhold/v1/passkey/reader'));
  }

  forget(): void {
    this.answer.fill(0);
  }
}
