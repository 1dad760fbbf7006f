// SPDX-License-Identifier: Apache-2.0

/** A worker of the pool: opens bodies of age files in JavaScript, one after the other. */
import { openSoftware } from '../crypto/age.ts';
import type { Opened, ToOpen } from './pool.ts';

interface Scope {
  postMessage(message: Opened, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToOpen>) => void) | null;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { id, key, body } }) => {
  try {
    const plain = openSoftware(key, body);
    scope.postMessage({ id, plain }, [plain.buffer]);
  } catch (error) {
    scope.postMessage({ id, plain: null, message: String(error) }, []);
  }
};
