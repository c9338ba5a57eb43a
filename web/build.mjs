// Builds the page into app/static/: the same sources give the same bytes, so the result is committed and CI compares.

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, '..', 'app', 'static');
const MOST_SCRIPT = 70_000; // bytes, gzipped: what a phone on a slow line can be asked to wait for
// light-dark() came last of what the page needs.
const BROWSERS = ['chrome123', 'firefox121', 'safari17.5'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const slashed = (path) => path.replaceAll('\\', '/');

async function filesUnder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath ?? e.path, e.name));
}

/** SHA-256 of each source by its path inside web/, so that a stale bundle is seen without Node. */
async function sourceHashes() {
  const named = ['build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'].map((name) => join(HERE, name));
  const found = [...named, ...(await filesUnder(join(HERE, 'src')))];
  const pairs = await Promise.all(
    found.map(async (file) => [slashed(relative(HERE, file)), sha256(await readFile(file))]),
  );
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The licence of each package of which something is in the bundle, and the fonts' own. */
async function licences(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(slashed(input));
    if (found) packages.add(found[1]);
  }
  const parts = ['What the files of this folder are made of besides the sources in web/.\n'];
  for (const name of [...packages].sort()) {
    const home = join(HERE, 'node_modules', name);
    const { version, license } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
    const text = (await readFile(join(home, 'LICENSE'), 'utf8')).trim();
    parts.push(`${'='.repeat(72)}\n${name} ${version} (${license})\n${'='.repeat(72)}\n\n${text}\n`);
  }
  return parts.join('\n');
}

/** Writes a file under a name that changes with its bytes, and gives the name. */
async function writeNamed(stem, ending, bytes) {
  const name = `${stem}-${sha256(bytes).slice(0, 8)}.${ending}`;
  await writeFile(join(OUT, name), bytes);
  return name;
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const made = await build({
  absWorkingDir: HERE,
  entryPoints: [{ in: 'src/main.tsx', out: 'app' }],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: 'esm',
  target: BROWSERS,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file' },
  legalComments: 'none',
  metafile: true,
  charset: 'utf8',
  logLevel: 'warning',
});

const outputs = Object.keys(made.metafile.outputs).map((path) => slashed(path).split('/').at(-1));
const script = outputs.find((name) => name.endsWith('.js'));
const style = outputs.find((name) => name.endsWith('.css'));
const code = await readFile(join(OUT, script), 'utf8');
const packed = gzipSync(code, { level: 9 }).length;
// The page's policy forbids these: what needs them would die in the browser only.
if (/\beval\(|new Function|Function\.apply/.test(code)) throw new Error('the bundle has eval or Function');
if (packed > MOST_SCRIPT) throw new Error(`${packed} bytes of script, gzipped; at most ${MOST_SCRIPT}`);

const icon = await writeNamed('icon', 'svg', await readFile(join(HERE, 'src', 'icon.svg')));
const page = (await readFile(join(HERE, 'src', 'index.html'), 'utf8'))
  .replace('%SCRIPT%', `static/${script}`)
  .replace('%STYLE%', `static/${style}`)
  .replace('%ICON%', `static/${icon}`);
await writeFile(join(OUT, 'index.html'), page);
await writeFile(join(OUT, 'LICENCES.txt'), await licences(Object.keys(made.metafile.inputs)));
const files = (await readdir(OUT)).sort();
const record = { script, style, script_gzipped: packed, files, sources: await sourceHashes() };
await writeFile(join(OUT, 'build.json'), `${JSON.stringify(record, null, 1)}\n`);
console.log(`app/static: ${script}, ${packed.toLocaleString('en')} bytes gzipped; ${files.length + 1} files`);
