// Bundles the tests with the sources they ask for, and runs them. Plain Node: only what needs no browser is tested here.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(join(tmpdir(), 'item2vec-page-'));
try {
  const names = (await readdir(HERE)).filter((name) => name.endsWith('.test.mjs'));
  await build({
    entryPoints: names.map((name) => join(HERE, name)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    inject: [join(HERE, 'browser.mjs')],
    logLevel: 'warning',
  });
  process.exitCode = spawnSync(process.execPath, ['--test', out], { stdio: 'inherit' }).status ?? 1;
} finally {
  await rm(out, { recursive: true });
}
