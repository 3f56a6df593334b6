// usage: room.mjs CHROMIUM TEAHOUSE.wasm TEAHOUSE: two browsers and native clients in one room, with the relay between
// them. Prints TAP; skipped by name where browser, program or web/node_modules is missing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere, openBrowser } from '../wasm/chromium.mjs';
import { Scene, story, web } from '../wasm/scene.mjs';
import { compare, envelopeOfFile, FRAME_MS, prepareFile } from './envelope.mjs';
import { Origin } from './origin.mjs';

const SEALED = 153, RECORDED_MS = 3000, RECORDED = RECORDED_MS / FRAME_MS;
const TRIES = 4, MUTE_FRAMES = 25; // a mute has come through after so many
const LIKE = 0.8, UNLIKE = 0.75, HOLES = 0.02; // two voices are 0.6 alike, at worst
const FIRST_SOUND_MS = 600, OVERDUE_MS = 160_000; // meson waits for 180 s
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

const is = (person, event, want = () => true, after = 0) =>
    person.told.find((told) => told.event === event && want(told.is), after);
const now = (person) => person.told.all.length;
const last = (person, event) => person.told.all.findLast((told) => told.event === event)?.is;
/** It is so now, or comes to be. */
const becomes = async (person, event, want) => {
    const { all } = person.told;
    return is(person, event, want, Math.max(0, all.findLastIndex((told) => told.event === event)));
};
const seatOf = (seats, handle) => seats.find((seat) => seat.handle === handle);
const seated = (person, ...handles) => becomes(person, 'seats', (seats) => seats.length === handles.length &&
    handles.every((handle) => seatOf(seats, handle)));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What came of a wish: `done` or `denied`. */
async function wish(person, verb, who) {
    const after = now(person);

    person.want({ do: 'wish', verb, who });
    return person.told.find((told) => ['done', 'denied'].includes(told.event) && told.verb === verb, after);
}

async function statistics(person) {
    const after = now(person);

    person.want({ do: 'statistics' });
    return person.told.event('statistics', () => true, after);
}

/** What a page hears while something is done, and for some seconds at least: each slot's loudness. */
async function record(person, meanwhile = () => undefined) {
    const after = now(person);

    person.want({ do: 'record' });
    await Promise.all([pause(RECORDED_MS), meanwhile()]);
    person.want({ do: 'recorded' });
    const { slots } = await person.told.event('recorded', () => true, after);
    return slots.filter((levels) => levels.length > 0.8 * RECORDED && levels.some((level) => level > 0.001));
}

/** One of the sounds that is nearest to a voice. */
const nearest = (name, sounds) =>
    sounds.map((heard) => compare(said[name], heard)).sort((a, b) => b.likeness - a.likeness)[0] ?? { likeness: 0, holes: 1 };

function isHeard(name, sounds) {
    const { likeness, holes } = nearest(name, sounds);

    console.log(`# ${name}: likeness ${likeness.toFixed(2)}, holes ${(100 * holes).toFixed(1)} %`);
    return likeness > LIKE && holes < HOLES;
}

/** Each page hears these voices whole. A busy machine loses frames: the listener may try again, and not for long. */
async function assertHeard(listeners, meanwhile) {
    for (let tries = 1; ; tries++) {
        const all = await Promise.all(listeners.map(([person]) => record(person, meanwhile)));
        const missing = listeners.flatMap(([, ...names], i) => names.filter((name) => !isHeard(name, all[i])));

        if (missing.length === 0)
            return all;
        assert.ok(tries < TRIES, `not heard well: ${missing}`);
    }
}

function assertUnheard(name, sounds) {
    assert.ok(nearest(name, sounds).likeness < UNLIKE, `${name} is heard`);
}

// ---- the story

const heard = join(scene.home, 'heard.wav');
let cat, link;

const tests = {
    async 'the comparison of sounds tells voices apart, and sees holes'() {
        const part = said.ann.slice(40, 40 + RECORDED);
        const cut = part.map((level, i) => i % 25 < 3 ? 0 : level);

        assert.ok(compare(said.ann, part).likeness > 0.999);
        assert.equal(compare(said.ann, part).holes, 0);
        assert.ok(compare(said.ann, cut).holes > HOLES);
        assertUnheard('bob', [part]);
        assertUnheard('cat', [part]);
    },
    async 'two browsers and a native client take their seats'() {
        await is(ann, 'stage', (on) => on);
        await is(bob, 'phase', (phase) => phase === 'seated');
        assert.equal(last(bob, 'title'), 'Tea & "crumpets"');
        cat = scene.start('join', link, '--home', scene.homeOf('cat'), '--speak', fileOf('cat'), '--role', 'speaker',
            '--record', heard, '--for', '150');
        await seated(ann, 'ann', 'bob', 'cat');
        await seated(bob, 'ann', 'bob', 'cat');
    },
    async 'a hand is raised, an invitation is accepted'() {
        assert.equal((await wish(bob, 'accept')).why, 'no moderator has invited you on stage');
        assert.equal(last(bob, 'microphone'), 'closed');
        assert.equal((await wish(bob, 'raise')).event, 'done');
        const { leaf } = seatOf(last(ann, 'seats'), 'bob');
        await is(ann, 'hands', (hands) => hands.includes(leaf));
        assert.equal((await wish(bob, 'invite', 'bob')).event, 'denied');
        assert.equal((await wish(ann, 'invite', 'bob')).event, 'done');
        await is(bob, 'me', (me) => me?.maySpeak);
        assert.equal((await wish(bob, 'accept')).event, 'done');
        await is(bob, 'stage', (on) => on);
        await is(bob, 'microphone', (state) => state === 'open');
        await becomes(ann, 'hands', (hands) => !hands.includes(leaf));
        assert.equal((await wish(ann, 'invite', 'cat')).event, 'done');
        await cat.told.event('stage', ({ microphone }) => microphone === 'open');
    },
    async 'all hear one another'() {
        await cat.told.event('heard', ({ handle }) => handle === 'ann');
        await cat.told.event('heard', ({ handle }) => handle === 'bob');
        const [atAnn, atBob] = await assertHeard([[ann, 'bob', 'cat'], [bob, 'ann', 'cat']]);

        assertUnheard('ann', atAnn);
        assertUnheard('bob', atBob);
    },
    async 'who talks is seen, and is as loud as it is wanted'() {
        const { leaf } = seatOf(last(ann, 'seats'), 'bob');

        for (const handle of ['ann', 'bob', 'cat'])
            await is(ann, 'talking', (leaves) => leaves.includes(seatOf(last(ann, 'seats'), handle).leaf));
        ann.want({ do: 'volume', leaf, gain: 0.25 });
        assert.deepEqual((await statistics(ann)).volumes.sort(), [0.25, 1]);
    },
    async 'all voices are proven'() {
        const proven = (seats) => seats.filter(({ proof }) => proof === 'proven').map(({ handle }) => handle);

        await is(ann, 'seats', (seats) => ['bob', 'cat'].every((name) => proven(seats).includes(name)));
        await is(bob, 'seats', (seats) => ['ann', 'cat'].every((name) => proven(seats).includes(name)));
        await cat.told.event('roster', ({ proof }) => ['ann proven', 'bob proven'].every((line) => proof.includes(line)));
    },
    async 'a person who is silent sends as many packets of the same size, and the native client hears the other whole'() {
        bob.want({ do: 'mute', on: true });
        await is(bob, 'microphone', (state) => state === 'muted');
        const before = await statistics(bob), from = frames() + MUTE_FRAMES;
        const atAnn = await record(ann);
        const after = await statistics(bob), spent = (after.at - before.at) / FRAME_MS;
        assert.equal(after.bytes, SEALED * after.packets);
        assert.ok(Math.abs(after.packets - before.packets - spent) < 0.1 * spent, `${after.packets - before.packets} in ${spent}`);
        assertUnheard('bob', atAnn);
        await heardByCat('ann', from); // who has heard nobody else meanwhile
        bob.want({ do: 'mute', on: false });
        await becomes(bob, 'microphone', (state) => state === 'open');
    },
    async 'a page that is busy delays no voice'() {
        await assertHeard([[bob, 'ann']], () => ann.want({ do: 'busy', ms: 2000 }));
        await ann.told.event('idle');
    },
    async 'a moderator mutes; the person itself ends it'() {
        const after = now(bob);

        await wish(ann, 'mute', 'bob');
        await is(bob, 'stage', (on) => !on, after);
        await becomes(bob, 'me', (me) => me.muted);
        await becomes(bob, 'microphone', (state) => state === 'closed');
        assert.equal((await wish(bob, 'accept')).event, 'done');
        await becomes(bob, 'stage', (on) => on);
    },
    async 'chat goes both ways'() {
        const text = '你好 "tea"\\\n🫖';

        bob.want({ do: 'say', text });
        const { is: [line] } = await is(ann, 'chat', (lines) => lines.length === 1);
        assert.deepEqual([line.handle, line.text, line.own], ['bob', text, false]);
        assert.equal((await cat.told.event('chat')).text, text);
        await is(bob, 'chat', (lines) => lines.length === 1 && lines[0].own);
    },
    async 'where no microphone is allowed one hears, and is not heard'() {
        const dan = origin.person('dan');

        dan.headers = { 'Permissions-Policy': 'microphone=()' };
        ann.want({ do: 'open', url: origin.pageOf('dan') });
        await is(dan, 'phase', (phase) => phase === 'seated');
        await wish(ann, 'invite', 'dan');
        await is(dan, 'me', (me) => me?.maySpeak);
        assert.equal((await wish(dan, 'accept')).event, 'denied');
        assert.equal(last(dan, 'microphone'), 'denied');
        assert.equal(last(dan, 'me').speaker, false);
        await assertHeard([[dan, 'bob']]);
    },
    async 'keys change under a voice that goes on: a kick'() {
        const { number } = last(bob, 'epoch');

        await assertHeard([[bob, 'ann']], async () => {
            await wish(ann, 'kick', 'dan'); // the second time, a wish that is denied
            await is(bob, 'epoch', (epoch) => epoch?.number > number);
        });
        assert.equal((await is(origin.person('dan'), 'over', (over) => over)).is.how, 'kicked');
        await seated(bob, 'ann', 'bob', 'cat');
    },
    async 'a browser without script transforms makes do with streams; without either it stays outside'() {
        const eve = origin.person('eve'), fay = origin.person('fay');

        ann.want({ do: 'open', url: `${origin.pageOf('eve')}&without=script` });
        ann.want({ do: 'open', url: `${origin.pageOf('fay')}&without=script+streams` });
        await is(eve, 'phase', (phase) => phase === 'seated');
        await assertHeard([[eve, 'bob']]);
        await wish(ann, 'invite', 'eve');
        await is(eve, 'me', (me) => me?.maySpeak);
        await wish(eve, 'accept');
        await cat.told.event('heard', ({ handle }) => handle === 'eve');
        const { bytes, packets } = await statistics(eve);
        assert.ok(packets > 0);
        assert.equal(bytes, SEALED * packets);
        eve.want({ do: 'leave' });
        assert.equal((await is(eve, 'over', (over) => over)).is.how, 'left');
        assert.deepEqual((await is(fay, 'over', (over) => over)).is, { how: 'failed', text: 'this browser cannot seal voices' });
    },
    async 'a private link with another secret opens nothing'() {
        const gus = origin.person('gus');

        ann.want({ do: 'open', url: origin.pageOf('gus') });
        assert.equal((await is(gus, 'over', (over) => over)).is.how, 'failed');
        assert.equal(gus.told.all.filter(({ event, is: seats }) => event === 'seats' && seats.length !== 0).length, 0);
    },
    async 'a page that is loaded anew amid a room hears and speaks again'() {
        const times = [];

        for (let i = 0; i < 5; i++) {
            const after = now(bob);
            bob.want({ do: 'reload' });
            times.push((await bob.told.event('first_sound', () => true, after)).ms);
        }
        times.sort((a, b) => a - b);
        console.log(`# from the link to the first sound: ${times.map(Math.round).join(', ')} ms`);
        await assertHeard([[bob, 'ann']]);
        assert.ok(times[2] < FIRST_SOUND_MS);
    },
    async 'the house is restarted, and its relay with it'() {
        const after = now(ann);

        await scene.restart();
        await is(ann, 'phase', (phase) => phase === 'away', after);
        await is(ann, 'phase', (phase) => phase === 'seated', after);
        await becomes(bob, 'phase', (phase) => phase === 'seated');
        await assertHeard([[bob, 'ann']]);
    },
    async 'links break and networks change, and sound goes on'() {
        const after = now(ann);

        await assertHeard([[bob, 'ann']], () => {
            origin.cut();
            ann.want({ do: 'online' });
        });
        await is(ann, 'phase', (phase) => phase === 'seated', after);
    },
    async 'a speaker is led off stage, and sends nothing more'() {
        await wish(ann, 'demote', 'cat');
        await cat.told.event('stage', ({ microphone }) => microphone === 'closed');
        assertUnheard('cat', await record(bob));
    },
    async 'the room ends for all'() {
        await wish(ann, 'end');
        for (const person of [ann, bob])
            assert.equal((await is(person, 'over', (over) => over)).is.how, 'ended');
        assert.equal(await cat.exited, 0);
        for (const person of [ann, bob]) {
            assert.deepEqual(last(person, 'alarms'), []);
            assert.equal(person.told.all.find(({ event }) => event === 'failed'), undefined);
        }
    },
};

/** How much the native client has recorded. */
const frames = () => envelopeOfFile(heard).length;

/** The same of what the native client has recorded from a frame on. */
async function heardByCat(name, from) {
    for (let at = from; ; at += RECORDED) {
        while (frames() < at + RECORDED)
            await pause(RECORDED_MS / 4);
        if (isHeard(name, [envelopeOfFile(heard).slice(at, at + RECORDED)]))
            return;
        assert.ok(at < from + TRIES * RECORDED, `${name} is not heard well`);
    }
}

async function prepare() {
    const script = async (name) => ['text/javascript', await scene.bundle(name, { 'seal.worker.js': '/seal.worker.js' })];

    await origin.listen();
    origin.house = await scene.serve('--public-url', origin.url);
    for (const name of ['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus'])
        scene.signUp(origin.house, name);
    for (const name of Object.keys(texts)) {
        assert.equal(spawnSync('espeak-ng', ['-v', name === 'ann' ? 'en+f3' : 'en', '-w', fileOf(name), texts[name]]).status, 0);
        prepareFile(fileOf(name), 1);
        said[name] = envelopeOfFile(fileOf(name));
        if (name === 'cat')
            prepareFile(fileOf(name), 20); // a page's microphone begins again by itself
    }
    ({ link } = scene.run('room', 'new', '--home', scene.homeOf('ann'), '--title', 'Tea & "crumpets"', '--open', '--stage', 'invited'));
    const closed = scene.run('room', 'new', '--home', scene.homeOf('ann'), '--title', 'A private room', '--private').link;
    origin.files = {
        '/': ['text/html', '<!doctype html><title>a room</title><script type="module" src="/page.js"></script>'],
        '/page.js': await script(join(here, 'room_page.ts')),
        '/tap.js': ['text/javascript', readFileSync(join(here, 'tap.js'))],
        '/seal.worker.js': await script(join(web, 'src/seal.worker.ts')),
        '/teahouse.wasm': ['application/wasm', readFileSync(modulePath)],
    };
    for (const name of ['ann', 'bob', 'dan', 'eve', 'fay'])
        origin.person(name).start = entranceOf(name, link, name === 'ann');
    origin.person('gus').start = entranceOf('gus', closed.replace(/#.*/, `#${'A'.repeat(22)}`), false);
}

/** What a page needs to enter: it knows house and room by the origin's name. */
function entranceOf(name, to, speaker) {
    const identity = scene.identityOf(name).toString().replace(/^house .*$/m, `house ${origin.url}`);

    return { identity: [...Buffer.from(identity)], link: to.replace(/^.*(?=\/r\/)/, origin.url), speaker };
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

const overdue = new Promise((_, reject) => setTimeout(() => reject(new Error('the room took too long')), OVERDUE_MS).unref());
let failed = 1;
try {
    await prepare();
    open('ann');
    open('bob');
    failed = await Promise.race([story(tests), overdue]);
} finally {
    for (const page of pages)
        await page.close();
    origin.close();
    await scene.end();
}
process.exit(failed === 0 ? 0 : 1);
