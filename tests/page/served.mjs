// usage: served.mjs TEAHOUSE: what a house serves to browsers, and with which headers. Prints TAP.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { startServer, tap } from './server.mjs';

const ROOM = 'A'.repeat(43);
const server = await startServer(process.argv[2]);

/** fetch would unpack by itself. */
function ask(path, { method = 'GET', headers = {} } = {}) {
    return new Promise((resolve, reject) => {
        request(server.url + path, { method, headers }, async (answer) => {
            const pieces = [];
            for await (const piece of answer) pieces.push(piece);
            resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) });
        })
            .on('error', reject)
            .end();
    });
}

const main = await ask('/');
if (main.status === 404) {
    console.log('1..1\nok 1 - the page as it is served # SKIP this program was built without the page');
    await server.stop();
    process.exit(0);
}
const html = main.body.toString();
const [style, script] = [/href="(\/page\/style-[^"]+)"/, /src="(\/page\/main-[^"]+)"/].map(
    (what) => what.exec(html)[1],
);

const good = await tap({
    async 'one document stands at every place of the app'() {
        for (const path of ['/', '/new', '/me', `/r/${ROOM}`, '/?from=installed']) {
            const { status, headers, body } = await ask(path);
            assert.equal(status, 200, path);
            assert.equal(headers['content-type'], 'text/html; charset=utf-8');
            assert.equal(headers['cache-control'], 'no-cache');
            assert.deepEqual(body, main.body);
        }
    },
    async 'everything else is not there'() {
        for (const path of [
            '/index.html',
            '/r/',
            `/r/${ROOM}A`,
            `/r/${ROOM.slice(1)}`,
            `/r/${ROOM.slice(1)}%41`,
            `/r/${ROOM}/x`,
            '/page/',
            '/page/main.js',
            '/files.json',
            '/bundle',
            '/me/',
            '//',
        ])
            assert.equal((await ask(path)).status, 404, path);
    },
    async 'every answer forbids what the page does not need'() {
        for (const path of ['/', `/r/${ROOM}`, '/keeper.js', script, style, '/nothing']) {
            const { headers } = await ask(path);
            assert.equal(headers['x-content-type-options'], 'nosniff');
            assert.equal(headers['referrer-policy'], 'no-referrer');
            assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
            assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
            assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
            assert.match(headers['permissions-policy'], /microphone=\(self\).*camera=\(\).*geolocation=\(\)/);
            assert.equal(headers['set-cookie'], undefined);
            assert.match(headers['content-security-policy'], /^default-src 'none'/);
        }
    },
    async 'the policy lets nothing inline, evaluated or foreign in'() {
        const rules = new Map(
            (await ask('/')).headers['content-security-policy']
                .split(';')
                .map((rule) => rule.trim().split(/ +/))
                .map(([name, ...what]) => [name, what.join(' ')]),
        );
        assert.equal(rules.get('script-src'), "'self' 'wasm-unsafe-eval'");
        assert.equal(rules.get('style-src'), "'self'");
        assert.equal(rules.get('connect-src').replace(server.url, '').trim(), "'self'");
        assert.equal(rules.get('require-trusted-types-for'), "'script'");
        assert.equal(rules.get('trusted-types'), 'teahouse');
        for (const name of ['frame-ancestors', 'base-uri', 'form-action']) assert.equal(rules.get(name), "'none'");
        assert.doesNotMatch(
            [...rules.values()].join(' '),
            /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*|data:|blob:/,
        );
        assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| on\w+=| style=|https?:/);
    },
    async 'files named by their content are kept for good, and are what the document says'() {
        for (const path of [script, style]) {
            const { headers, body, status } = await ask(path);
            assert.equal(status, 200);
            assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
            const hash = createHash('sha256').update(body).digest();
            assert.ok(html.includes(`${path}" integrity="sha256-${hash.toString('base64')}"`), path);
            assert.ok(path.includes(`-${hash.toString('hex').slice(0, 16)}.`), path);
        }
        for (const path of ['/keeper.js', '/icon.svg', '/teahouse.webmanifest'])
            assert.equal((await ask(path)).headers['cache-control'], 'no-cache');
    },
    async 'packed for who can unpack'() {
        for (const accept of ['gzip', 'br, gzip;q=0.8', 'deflate,gzip']) {
            const { headers, body } = await ask(script, { headers: { 'Accept-Encoding': accept } });
            assert.equal(headers['content-encoding'], 'gzip');
            assert.equal(headers.vary, 'Accept-Encoding');
            assert.deepEqual(gunzipSync(body), (await ask(script)).body);
        }
        for (const accept of ['br', 'xgzip', 'gzipped'])
            assert.equal(
                (await ask(script, { headers: { 'Accept-Encoding': accept } })).headers['content-encoding'],
                undefined,
            );
    },
    async 'what runs before the first key is small'() {
        let total = 0;
        for (const path of ['/', script, style, '/keeper.js', '/icon.svg'])
            total += (await ask(path, { headers: { 'Accept-Encoding': 'gzip' } })).body.length;
        console.log(`# ${total} bytes with gzip, without the core's module`);
        assert.ok(total <= 250_000);
    },
    async 'HEAD has the headers alone; what is there already is not sent again'() {
        const head = await ask('/', { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.body.length, 0);
        assert.equal(Number(head.headers['content-length']), main.body.length);
        const again = await ask('/', { headers: { 'If-None-Match': main.headers.etag } });
        assert.equal(again.status, 304);
        assert.equal(again.body.length, 0);
        assert.equal((await ask('/', { headers: { 'If-None-Match': '"other"' } })).status, 200);
        assert.equal((await ask('/', { method: 'POST' })).status, 405);
    },
});

await server.stop();
process.exit(good ? 0 : 1);
