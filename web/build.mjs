// usage: build.mjs MODULE.wasm OUT: makes the page, as the house serves it, in the folder OUT.
// Every file but the document and the keeper is named after its content, and known to the document by its hash.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [modulePath, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const types = {
    js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', wasm: 'application/wasm',
    html: 'text/html; charset=utf-8', svg: 'image/svg+xml', webmanifest: 'application/manifest+json',
};
const files = []; // { path, file, type, document, hashed, hash }

const hashOf = (content) => createHash('sha256').update(content).digest();

function put(path, content, { document = false, hashed = false } = {}) {
    const file = path.slice(1).replaceAll('/', '+') || 'index.html';
    const hash = `sha256-${hashOf(content).toString('base64')}`;

    writeFileSync(join(out, file), content);
    files.push({ path, file, type: types[file.split('.').at(-1)], document, hashed, hash });
    return path;
}

function putHashed(name, content) {
    const dot = name.lastIndexOf('.');
    const hash = hashOf(content).toString('hex').slice(0, 16);

    return put(`/page/${name.slice(0, dot)}-${hash}${name.slice(dot)}`, content, { hashed: true });
}

async function bundle(entry, define) {
    const { outputFiles: [made] } = await build({
        entryPoints: [join(here, 'src', entry)], bundle: true, minify: true, write: false, charset: 'utf8',
        format: 'esm', target: ['es2022', 'chrome110', 'firefox115'], jsx: 'automatic', jsxImportSource: 'preact',
        define, legalComments: 'none', absWorkingDir: here,
    });
    return made.contents;
}

const names = (more) => ({ FILES: JSON.stringify(more) });
const hashIn = (path) => files.find((file) => file.path === path).hash;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const known = { 'keeper.js': '/keeper.js', 'teahouse.wasm': putHashed('teahouse.wasm', readFileSync(modulePath)) };
if (existsSync(join(here, 'src/seal.worker.ts')))
    known['seal.worker.js'] = putHashed('seal.worker.js', await bundle('seal.worker.ts', names(known)));
const style = putHashed('style.css', await bundle('style/style.css', {}));
const main = putHashed('main.js', await bundle('main.tsx', names(known)));
put('/icon.svg', readFileSync(join(here, 'src/icon.svg')));
put('/teahouse.webmanifest', readFileSync(join(here, 'src/teahouse.webmanifest')));
put('/', readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('STYLE', `href="${style}" integrity="${hashIn(style)}"`)
    .replace('MAIN', `src="${main}" integrity="${hashIn(main)}"`), { document: true });

// The keeper pins all of the above by the list of their hashes; the hash of that list is the bundle's.
const list = files.map(({ path, hash }) => [path, hash]).sort(([a], [b]) => (a < b ? -1 : 1));
const whole = hashOf(list.map((line) => line.join(' ') + '\n').join('')).toString('hex');
put('/keeper.js', await bundle('keeper.ts', { LIST: JSON.stringify(list), BUNDLE: JSON.stringify(whole) }));
writeFileSync(join(out, 'files.json'), JSON.stringify(files, null, 1));
writeFileSync(join(out, 'bundle'), `${whole}\n`);
