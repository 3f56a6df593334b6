// Runs a module of tests, in node and in browsers alike. Each test has an instance of its own, so that one that fails
// takes nothing along, and nothing of one is left for the next. Answers with lines of TAP.

class Failed extends Error {}
class Skipped extends Error {}

const text = new TextDecoder();

/** The imports of one instance. `vectors(name)` gives a file's bytes, or undefined where there is none. */
function host(vectors, said) {
    let memory, file;
    const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);
    const string = (at, length) => text.decode(bytes(at, length));

    return {
        attach: (instance) => { memory = instance.exports.memory; },
        imports: {
            teahouse: { random: (at, length) => crypto.getRandomValues(bytes(at, length)) },
            tests: {
                named: (at, length) => said(string(at, length)),
                said: (at, length) => said(string(at, length)),
                failed: (at, length) => { throw new Failed(string(at, length)); },
                skipped: () => { throw new Skipped(); },
                vectors: (at, length) => {
                    file = vectors(string(at, length));
                    return file === undefined ? -1 : file.length;
                },
                vectors_take: (at) => bytes(at, file.length).set(file),
            },
            // The C library's printing names these, and prints nothing here but into memory.
            wasi_snapshot_preview1: new Proxy({}, {
                get: (_, name) => () => { throw new Error(`${String(name)} was asked of a host that has none`); },
            }),
        },
    };
}

function run(module, number, vectors, said) {
    const { imports, attach } = host(vectors, said);
    const instance = new WebAssembly.Instance(module, imports);

    attach(instance);
    instance.exports._initialize?.();
    instance.exports.run(number);
}

/** @returns {{ name: string, outcome: 'passed' | 'failed' | 'skipped', notes: string[] }[]} */
export function runTests(module, vectors) {
    const names = [];

    run(module, -1, vectors, (name) => names.push(name));
    return names.map((name, number) => {
        const notes = [];
        let outcome = 'passed';

        try {
            run(module, number, vectors, (note) => notes.push(note.trimEnd()));
        } catch (error) {
            outcome = error instanceof Skipped ? 'skipped' : 'failed';
            if (outcome === 'failed')
                notes.push(`# ${error instanceof Failed ? error.message : error.stack}`);
        }
        return { name, outcome, notes };
    });
}

export function tap(results) {
    const lines = [`1..${results.length}`];

    results.forEach(({ name, outcome, notes }, i) => {
        lines.push(...notes.flatMap((note) => note.split('\n')).map((note) => note.startsWith('#') ? note : `# ${note}`));
        lines.push(`${outcome === 'failed' ? 'not ok' : 'ok'} ${i + 1} - ${name}${outcome === 'skipped' ? ' # SKIP' : ''}`);
    });
    return lines.join('\n');
}
