// SPDX-License-Identifier: Apache-2.0
// Serves a built folder on a free port under exactly the headers that the programs send.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const app = join(dirname(fileURLToPath(import.meta.url)), '..');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.mp4': 'video/mp4',
  '.webmanifest': 'application/manifest+json',
};

/** The policy and its companions, read out of the one place where they are written. */
export function headers() {
  const source = readFileSync(join(app, '..', 'headers.go'), 'utf8');
  const written = /const ContentSecurityPolicy = ((?:"[^"]*"(?: \+\n\t)?)+)/.exec(source);
  if (!written) throw new Error('headers.go does not hold the policy in the expected form');
  const policy = [...written[1].matchAll(/"([^"]*)"/g)].map((part) => part[1]).join('');
  const pairs = [...source.matchAll(/\{"([\w-]+)", "([^"]+)"\}/g)].map((one) => [one[1], one[2]]);
  return Object.fromEntries([['Content-Security-Policy', policy], ...pairs]);
}

export async function serve(folder, page = 'index.html') {
  const strict = headers();
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const name = path === '/' || path === '/join' ? page : path.slice(1);
    const file = join(folder, name);
    if (name.includes('..') || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, strict).end();
      return;
    }
    // Kept by the browser, compiled as well, as the programs allow it.
    const kept = name.startsWith('assets/')
      ? { 'Cache-Control': 'max-age=31536000, immutable' }
      : {};
    const type = types[extname(file)] ?? 'text/plain';
    response.writeHead(200, { ...strict, ...kept, 'Content-Type': type });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://localhost:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
