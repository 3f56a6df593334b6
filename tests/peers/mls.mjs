// ts-mls, core and core as WebAssembly in one group (field report G40). Usage: mls.mjs CORE_FOR_PEERS STEPS. Prints TAP;
// without the npm packages, or without the module, it skips by name.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CoreHouse, TsHouse } from './members.mjs';
import { walk } from './walk.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SIZE = 16, SEEDS = 3, MODULE = here('../../build/wasm/tests/wasm/core_for_peers.wasm');
const [program, steps] = process.argv.slice(2);

function report(number, name, why) {
    console.log(`${why ? 'not ok' : 'ok'} ${number} - ${name}`);
    if (why)
        console.log(why.replace(/^/gm, '# '));
    return why ? 1 : 0;
}

// Nobody has only looked on.
function took_part(kind, did) {
    const lacking = ['founding', 'joining', 'change', 'update', 'proposal to remove', 'word']
        .filter((what) => !did.some((each) => each[`${what} by ${kind}`]));
    return lacking.length ? `no ${lacking.join(', no ')} by ${kind}` : '';
}

async function main() {
    const founders = ['core', 'ts-mls', 'core in wasm'].slice(0, SEEDS);
    const names = founders.map((founder, seed) =>
        `g40 all agree for ${steps} steps, suite ${seed % 2 ? 1 : 3}, founded by ${founder}`);
    const wasm_name = 'g40 core in wasm has taken part';
    let ts;
    console.log(`1..${SEEDS + 1}`);
    try {
        ts = await TsHouse.load();
    } catch (error) {
        [...names, wasm_name].forEach((name, i) =>
            console.log(`ok ${i + 1} - ${name} # SKIP the npm packages of tests/peers are not installed`));
        return 0;
    }
    const houses = [new CoreHouse('core', program), ts];
    if (existsSync(MODULE))
        houses.push(new CoreHouse('core in wasm', process.execPath, '--no-warnings', here('../wasm/program.mjs'), MODULE));
    const did = [];
    let failed = 0;
    for (const [seed, name] of names.entries()) {
        const founder = houses.find(({ kind }) => kind === founders[seed]) ?? houses[0];
        failed += report(seed + 1, name, await walk(houses, founder, seed % 2 ? 1 : 3, SIZE, Number(steps), seed).then(
            (what) => {
                did.push(what);
                return '';
            }, (error) => String(error.message)));
    }
    for (const each of did)
        console.log(`# ${JSON.stringify(each)}`);
    if (houses.length < 3)
        console.log(`ok ${SEEDS + 1} - ${wasm_name} # SKIP build/wasm has no module`);
    else
        failed += report(SEEDS + 1, wasm_name, took_part('core in wasm', did));
    for (const house of houses.filter(({ end }) => end)) {
        const code = await house.end();
        if (code !== 0)
            console.log(`# ${house.kind} ended with ${code}`);
        failed += code !== 0;
    }
    return failed ? 1 : 0;
}

process.exit(await main());
