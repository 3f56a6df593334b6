// What ts-mls takes for the same as mls.c measures, with the cryptography that it brings along: lines of a name and
// microseconds of CPU, least of some rounds. Usage: mls-ts.mjs LEAVES
import { TsHouse } from '../../tests/peers/members.mjs';

const leaves = Number(process.argv[2]), SUITE = 3, ROUNDS = leaves > 150 ? 1 : leaves > 50 ? 2 : 5, FIFTY = 50;
const house = await TsHouse.load({ as_it_comes: true });

async function measured(name, rounds, run) {
    let least = Infinity;
    for (let round = 0; round < rounds; round++) {
        const prepared = await run();
        const start = process.cpuUsage();
        await prepared();
        const { user, system } = process.cpuUsage(start);
        least = Math.min(least, user + system);
    }
    console.log(`${name} ${least}`);
}

async function newcomers(count) {
    const made = [];
    for (let i = 0; i < count; i++) {
        const member = house.member(SUITE);
        made.push({ member, bytes: await member.package() });
    }
    return made;
}

const packages = (list) => list.map(({ bytes }) => bytes);
const others = await newcomers(leaves - 1), more = await newcomers(FIFTY);
let founder, made;
await measured('create', ROUNDS, async () => async () => {
    founder = house.member(SUITE);
    await founder.found();
    made = await founder.commit({ adds: packages(others) });
    await founder.take(made.commit);
});
const last = others.at(-1).member;
await last.join(made.welcome, made.tree);

const text = Buffer.alloc(100, 'x');
await measured('message', ROUNDS, async () => async () => last.take(await founder.say(text)));
await measured('commit_process', ROUNDS, async () => {
    const { commit } = await founder.commit({});
    await founder.take(commit);
    return () => last.take(commit);
});
await measured('add1', ROUNDS, async () => () => founder.commit({ adds: packages(more.slice(0, 1)) }));
await measured('remove', ROUNDS, async () => () => founder.commit({ removes: [leaves - 1] }));
await measured('welcome_join', ROUNDS, async () => {
    const [{ member, bytes }] = await newcomers(1);
    const { welcome, tree } = await founder.commit({ adds: [bytes], removes: [leaves - 1] });
    return () => member.join(welcome, tree);
});
await measured('add50', ROUNDS, async () => () => founder.commit({ adds: packages(more) }));
