// usage: session.mjs TEAHOUSE.wasm TEAHOUSE: sessions in WebAssembly and a native client sit in one room of a real
// server. Prints TAP; skipped by name where the program or web/node_modules is missing.
import assert from 'node:assert/strict';
import { randomBytes, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Scene, story, Told, WAIT_MS, web } from './scene.mjs';

const SEALED = 153, GZIP_MAX = 150_000;
const [modulePath, program] = process.argv.slice(2);

globalThis.crypto ??= webcrypto;

// What nobody may see but a test: the memory of each instance.
const memories = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(...all) {
        super(...all);
        memories.push(this.exports.memory);
    }
};
const isWiped = (memory) => new Uint8Array(memory.buffer).every((byte) => byte === 0);

// ---- a member in WebAssembly, whose media go nowhere: frames are handed over by the test

class Member {
    told = new Told();
    tickets = [];
    constructor(core, house, module, name, link, speaker) {
        const media = {
            fingerprint: randomBytes(32),
            enter: (url, ticket, listener) => {
                this.url = url;
                this.tickets.push(ticket);
                this.media = listener;
                queueMicrotask(() => listener.opened());
            },
            renew: (ticket) => {
                this.tickets.push(ticket);
                queueMicrotask(() => this.media.renewed());
            },
            moved: () => {},
            leave: () => queueMicrotask(() => this.media.left()),
            drop: () => {},
        };

        this.identity = scene.identityOf(name);
        this.session = new core.Session(module, { told: (news) => this.told.tell(news), link: house.openLink, media },
            { identity: this.identity, link, speaker });
        this.memory = memories.at(-1);
    }
}

/** Says the same every 20 ms until it is heard: after a commit that adds, keys change a little later. */
async function untilHeard(speaker, listener, said) {
    for (let tries = 0; tries < WAIT_MS / 20; tries++) {
        if (typeof listener.session.open(0, speaker.session.seal(said)) !== 'string')
            return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail('said in vain');
}

const opus = (length, first = 0xf8) => new Uint8Array(length).map((_, i) => (i === 0 ? first : i & 255));

// ---- the story, a test each; a later one stands on those before

let alice, bob, carol, link, core, house, module;

const tests = {
    async 'the module is small, and asks for nothing that the host has not'() {
        const bytes = readFileSync(modulePath), packed = gzipSync(bytes, { level: 9 }).length;
        const began = performance.now();
        const compiled = new WebAssembly.Module(bytes);
        const ready = performance.now();

        new WebAssembly.Instance(compiled, { teahouse: new Proxy({}, { get: () => () => 0 }) });
        console.log(`# teahouse.wasm: ${bytes.length} bytes, ${packed} with gzip; in node compiled in ` +
            `${(ready - began).toFixed(1)} ms, instantiated in ${(performance.now() - ready).toFixed(1)} ms`);
        assert.ok(packed <= GZIP_MAX);
        assert.deepEqual([...new Set(WebAssembly.Module.imports(compiled).map((wanted) => wanted.module))], ['teahouse']);
    },
    async 'an account and a link that are none are refused'() {
        const media = { fingerprint: new Uint8Array(32), drop() {} };
        const enter = (identity, to) => () =>
            new core.Session(module, { told() {}, link: house.openLink, media }, { identity, link: to, speaker: false });

        assert.throws(enter(Buffer.from('nobody'), link), core.CoreError);
        assert.throws(enter(scene.identityOf('alice'), 'http://localhost/r/none'), core.CoreError);
    },
    async 'two sessions in WebAssembly share a room'() {
        alice = new Member(core, house, module, 'alice', link, true);
        assert.ok(alice.identity.every((byte) => byte === 0), 'the account that was handed in is wiped');
        assert.equal((await alice.told.event('seated')).title, 'Tea & "crumpets"');
        bob = new Member(core, house, module, 'bob', link, false);
        const { epoch, authenticator } = await bob.told.event('epoch');
        const same = await alice.told.event('epoch', (news) => news.epoch === epoch);
        assert.equal(same.authenticator, authenticator);
        const { seats } = await bob.told.event('roster', (news) => news.seats.length === 2);
        assert.deepEqual(seats.map(({ handle, self, moderator }) => [handle, self, moderator]),
            [['alice', false, true], ['bob', true, false]]);
        assert.match(alice.tickets[0], /^v4\.public\./);
    },
    async 'a voice goes from one to the other, at one length'() {
        await alice.told.event('stage', (news) => news.on);
        await untilHeard(alice, bob, opus(80));
        for (const length of [80, 3, 100]) {
            const said = opus(length), frame = alice.session.seal(said);

            assert.equal(frame.length, SEALED);
            assert.deepEqual(bob.session.open(0, frame), said);
            assert.equal(bob.session.open(0, frame), 'refused', 'once');
        }
        assert.equal((await bob.told.event('heard')).handle, 'alice');
    },
    async 'g04_an_empty_frame_is_a_probe'() {
        assert.equal(bob.session.open(0, new Uint8Array()), 'refused');
    },
    async 'what is no frame of the profile is replaced by silence'() {
        // too long; 60 ms; two frames; nothing
        for (const said of [opus(265), opus(80, 0x58), opus(80, 0xf9), opus(0)]) {
            const frame = alice.session.seal(said);

            assert.equal(frame.length, SEALED);
            assert.deepEqual([...bob.session.open(0, frame)], [0xf8, 0xff, 0xfe]);
        }
    },
    async 'who is not on stage seals nothing'() {
        assert.equal(bob.session.seal(opus(80)), undefined);
    },
    async 'a frame with a bit flipped, cut short or made up is refused'() {
        const frame = alice.session.seal(opus(80));
        const flipped = frame.slice();

        flipped[60] ^= 1;
        assert.equal(bob.session.open(0, flipped), 'refused');
        for (let length = 0; length < SEALED; length++)
            assert.equal(bob.session.open(0, frame.subarray(0, length)), 'refused');
        assert.equal(bob.session.open(0, new Uint8Array(4096)), 'refused');
        assert.equal(bob.session.open(16, frame), 'refused');
        assert.notEqual(bob.session.open(0, frame), 'refused');
    },
    async 'a native client joins them'() {
        carol = scene.start('join', link, '--home', scene.homeOf('carol'), '--for', '60');
        const { seats } = await bob.told.event('roster', (news) => news.seats.length === 3);
        assert.deepEqual(seats.map(({ handle }) => handle), ['alice', 'bob', 'carol']);
        await carol.told.event('seated');
    },
    async 'a frame of an epoch to come is early, then good'() {
        // the commit that seated carol is in both by now; alice goes on with a kick that bob has not heard of
        const told = alice.told.all.length;
        alice.session.wish('kick', 'carol', 7);
        await alice.told.event('wish', (news) => news.number === 7, told);
        const { epoch } = await alice.told.event('epoch', () => true, told);
        const frame = alice.session.seal(opus(80));
        let opened = bob.session.open(0, frame);

        assert.ok(opened === 'early' || opened.length === 80);
        await bob.told.event('epoch', (news) => news.epoch === epoch);
        if (opened === 'early')
            opened = bob.session.open(0, frame);
        assert.equal(opened.length, 80);
        await carol.told.event('kicked');
        assert.equal(await carol.exited, 1);
    },
    async 'chat is sealed from one to the other, and comes back as it was'() {
        const text = '你好 "tea"\\\n🫖';

        bob.session.chat(text);
        assert.equal((await alice.told.event('chat')).text, text);
        assert.throws(() => bob.session.chat(''), core.CoreError);
        assert.throws(() => bob.session.chat('x'.repeat(2001)), core.CoreError);
    },
    async 'a moderator alone can kick; who is kicked has no keys'() {
        bob.session.wish('kick', 'alice', 8);
        assert.notEqual((await bob.told.event('wish', (news) => news.number === 8)).why, undefined);
        alice.session.wish('kick', 'bob', 9);
        assert.equal((await alice.told.event('wish', (news) => news.number === 9)).why, undefined);
        await bob.told.event('kicked');
        await bob.told.event('over');
        assert.equal(typeof bob.session.open(0, alice.session.seal(opus(80))), 'string');
    },
    async 'a core that fails amid a call is over, and leaves nothing'() {
        const dave = new Member(core, house, module, 'carol', link, false);
        const random = crypto.getRandomValues;

        await dave.told.event('seated');
        crypto.getRandomValues = () => { throw new Error('no randomness'); };
        try {
            assert.throws(() => dave.session.chat('anybody?'), /no randomness/);
        } finally {
            crypto.getRandomValues = random;
        }
        assert.notEqual((await dave.told.event('over')).why, undefined);
        assert.ok(isWiped(dave.memory));
        assert.equal(dave.session.open(0, new Uint8Array(SEALED)), 'refused');
        assert.throws(() => dave.session.chat('anybody?'), core.CoreError);
    },
    async 'who leaves is told that it is over'() {
        alice.session.leave();
        assert.equal((await alice.told.event('over')).why, undefined);
        assert.ok(!isWiped(alice.memory));
        alice.session.close();
        assert.ok(isWiped(alice.memory), 'nothing is left in memory');
        bob.session.close();
        assert.equal(alice.session.seal(opus(80)), undefined);
        assert.throws(() => alice.session.chat('hello?'), core.CoreError);
    },
};

async function prepare() {
    const load = async (name) =>
        import(`data:text/javascript,${encodeURIComponent(await scene.bundle(join(web, 'src', `${name}.ts`)))}`);
    const url = await scene.serve();

    globalThis.WebSocket = (await import(pathToFileURL(join(web, 'node_modules/ws/wrapper.mjs')))).WebSocket;
    for (const name of ['alice', 'bob', 'carol'])
        scene.signUp(url, name);
    ({ link } = scene.run('room', 'new', '--home', scene.homeOf('alice'), '--title', 'Tea & "crumpets"', '--open'));
    core = await load('core');
    house = await load('house');
    module = new WebAssembly.Module(readFileSync(modulePath));
}

if (!Scene.isPossible(program)) {
    console.log('1..1\nok 1 - sessions in WebAssembly # SKIP');
    process.exit(0);
}

const scene = new Scene(program);
let failed = 1;
try {
    await prepare();
    failed = await story(tests);
} finally {
    await scene.end();
}
process.exit(failed === 0 ? 0 : 1);
