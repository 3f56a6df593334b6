// The random walk of tests/peers with ts-mls in larger groups than a test has time for: JSON lines. Usage:
// mls-peer.mjs CORE_FOR_PEERS
import { CoreHouse, TsHouse } from '../../tests/peers/members.mjs';
import { walk } from '../../tests/peers/walk.mjs';

const SIZE = 40, STEPS = 300, SEEDS = 2;

const core = new CoreHouse('core', process.argv[2]);
const ts = await TsHouse.load();
for (let seed = 0; seed < SEEDS; seed++) {
    const start = performance.now();
    const did = await walk([core, ts], seed % 2 ? core : ts, seed % 2 ? 3 : 1, SIZE, STEPS, 100 + seed);
    console.log(JSON.stringify({ name: 'mls-peer', leaves: SIZE, steps: STEPS, seconds: (performance.now() - start) / 1000, did }));
}
process.exit(await core.end());
