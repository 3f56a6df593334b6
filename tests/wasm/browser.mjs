// usage: browser.mjs CHROMIUM MODULE.wasm...: runs modules of tests in a worker of a headless browser, prints TAP.
// The browser sees one server on loopback, which gives it the page, the modules and the vectors and takes the result.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere, openBrowser } from './chromium.mjs';

const OVERDUE_MS = 200_000;
const [browser, ...modules] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const vectors = process.env.TEAHOUSE_VECTORS ?? join(process.env.TEAHOUSE_SOURCE ?? '.', '../shared/vectors');

const html = '<!doctype html><title>tests</title><script type="module" src="/page.mjs"></script>';
const ours = { '/page.mjs': 'page.mjs', '/worker.mjs': 'worker.mjs', '/modules.mjs': 'modules.mjs' };
const byName = new Map(modules.map((path) => [basename(path), path]));

/** @returns [type, content], or undefined where there is nothing of that name */
function found(path) {
    const [, folder, ...rest] = path.split('/');
    const name = rest.join('/');

    if (path === '/')
        return ['text/html', html];
    if (path === '/modules.json')
        return ['application/json', JSON.stringify([...byName.keys()])];
    if (path in ours)
        return ['text/javascript', readFileSync(join(here, ours[path]))];
    if (folder === 'modules' && byName.has(name))
        return ['application/wasm', readFileSync(byName.get(name))];
    if (folder === 'vectors' && !name.includes('..') && existsSync(join(vectors, name)))
        return ['application/octet-stream', readFileSync(join(vectors, name))];
    return undefined;
}

async function bodyOf(request) {
    const pieces = [];

    for await (const piece of request)
        pieces.push(piece);
    return Buffer.concat(pieces).toString();
}

function serve(resolve) {
    return createServer(async (request, response) => {
        if (request.method === 'POST') {
            response.end();
            resolve(await bodyOf(request));
            return;
        }
        const [type, content] = found(request.url) ?? [];
        response.writeHead(content === undefined ? 404 : 200, {
            'Content-Type': type ?? 'text/plain',
            'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
        });
        response.end(content);
    });
}

if (!isThere(browser)) {
    console.log(`1..1\nok 1 - modules in ${browser} # SKIP`);
    process.exit(0);
}

let page, server;
const overdue = new Promise((_, reject) =>
    setTimeout(() => reject(new Error('the browser did not answer in time')), OVERDUE_MS).unref());
const result = await new Promise((resolve, reject) => {
    server = serve(resolve).listen(0, '127.0.0.1', () => {
        page = openBrowser(browser, `http://127.0.0.1:${server.address().port}/`);
        Promise.race([page.failed, overdue]).catch(reject);
    });
}).catch((error) => `1..1\nnot ok 1 - ${error.message}`);

await page.close();
server.closeAllConnections();
server.close();
console.log(result);
process.exit(/^not ok/m.test(result) ? 1 : 0);
