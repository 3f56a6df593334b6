// usage: room.mjs CHROMIUM TEAHOUSE.wasm TEAHOUSE: two browsers and native clients in one room, with the relay between
// them. Prints TAP; skipped by name where browser, program or web/node_modules is missing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere, openBrowser } from '../wasm/chromium.mjs';
import { Scene, story, web } from '../wasm/scene.mjs';
import { compare, envelopeOfFile, FRAME_MS, resample } from './envelope.mjs';
import { Origin } from './origin.mjs';

const SEALED = 153, RECORDED_MS = 5000;
const LIKE = 0.8, UNLIKE = 0.5, HOLES = 0.02;
const [browser, modulePath, program] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const texts = {
    ann: 'The kettle is on, and nobody is listening but you. Do come in, sit down, and say what you like. We have all evening.',
    bob: 'Seven wet sailors brought a barrel of herring up the hill; one of them sang, loudly, out of tune. The others? They laughed.',
    cat: 'A quarter past nine. No letters today! Tomorrow, perhaps, if the ferry sails, there will be two of them, and a parcel.',
};
const scene = new Scene(program), origin = new Origin();
const pages = [];
const [ann, bob] = ['ann', 'bob'].map((name) => origin.person(name));
const fileOf = (name) => join(scene.home, `${name}.wav`);
const said = {};

// ---- what is looked for

const is = (person, event, want, after) => person.told.find((told) => told.event === event && want(told.is), after);
const now = (person) => person.told.all.length;
const seated = (count) => (seats) => seats.length === count;
const seatOf = (person, handle) => person.told.all.findLast(({ event }) => event === 'seats').is.find((seat) => seat.handle === handle);

async function denied(person, wanted) {
    const after = now(person);
    person.want(wanted);
    return (await person.told.find(({ event, verb }) => verb === wanted.verb && (event === 'denied' || event === 'done'), after)).why;
}

/** What a page hears for some seconds: each slot's loudness. */
async function record(person) {
    const after = now(person);

    person.want({ do: 'record' });
    await new Promise((done) => setTimeout(done, RECORDED_MS));
    person.want({ do: 'recorded' });
    const { slots } = await person.told.event('recorded', () => true, after);
    return slots.filter((levels) => levels.some((level) => level > 0.001));
}

/** One of the sounds is this voice, whole, and it is nobody else's. */
function isVoice(name, sounds) {
    const found = sounds.map((heard) => compare(said[name], heard)).sort((a, b) => b.likeness - a.likeness)[0];

    assert.ok(found !== undefined, `nothing was heard where ${name} should be`);
    console.log(`# ${name}: likeness ${found.likeness.toFixed(3)}, holes ${found.holes.toFixed(3)}`);
    assert.ok(found.likeness > LIKE && found.holes < HOLES, `${name} is not heard well`);
}

// ---- the story

let cat, link;

const tests = {
    async 'the comparison of sounds tells voices apart, and sees holes'() {
        const part = said.ann.slice(40, 40 + RECORDED_MS / FRAME_MS);
        const cut = part.map((level, i) => i % 25 < 3 ? 0 : level);

        assert.ok(compare(said.ann, part).likeness > 0.999);
        assert.ok(compare(said.bob, part).likeness < UNLIKE);
        assert.ok(compare(said.ann, cut).holes > HOLES);
        assert.equal(compare(said.ann, part).holes, 0);
    },
    async 'two browsers and a native client take their seats'() {
        await is(ann, 'phase', (phase) => phase === 'seated');
        await is(ann, 'stage', (on) => on);
        await is(bob, 'phase', (phase) => phase === 'seated');
        cat = scene.start('join', link, '--home', scene.homeOf('cat'), '--speak', fileOf('cat'), '--role', 'speaker',
            '--record', join(scene.home, 'heard.wav'), '--for', '100');
        await cat.told.event('seated');
        await is(ann, 'seats', seated(3));
        await is(bob, 'seats', seated(3));
    },
    async 'all hear one another'() {
        const [atAnn, atBob] = await Promise.all([record(ann), record(bob)]);

        isVoice('bob', atAnn);
        isVoice('cat', atAnn);
        isVoice('ann', atBob);
        isVoice('cat', atBob);
    },
};

async function prepare() {
    const script = async (name) => ['text/javascript', await scene.bundle(name, { 'seal.worker.js': '/seal.worker.js' })];

    await origin.listen();
    origin.house = await scene.serve('--public-url', origin.url);
    for (const name of ['ann', 'bob', 'cat']) {
        scene.signUp(origin.house, name);
        assert.equal(spawnSync('espeak-ng', ['-v', name === 'ann' ? 'en+f3' : 'en', '-w', fileOf(name), texts[name]]).status, 0);
        resample(fileOf(name));
        said[name] = envelopeOfFile(fileOf(name));
    }
    ({ link } = scene.run('room', 'new', '--home', scene.homeOf('ann'), '--title', 'A room', '--open', '--stage', 'everyone'));
    origin.files = {
        '/': ['text/html', '<!doctype html><title>a room</title><script type="module" src="/page.js"></script>'],
        '/page.js': await script(join(here, 'room_page.ts')),
        '/tap.js': ['text/javascript', readFileSync(join(here, 'tap.js'))],
        '/seal.worker.js': await script(join(web, 'src/seal.worker.ts')),
        '/teahouse.wasm': ['application/wasm', readFileSync(modulePath)],
    };
    for (const name of ['ann', 'bob'])
        origin.person(name).start = entranceOf(name, link);
}

/** What a page needs to enter: it knows house and room by the origin's name. */
function entranceOf(name, to) {
    const identity = scene.identityOf(name).toString().replace(/^house .*$/m, `house ${origin.url}`);

    return { identity: [...Buffer.from(identity)], link: to.replace(/^.*(?=\/r\/)/, origin.url), speaker: true };
}

function open(name) {
    pages.push(openBrowser(browser, origin.pageOf(name), ['--autoplay-policy=no-user-gesture-required',
        '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--disable-popup-blocking',
        `--use-file-for-fake-audio-capture=${fileOf(name)}`]));
}

if (!Scene.isPossible(program) || !isThere(browser)) {
    console.log(`1..1\nok 1 - a room in ${browser} # SKIP`);
    process.exit(0);
}

let failed = 1;
try {
    await prepare();
    open('ann');
    open('bob');
    failed = await story(tests);
} finally {
    for (const page of pages)
        await page.close();
    origin.close();
    await scene.end();
}
process.exit(failed === 0 ? 0 : 1);
