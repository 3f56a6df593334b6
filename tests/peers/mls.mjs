// ts-mls and core in one group (field report G40). Usage: mls.mjs CORE_FOR_PEERS STEPS. Prints TAP; without the npm
// packages it skips by name.
import { CoreHouse, TsHouse } from './members.mjs';
import { walk } from './walk.mjs';

const SIZE = 16, SEEDS = 3;
const [program, steps] = process.argv.slice(2);

async function main() {
    const names = Array.from({ length: SEEDS }, (_, seed) =>
        `g40 core and ts-mls agree for ${steps} steps, suite ${seed % 2 ? 1 : 3}, founded by ${seed % 2 ? 'ts-mls' : 'core'}`);
    let ts;
    console.log(`1..${names.length}`);
    try {
        ts = await TsHouse.load();
    } catch (error) {
        names.forEach((name, i) => console.log(`ok ${i + 1} - ${name} # SKIP the npm packages of tests/peers are not installed`));
        return 0;
    }
    const core = new CoreHouse('core', program);
    let failed = 0;
    for (const [seed, name] of names.entries()) {
        const suite = seed % 2 ? 1 : 3;
        await walk([core, ts], seed % 2 ? ts : core, suite, SIZE, Number(steps), seed).then((did) => {
            console.log(`ok ${seed + 1} - ${name}`);
            console.log(`# ${JSON.stringify(did)}`);
        }, (error) => {
            failed++;
            console.log(`not ok ${seed + 1} - ${name}`);
            console.log(String(error.message).replace(/^/gm, '# '));
        });
    }
    const code = await core.end();
    if (code !== 0)
        console.log(`# core ended with ${code}`);
    return failed || code !== 0 ? 1 : 0;
}

process.exit(await main());
