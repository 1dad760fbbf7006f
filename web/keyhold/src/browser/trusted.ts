// SPDX-License-Identifier: Apache-2.0

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(input: string): string },
  ): { createScriptURL(input: string): string };
}

/**
 * An address that a worker may be started from. The policy that pages and workers live under lets
 * script addresses in through named policies alone; this one knows a single address. Called once in
 * each page or worker for each name.
 */
export function trusted(
  address: string,
  name: 'keyhold-worker' | 'keyhold-push' = 'keyhold-worker',
): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (types === undefined) return address;
  const policy = types.createPolicy(name, {
    createScriptURL(input) {
      if (input !== address) throw new TypeError('not the worker');
      return input;
    },
  });
  return policy.createScriptURL(address);
}
