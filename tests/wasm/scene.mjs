// A real server, accounts on it and native clients, for tests of what runs in WebAssembly beside them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const WAIT_MS = 30_000;
export const web = join(dirname(fileURLToPath(import.meta.url)), '../../web');

/** What somebody tells, in order, to be waited for. */
export class Told {
    all = [];
    #waiting = [];
    tell(news) {
        this.all.push(news);
        this.#waiting = this.#waiting.filter((try_) => !try_());
    }
    /** The first that is wanted, among those from number `after` on. */
    find(want, after = 0) {
        return new Promise((resolve, reject) => {
            const try_ = () => {
                const found = this.all.slice(after).find(want);
                if (found !== undefined) {
                    clearTimeout(overdue);
                    resolve(found);
                }
                return found !== undefined;
            };
            const overdue = setTimeout(() => reject(new Error(
                `waited in vain for ${want}; told: ${JSON.stringify(this.all).slice(-1500)}`)), WAIT_MS);
            if (!try_())
                this.#waiting.push(try_);
        });
    }
    event(event, also = () => true, after = 0) {
        return this.find((news) => news.event === event && also(news), after);
    }
}

export class Scene {
    home = mkdtempSync(join(tmpdir(), 'teahouse-wasm-'));
    #children = [];
    #serving;
    #server;
    #media;
    constructor(program) {
        this.program = program;
    }
    static isPossible(program) {
        return existsSync(program) && existsSync(join(web, 'node_modules'));
    }

    /** The JSON object that a command prints last. */
    run(...words) {
        const { status, stdout, stderr } = spawnSync(this.program, [...words, '--json'], { encoding: 'utf8' });

        assert.equal(status, 0, stderr);
        return stdout.trim() === '' ? {} : JSON.parse(stdout.trim().split('\n').at(-1));
    }
    /** A program that goes on: `told` has what it prints, `exited` its code. */
    start(...words) {
        const child = spawn(this.program, [...words, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
        const told = new Told();

        createInterface({ input: child.stdout }).on('line', (line) => told.tell(JSON.parse(line)));
        this.#children.push(child);
        return Object.assign(child, { told, exited: new Promise((resolve) => child.on('exit', resolve)) });
    }
    /** Gives the address that it listens on, whatever it is called by; for media it is the same. */
    async serve(...words) {
        this.#serving = words;
        return this.#serve('127.0.0.1:0');
    }
    /** The server ends, and begins anew where it was. */
    async restart() {
        this.#server.kill();
        await this.#server.exited;
        await this.#serve(this.#media);
    }
    async #serve(listen) {
        this.#server = this.start('serve', '--listen', listen, '--data', join(this.home, 'house'), ...this.#serving);
        this.#media = (await this.#server.told.event('listening')).media;
        return `http://${this.#media}`;
    }
    homeOf(name) {
        return join(this.home, name);
    }
    signUp(url, name) {
        this.run('signup', '--server', url, '--home', this.homeOf(name), '--handle', name);
    }
    identityOf(name) {
        return readFileSync(join(this.homeOf(name), 'account'));
    }

    /** One of the app's own files, bundled as it is for a browser. */
    async bundle(path, files = {}) {
        const { build } = await import(pathToFileURL(join(web, 'node_modules/esbuild/lib/main.js')));
        const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: 'esm', target: 'es2022', write: false,
            nodePaths: [join(web, 'node_modules')], define: { FILES: JSON.stringify(files) } });

        return outputFiles[0].text;
    }
    async end() {
        for (const child of this.#children)
            child.kill();
        await Promise.all(this.#children.map(({ exited }) => exited));
        rmSync(this.home, { recursive: true, force: true });
    }
}

/** Runs tests that stand on one another, in order; prints TAP and gives how many failed. */
export async function story(tests) {
    let count = 0, failed = 0;

    console.log(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        const why = await test().then(() => undefined, (error) => error);

        count++;
        failed += why === undefined ? 0 : 1;
        console.log(`${why === undefined ? 'ok' : 'not ok'} ${count} - ${name}`);
        if (why !== undefined)
            console.log(`# ${String(why.stack).replaceAll('\n', '\n# ')}`);
    }
    return failed;
}
