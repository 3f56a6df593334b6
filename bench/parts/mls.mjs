// core natively, core in WebAssembly and ts-mls side by side: JSON lines, null where there is no figure (ts-mls gets a
// minute for each size). Usage: mls.mjs NATIVE
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SIZES = [2, 50, 150, 1000], MINUTE = 60 * 1000;
const NAMES = ['create', 'add1', 'add50', 'welcome_join', 'commit_process', 'remove', 'message', 'sframe', 'signatures'];
const module = here('../../build/wasm/bench/mls.wasm');

// The figures that a program gives before it ends or its time does.
function figures(command, args, timeout = 0) {
    return new Promise((resolve) => execFile(command, args, { timeout }, (error, out) => {
        if (error && !error.killed)
            console.error(`mls: ${command} ${args.join(' ')}: ${error.message}`);
        resolve(Object.fromEntries(out.split('\n').filter((line) => line.includes(' ')).map((line) => {
            const [name, figure] = line.split(' ');
            return [name, Number(figure)];
        })));
    }));
}

const rounded = (figure) => (figure === undefined ? null : Number(figure.toFixed(3)));
const print = (line) => console.log(JSON.stringify(line));

for (const leaves of SIZES) {
    const native = await figures(process.argv[2], [leaves]);
    const wasm = existsSync(module) ? await figures('node', [here('../../tests/wasm/program.mjs'), module, leaves]) : {};
    const ts = await figures('node', [here('mls-ts.mjs'), leaves], MINUTE);
    for (const name of NAMES)
        print({ name, leaves, native_us: rounded(native[name]), wasm_us: rounded(wasm[name]), tsmls_us: rounded(ts[name]) });
    print({ name: 'memory', leaves, native_bytes: rounded(native.memory) });
    print({ name: 'welcome_join_by_signatures', leaves, ratio: rounded(native.welcome_join / native.signatures) });
}
