// A real server for tests of the page, on a free port of loopback, with its data in a folder that goes with it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export async function startServer(program, ...more) {
    const home = mkdtempSync(join(tmpdir(), 'teahouse-page-'));
    const child = spawn(
        'setpriv',
        [
            '--pdeathsig',
            'KILL',
            program,
            'serve',
            '--listen',
            '127.0.0.1:0',
            ...more,
            '--data',
            join(home, 'data'),
            '--json',
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = new Promise((resolve) => child.on('exit', resolve));
    const line = await new Promise((resolve, reject) => {
        createInterface({ input: child.stdout }).once('line', resolve);
        exited.then((code) => reject(new Error(`the server ended with ${code}`)));
    });

    return {
        url: JSON.parse(line).url,
        home,
        async stop() {
            child.kill('SIGTERM');
            await exited;
            rmSync(home, { recursive: true, force: true });
        },
    };
}

/** Runs tests by name, one after the other, and prints TAP; the process ends with how it went. */
export async function tap(tests) {
    let failed = 0,
        number = 0;

    console.log(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test();
            console.log(`ok ${++number} - ${name}`);
        } catch (error) {
            failed++;
            console.log(`not ok ${++number} - ${name}\n# ${String(error.stack).replaceAll('\n', '\n# ')}`);
        }
    }
    return failed === 0;
}
