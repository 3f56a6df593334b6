// usage: keeper.mjs: a house that changes its page. What was accepted goes on running until the person takes the other.
// Prints TAP.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, missing, source } from './browser.mjs';
import { tap } from './server.mjs';

const why = missing();
if (why !== undefined) {
    console.log(`1..1\nok 1 - a house that changes its page # SKIP ${why}`);
    process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), 'teahouse-keeper-'));

/** A page as a house would build it; pages with another tail of the module are other pages. */
function build(name, tail) {
    const listed = JSON.parse(readFileSync(join(source, 'build/page/files.json'), 'utf8'));
    const module = readFileSync(join(source, 'build/page', listed.find(({ path }) => path.endsWith('.wasm')).file));
    const input = join(scratch, `${name}.wasm`),
        out = join(scratch, name);

    writeFileSync(input, Buffer.concat([module, tail]));
    execFileSync(process.execPath, [join(source, 'web/build.mjs'), input, out]);
    const files = JSON.parse(readFileSync(join(out, 'files.json'), 'utf8'));
    return {
        bundle: readFileSync(join(out, 'bundle'), 'utf8').trim(),
        files: new Map(files.map((file) => [file.path, { ...file, content: readFileSync(join(out, file.file)) }])),
    };
}

const first = build('first', Buffer.alloc(0)),
    second = build('second', Buffer.from([0, 2, 1, 0x78])); // an empty section `x`
let served = first,
    tampered;
const server = createServer((request, response) => {
    const file = served.files.get(new URL(request.url, 'http://localhost').pathname);
    response.writeHead(file === undefined ? 404 : 200, {
        'Content-Type': file?.type ?? 'text/plain',
        'Cache-Control': 'no-cache',
    });
    response.end(file?.path === tampered ? `${file.content}\n` : file?.content);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const browser = await launch();
setTimeout(() => {
    browser.process()?.kill('SIGKILL');
    process.exit(1);
}, 80_000).unref();
const page = await browser.newPage();
const runs = () => page.evaluate(() => document.querySelector('script').getAttribute('src'));
const mainOf = ({ files }) => [...files.keys()].find((path) => path.startsWith('/page/main-'));
const shownOf = ({ bundle }) => bundle.slice(0, 32).match(/.{4}/g).join(' ');
const reads = (wanted) =>
    page.waitForFunction((what) => document.body.innerText.includes(what), { timeout: 20_000 }, wanted);
const pinnedBy = () =>
    page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', { timeout: 20_000 });

const good = await tap({
    async 'two builds of one source are one page, and another module is another'() {
        assert.equal(build('again', Buffer.alloc(0)).bundle, first.bundle);
        assert.notEqual(second.bundle, first.bundle);
        assert.match(first.bundle, /^[0-9a-f]{64}$/);
    },
    async 'the first page is pinned'() {
        await page.goto(url);
        await pinnedBy();
        assert.equal(await runs(), mainOf(first));
    },
    async 'a changed page does not run, and is shown'() {
        served = second;
        await page.reload();
        await reads('The house offers another page');
        assert.equal(await runs(), mainOf(first));
        const text = await page.evaluate(() => document.body.innerText);
        assert.ok(text.includes(shownOf(first)) && text.includes(shownOf(second)));
        await page.reload(); // nor does it by being loaded again
        await reads('The house offers another page');
        assert.equal(await runs(), mainOf(first));
    },
    async 'it runs by the person’s word'() {
        await Promise.all([
            page.waitForNavigation(),
            page.evaluate(() =>
                [...document.querySelectorAll('button')].find((one) => one.innerText === 'Use the new one').click(),
            ),
        ]);
        await pinnedBy();
        assert.equal(await runs(), mainOf(second));
    },
    async 'a file that is not what its keeper pins is never kept'() {
        const context = await browser.createBrowserContext(),
            stranger = await context.newPage();
        tampered = '/icon.svg';
        await stranger.evaluateOnNewDocument(() => {
            const register = navigator.serviceWorker.register.bind(navigator.serviceWorker);
            navigator.serviceWorker.register = async (...what) => {
                const registration = await register(...what),
                    keeper = registration.installing;
                keeper.addEventListener('statechange', () => {
                    window.became = keeper.state;
                });
                return registration;
            };
        });
        await stranger.goto(url);
        await stranger.waitForFunction(() => window.became !== undefined, { timeout: 20_000 });
        assert.equal(await stranger.evaluate(() => window.became), 'redundant');
        assert.equal(await stranger.evaluate(() => navigator.serviceWorker.controller), null);
        await context.close();
    },
});

await browser.close();
server.closeAllConnections();
server.close();
rmSync(scratch, { recursive: true, force: true });
process.exit(good ? 0 : 1);
