// SPDX-License-Identifier: Apache-2.0

interface ImportMetaEnv {
  readonly MODE: string;
}

interface ImportMeta {
  readonly env?: ImportMetaEnv;
}
