// A headless browser for one page, in a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const isThere = (program) => !spawnSync(program, ['--version']).error;

/** `failed` rejects when the browser ends by itself, or never began; `close` ends it and all that it started. */
export function openBrowser(program, url, flags = []) {
    const home = mkdtempSync(join(tmpdir(), 'teahouse-browser-'));
    // A test that is killed takes its browser along.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...FLAGS, ...flags, `--user-data-dir=${home}`, url],
        { stdio: 'ignore', detached: true });
    const gone = new Promise((resolve) => child.on('exit', resolve).on('error', resolve));
    const failed = new Promise((_, reject) => {
        child.on('error', reject);
        child.on('exit', (code) => reject(new Error(`the browser ended with ${code}`)));
    });

    failed.catch(() => undefined);
    return {
        failed,
        async close() {
            if (child.pid !== undefined && child.exitCode === null)
                process.kill(-child.pid, 'SIGKILL'); // its own group
            await gone;
            rmSync(home, { recursive: true, force: true, maxRetries: 10 });
        },
    };
}
