// usage: visit.mjs TEAHOUSE: people at a house's door, by the module that browsers get: accounts, the list of rooms,
// new rooms. In node, with the app's own files. Prints TAP.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startServer, tap } from './server.mjs';

const program = process.argv[2];
const source = join(dirname(fileURLToPath(import.meta.url)), '../..');
const web = join(source, 'web'), page = join(source, 'build/page');
if (!existsSync(join(page, 'files.json')) || !existsSync(join(web, 'node_modules/ws'))) {
    console.log('1..1\nok 1 - people at the door # SKIP there is no page in build/page, or npm gave no packages');
    process.exit(0);
}

globalThis.crypto ??= webcrypto;
const { build } = await import(pathToFileURL(join(web, 'node_modules/esbuild/lib/main.js')));
const { default: Socket } = await import(pathToFileURL(join(web, 'node_modules/ws/wrapper.mjs')));
globalThis.WebSocket = class extends Socket {
    constructor(...how) {
        super(...how);
        this.on('error', () => undefined); // a browser's does not throw what nobody listens for
    }
};
const scratch = mkdtempSync(join(tmpdir(), 'teahouse-visit-'));
async function load(name) {
    const outfile = join(scratch, `${name}.mjs`);
    await build({ entryPoints: [join(web, `src/${name}.ts`)], bundle: true, format: 'esm', outfile, logLevel: 'silent' });
    return import(pathToFileURL(outfile));
}
const { Visit, Refused, Lost, NAME_TAKEN } = await load('visit');
const { openLink } = await load('house');
const { file } = JSON.parse(readFileSync(join(page, 'files.json'))).find(({ path }) => path.endsWith('.wasm'));
const module = new WebAssembly.Module(readFileSync(join(page, file)));
const server = await startServer(program);
const visits = [];

function come(coming, keep = async () => undefined) {
    const visit = new Visit(module, openLink, { house: server.url, ...coming }, keep);
    visits.push(visit);
    return visit;
}

function native(...words) {
    const { status, stdout, stderr } = spawnSync(program, [...words, '--json'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

const kept = [];
let ming, code, links;

const good = await tap({
    async 'an account is kept before the house hears of it'() {
        let release;
        const written = new Promise((resolve) => { release = resolve; });
        const visit = come({ way: 'new', handle: 'ming' }, async (account) => {
            kept.push(account);
            await written;
        });
        const other = come({ way: 'new', handle: 'ming' }); // is there first, since the other still waits
        await other.signedIn;
        release();
        await assert.rejects(visit.signedIn, (error) => error instanceof Refused && error.reason === NAME_TAKEN);
        ming = await other.signedIn;
        assert.match(ming.fingerprint, /^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
        assert.equal(kept.length, 1);
        code = other.code();
    },
    async 'what cannot be kept is not registered'() {
        const visit = come({ way: 'new', handle: 'forgetful' }, () => Promise.reject(new Error('full')));
        await assert.rejects(visit.signedIn, /full/);
        await come({ way: 'new', handle: 'forgetful' }).signedIn; // the name is still free
    },
    async 'its file opens the account again, in a native client too'() {
        const again = await come({ way: 'back', file: ming.file }).signedIn;
        assert.equal(again.handle, 'ming');
        assert.equal(again.fingerprint, ming.fingerprint);
        const home = join(server.home, 'ming');
        spawnSync('mkdir', ['-m', '700', home]);
        writeFileSync(join(home, 'account'), ming.file, { mode: 0o600 });
        assert.deepEqual(native('room', 'list', '--home', home), []);
        assert.equal(come({ way: 'back', file: 'nobody' }).isLost, true);
    },
    async 'the code on paper gives it back, handle and all'() {
        const visit = come({ way: 'recover', code: code.toLowerCase().replaceAll('-', ' ') });
        const back = await visit.signedIn;
        assert.equal(back.file, ming.file);
        await assert.rejects(come({ way: 'recover', code: code.replace(/.$/, (last) => (last === 'Q' ? 'R' : 'Q')) })
            .signedIn);
    },
    async 'rooms of every kind are made, and shown as their charter is'() {
        const visit = come({ way: 'back', file: ming.file });
        const plan = { title: 'Tea "and" 茶 🚲', kind: 'open', everyone: true, deniable: false, pseudonyms: true };
        links = [await visit.make(plan),
            await visit.make({ title: 'Quiet', kind: 'social', everyone: false, deniable: false, pseudonyms: false }),
            await visit.make({ title: 'Us', kind: 'private', everyone: false, deniable: true, pseudonyms: false })];
        const shown = await visit.show(links[0]);
        assert.deepEqual(
            [shown.title, shown.kind, shown.everyone, shown.deniable, shown.pseudonyms, shown.mine, shown.secret],
            ['Tea "and" 茶 🚲', 'open', true, false, true, true, 'none']);
        assert.equal((await visit.show(links[1])).kind, 'social');
        const [link, secret] = links[2].split('#');
        const turned = secret.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
        assert.equal((await visit.show(links[2])).secret, 'right');
        assert.equal((await visit.show(link)).secret, 'missing');
        assert.equal((await visit.show(`${link}#${turned}`)).secret, 'other');
        await assert.rejects(visit.show(`${server.url}/r/${'A'.repeat(43)}`), Refused);
        await assert.rejects(visit.show('no link'), { name: 'CoreError' });
        await assert.rejects(visit.make({ ...plan, title: '‮upside' }), Refused);
    },
    async 'the list is what a native client lists'() {
        const visit = come({ way: 'back', file: ming.file });
        const rooms = await visit.rooms();
        assert.ok(rooms.length >= 1);
        assert.deepEqual(rooms.map(({ room, title }) => ({ room, title })),
            native('room', 'list', '--home', join(server.home, 'ming')).map(({ room, title }) => ({ room, title })));
        await visit.follow('forgetful', true);
        await visit.follow('forgetful', false);
        await assert.rejects(visit.follow('nobody at all', true), Refused);
    },
    async 'g54_a_name_that_turns_the_line_around_is_shown_without_it'() {
        const mark = 'QQQ', override = [0xe2, 0x80, 0xae]; // U+202E is as long
        const lie = (message) => {
            const at = Buffer.from(message.buffer, message.byteOffset, message.length).indexOf(mark);
            if (at >= 0)
                message.set(override, at);
            return message;
        };
        const lyingLink = (url, protocol, listener) =>
            openLink(url, protocol, { ...listener, heard: (message) => listener.heard(lie(message)) });
        const visit = new Visit(module, lyingLink, { way: 'back', file: ming.file }, async () => undefined);
        visits.push(visit);
        const link = await visit.make({ title: `Tea ${mark} gnp.exe`, kind: 'open', everyone: false, deniable: false, pseudonyms: false });
        assert.equal((await visit.show(link)).title, 'Tea \ufffd gnp.exe');
        assert.deepEqual((await visit.rooms()).map(({ title }) => title).filter((title) => title.includes('gnp')), ['Tea \ufffd gnp.exe']);
    },
    async 'whoever asks a house that has gone is told'() {
        const visit = come({ way: 'back', file: ming.file });
        await visit.signedIn;
        await server.stop();
        await assert.rejects(visit.rooms(), Lost);
        assert.equal(visit.isLost, true);
        await assert.rejects(come({ way: 'back', file: ming.file }).signedIn, Lost);
    },
});

visits.forEach((visit) => visit.close());
rmSync(scratch, { recursive: true, force: true });
process.exit(good ? 0 : 1);
