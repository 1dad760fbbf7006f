// SPDX-License-Identifier: Apache-2.0

import type { Fault, FaultKind } from '../sync/fault.ts';

/** An error that carries a kind, as every promise here rejects with. */
export function fault(kind: FaultKind, message: string, id?: string): Fault {
  return Object.assign(new Error(message), { kind, ...(id === undefined ? {} : { id }) }) as Fault;
}

/** Writes pieces into a file as they come, and closes it; a file that is not whole is given up. */
export async function pour<T>(
  sink: WritableStream<Uint8Array>,
  work: (write: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  const writer = sink.getWriter();
  try {
    const done = await work((bytes) => writer.write(bytes));
    await writer.close();
    return done;
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

/** Whether a browser like this has passkeys at an address like this, which has a name and not numbers alone. */
export function passkeysPossible(): boolean {
  const { hostname } = location;
  const numeric = /^[\d.]+$/.test(hostname) || hostname.startsWith('[');
  return isSecureContext && 'PublicKeyCredential' in globalThis && !numeric;
}
