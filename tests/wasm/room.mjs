// usage: room.mjs CHROMIUM TEAHOUSE.wasm TEAHOUSE: a browser and native clients in one room, sealed end to end, with the
// relay between them. Prints TAP; skipped by name where browser, program or web/node_modules is missing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere, openBrowser } from './chromium.mjs';
import { Scene, story, Told, web } from './scene.mjs';

const SEALED = 153;
const [browser, modulePath, program] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; media-src 'self'";

// ---- one origin for the page and its house, which is a server of its own behind it

class Origin {
    told = new Told();
    #wanted = [];
    #hungry = [];
    files = {};
    house = undefined;
    server = createServer((request, response) => this.#answer(request, response))
        .on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));

    async listen() {
        await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
        this.url = `http://localhost:${this.server.address().port}`;
    }
    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
    /** Has the page post this to its worker. */
    want(message) {
        this.#wanted.push(message);
        this.#feed();
    }
    #feed() {
        while (this.#wanted.length !== 0 && this.#hungry.length !== 0)
            this.#hungry.shift().end(JSON.stringify(this.#wanted.shift()));
    }
    async #answer(request, response) {
        const path = request.url;

        if (path.startsWith('/media')) {
            request.pipe(ask(new URL(path, this.house), { method: request.method, headers: request.headers }, (reply) => {
                response.writeHead(reply.statusCode, reply.headers);
                reply.pipe(response);
            }));
        } else if (path === '/told') {
            const pieces = [];
            for await (const piece of request)
                pieces.push(piece);
            response.end();
            this.told.tell(JSON.parse(Buffer.concat(pieces)));
        } else if (path === '/wanted') {
            this.#hungry.push(response);
            this.#feed();
        } else {
            const [type, content] = this.files[path] ?? [];
            response.writeHead(content === undefined ? 404 : 200,
                { 'Content-Type': type ?? 'text/plain', 'Content-Security-Policy': POLICY });
            response.end(content);
        }
    }
    #upgrade(request, socket, head) {
        const house = connect(new URL(this.house).port, '127.0.0.1', () => {
            const lines = request.rawHeaders.map((word, i) => word + (i % 2 === 0 ? ': ' : '\r\n')).join('');
            house.write(`GET ${request.url} HTTP/1.1\r\n${lines}\r\n`);
            house.write(head);
            house.pipe(socket).pipe(house);
        });
        house.on('error', () => socket.destroy());
        socket.on('error', () => house.destroy());
    }
}

// ---- the story

let bob, cy, link;

const tests = {
    async 'a page takes its seat, and its relay'() {
        const first = await origin.told.find(({ event }) => event === 'seated' || event === 'failed');

        assert.equal(first.event, 'seated', first.why);
        await origin.told.event('stage', (news) => news.on);
    },
    async 'a native client hears the page, the page hears it'() {
        bob = scene.start('join', link, '--home', scene.homeOf('bob'), '--speak', join(scene.home, 'speech.wav'),
            '--role', 'speaker', '--for', '60');
        await origin.told.event('roster', ({ seats }) => seats.length === 2);
        await bob.told.event('heard', ({ handle }) => handle === 'ann');
        await origin.told.event('heard', ({ handle }) => handle === 'bob');
        await origin.told.event('sound', ({ energy }) => energy > 0.001);
    },
    async 'every packet of the open microphone is of one size'() {
        const { packets, bytes } = await origin.told.event('sound', (sound) => sound.packets > 100);

        assert.equal(bytes, SEALED * packets);
    },
    async 'both voices are proven'() {
        await origin.told.event('roster', ({ seats }) => seats.some(({ handle, proof }) => handle === 'bob' && proof === 'proven'));
        await bob.told.event('roster', ({ proof }) => proof.includes('ann proven'));
    },
    async 'chat comes from the page and to it'() {
        origin.want({ do: 'chat', text: 'tea? 🫖' });
        assert.equal((await bob.told.event('chat')).text, 'tea? 🫖');
    },
    async 'who comes later hears the page as well'() {
        cy = scene.start('join', link, '--home', scene.homeOf('cy'), '--for', '60');
        await cy.told.event('heard', ({ handle }) => handle === 'ann');
    },
    async 'the page kicks, and leaves'() {
        origin.want({ do: 'wish', verb: 'kick', who: 'bob', number: 1 });
        await bob.told.event('kicked');
        const left = await bob.told.event('left');
        assert.equal(left.frames_refused, 0);
        origin.want({ do: 'leave' });
        assert.equal((await origin.told.event('over')).why, undefined);
        assert.equal(origin.told.all.filter(({ event }) => event === 'failed' || event === 'alarm').length, 0);
    },
};

async function prepare() {
    const file = async (name) => ['text/javascript', await scene.bundle(name)];

    await origin.listen();
    origin.house = await scene.serve('--public-url', origin.url);
    for (const name of ['ann', 'bob', 'cy'])
        scene.signUp(origin.house, name);
    ({ link } = scene.run('room', 'new', '--home', scene.homeOf('ann'), '--title', 'A room', '--open', '--stage', 'everyone'));
    assert.equal(spawnSync('espeak-ng', ['-w', join(scene.home, 'speech.wav'),
        'The kettle is on, and nobody is listening but you. Do come in, sit down, and say what you like.']).status, 0);
    const identity = scene.identityOf('ann').toString().replace(/^house .*$/m, `house ${origin.url}`);
    origin.files = {
        '/': ['text/html', '<!doctype html><title>a room</title><script type="module" src="/page.js"></script>'],
        '/page.js': await file(join(here, 'room_page.ts')),
        '/seal.worker.js': await file(join(web, 'src/seal.worker.ts')),
        '/teahouse.wasm': ['application/wasm', readFileSync(modulePath)],
        '/start': ['application/json', JSON.stringify({ identity: [...Buffer.from(identity)],
            link: link.replace(/^.*(?=\/r\/)/, origin.url), speaker: true })],
    };
}

if (!Scene.isPossible(program) || !isThere(browser)) {
    console.log(`1..1\nok 1 - a room in ${browser} # SKIP`);
    process.exit(0);
}

const scene = new Scene(program), origin = new Origin();
let page, failed = 1;
try {
    await prepare();
    page = openBrowser(browser, `${origin.url}/`, ['--autoplay-policy=no-user-gesture-required',
        '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']);
    failed = await story(tests);
} finally {
    await page?.close();
    origin.close();
    await scene.end();
}
process.exit(failed === 0 ? 0 : 1);
