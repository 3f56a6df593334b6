// usage: node.mjs MODULE.wasm: runs one module of tests and prints TAP.
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTests, tap } from './modules.mjs';

globalThis.crypto ??= webcrypto;
const folder = process.env.TEAHOUSE_VECTORS ?? join(process.env.TEAHOUSE_SOURCE ?? '.', '../shared/vectors');
const vectors = (name) => existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined;
const results = runTests(new WebAssembly.Module(readFileSync(process.argv[2])), vectors);

console.log(tap(results));
process.exit(results.some(({ outcome }) => outcome === 'failed') ? 1 : 0);
