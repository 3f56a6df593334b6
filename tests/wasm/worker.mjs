import { runTests, tap } from '/modules.mjs';

/** A file of vectors; the tests cannot wait for one. */
function vectors(name) {
    const request = new XMLHttpRequest();

    request.open('GET', `/vectors/${name}`, false);
    request.responseType = 'arraybuffer';
    request.send();
    return request.status === 200 ? new Uint8Array(request.response) : undefined;
}

/** What has vectors, or wants randomness. The rest asks a browser for nothing, and node has run it. */
const isForBrowsers = (module) =>
    WebAssembly.Module.imports(module).some(({ name }) => name === 'vectors' || name === 'random');

/** The app's own module, from the first byte to where it can be called. */
async function timeApp() {
    const began = performance.now();

    await WebAssembly.instantiateStreaming(fetch('/modules/teahouse.wasm'),
        { teahouse: new Proxy({}, { get: () => () => 0 }) });
    return `# teahouse.wasm: in the browser loaded, compiled and instantiated in ${(performance.now() - began).toFixed(1)} ms`;
}

const results = [{ name: 'the app\'s module is instantiated', outcome: 'passed', notes: [await timeApp()] }];

for (const name of await (await fetch('/modules.json')).json()) {
    if (name === 'teahouse.wasm')
        continue;
    const module = await WebAssembly.compileStreaming(fetch(`/modules/${name}`));
    const program = name.replace(/^test_|\.wasm$/g, '');

    if (!isForBrowsers(module))
        continue;

    results.push(...runTests(module, vectors).map((result) => ({ ...result, name: `${program} ${result.name}` })));
}
postMessage(tap(results));
