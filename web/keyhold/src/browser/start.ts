// SPDX-License-Identifier: Apache-2.0

/// <reference types="vite/client" />
import address from './worker.ts?worker&url';

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(input: string): string },
  ): { createScriptURL(input: string): string };
}

/**
 * Starts the worker. The page's policy lets script addresses in through named policies alone; this
 * one knows a single address.
 */
export function startWorker(): Worker {
  const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  const url =
    trusted === undefined
      ? address
      : trusted
          .createPolicy('keyhold-worker', {
            createScriptURL(input) {
              if (input !== address) throw new TypeError('not the worker');
              return input;
            },
          })
          .createScriptURL(address);
  return new Worker(url, { type: 'module', name: 'keyhold' });
}
