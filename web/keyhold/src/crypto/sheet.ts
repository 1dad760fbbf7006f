// SPDX-License-Identifier: Apache-2.0

import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { owned, random, type Bytes } from '../bytes.ts';
import { RuleError } from '../rule.ts';
import { hkdf } from './hash.ts';
import { signerFromSeed, type Signer } from './sign.ts';
import { fromSeed, type XWingKey } from './xwing.ts';

/** The recovery sheet: 24 English words of BIP 39. Its secret lives in memory, never in a store. */
const count = 24;

export class Sheet {
  private constructor(private readonly entropy: Bytes) {}

  static make(): Sheet {
    return new Sheet(random(32));
  }

  /** Typed words, tolerant of case, line breaks, numbers and punctuation. */
  static parse(typed: string): Sheet {
    const words = typed.toLowerCase().match(/[a-z]+/g) ?? [];
    if (words.length !== count) {
      throw new RuleError('field', `the sheet has ${count} words, these are ${words.length}`, {
        position: 0,
      });
    }
    const wrong = words.findIndex((word) => !wordlist.includes(word));
    if (wrong >= 0) {
      throw new RuleError('field', `word ${wrong + 1} is on no sheet`, { position: wrong + 1 });
    }
    try {
      return new Sheet(owned(mnemonicToEntropy(words.join(' '), wordlist)));
    } catch {
      throw new RuleError('field', 'the words do not fit together', { position: 0 });
    }
  }

  words(): string[] {
    return entropyToMnemonic(this.entropy, wordlist).split(' ');
  }

  signer(): Promise<Signer> {
    return signerFromSeed('sheet', hkdf(this.entropy, 'keyhold/v1/sheet/sign'));
  }

  reader(): Promise<XWingKey> {
    return fromSeed(hkdf(this.entropy, 'keyhold/v1/sheet/reader'));
  }

  forget(): void {
    this.entropy.fill(0);
  }
}
