// SPDX-License-Identifier: Apache-2.0

// Makes src/schema.ts, the types of the cloud's API, from the committed OpenAPI document. With --check it changes
// nothing and fails if the file is not what it would write.

import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const source = new URL('../../../api/openapi.json', import.meta.url);
const target = fileURLToPath(new URL('../src/schema.ts', import.meta.url));

const tree = await openapiTS(source, {
  alphabetize: true,
  immutable: true,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  silent: true,
});
const text = `// SPDX-License-Identifier: Apache-2.0

// Generated from api/openapi.json by tools/generate.mjs; not for editing.

${astToString(tree)}`;
const wanted = await format(text, { ...(await resolveConfig(target)), filepath: target });

if (process.argv.includes('--check')) {
  const found = await readFile(target, 'utf8').catch(() => '');
  if (found !== wanted) {
    process.stderr.write(
      'web/api/src/schema.ts is not what api/openapi.json says: run `npm run generate -w @keyhold/api`\n',
    );
    process.exit(1);
  }
} else {
  await writeFile(target, wanted);
}
