// SPDX-License-Identifier: Apache-2.0

/// <reference types="vite/client" />
import address from './worker.ts?worker&url';
import { trusted } from './trusted.ts';

export function startWorker(): Worker {
  return new Worker(trusted(address), { type: 'module', name: 'keyhold' });
}
