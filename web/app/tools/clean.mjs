// SPDX-License-Identifier: Apache-2.0
// Empties a build folder but keeps .gitkeep, without which Go could not embed an empty folder.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'dist';
for (const name of readdirSync(folder)) {
  if (name !== '.gitkeep') rmSync(join(folder, name), { recursive: true });
}
