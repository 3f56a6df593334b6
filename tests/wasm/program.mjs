// usage: program.mjs MODULE.wasm [ARGUMENT...]: runs a program that was compiled for WASI, with our own streams.
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

globalThis.crypto ??= webcrypto;
const [path, ...words] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [path, ...words], returnOnExit: true });
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {
    ...wasi.getImportObject(),
    teahouse: {
        random: (at, length) => crypto.getRandomValues(new Uint8Array(instance.exports.memory.buffer, at, length)),
    },
});

process.exit(wasi.start(instance));
