// A group that members of several makes sit in together, and wander at random in: each founds, adds, removes, proposes,
// updates, sends and exports; after each step all hold one epoch authenticator and one exporter.
const PSK = new TextEncoder().encode('known to all');
const PSK_SECRET = new TextEncoder().encode('from another channel, 32 bytes..');

// xorshift32 from a seed, so that a walk can be walked again.
class Dice {
    constructor(seed) {
        this.state = (0x9e3779b9 ^ (seed * 0x85ebca6b)) >>> 0 || 1;
    }
    below(n) {
        let x = this.state;
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        this.state = x >>> 0;
        return this.state % n;
    }
    one(list) {
        return list[this.below(list.length)];
    }
    once(in_so_many) {
        return this.below(in_so_many) === 0;
    }
}

class Walk {
    members = new Map(); // by leaf
    empty = new Set();   // leaves in the tree whose members never came
    did = {};
    constructor(houses, suite, size, seed) {
        Object.assign(this, { houses, suite, size, dice: new Dice(seed) });
    }
    count(what, member) {
        const name = `${what} by ${member.kind}`;
        this.did[name] = (this.did[name] ?? 0) + 1;
    }
    async found(house) {
        const member = house.member(this.suite);
        await member.found();
        await member.psk(PSK, PSK_SECRET);
        this.members.set(0, member);
        this.count('founding', member);
    }
    leaf(not = []) {
        return this.dice.one([...this.members.keys()].filter((leaf) => !not.includes(leaf)));
    }
    async newcomer() {
        const most = Math.max(2, this.size / 6); // ts-mls takes its time: of its kind there are a few
        const slow = [...this.members.values()].filter(({ kind }) => kind === 'ts-mls').length >= most;
        const member = this.dice.one(this.houses.filter(({ kind }) => !slow || kind !== 'ts-mls')).member(this.suite);
        const bytes = await member.package();
        await member.psk(PSK, PSK_SECRET);
        return { member, bytes };
    }
    async spread(message, from, wanted, text) {
        await Promise.all([...this.members].filter(([leaf]) => leaf !== from).map(async ([leaf, member]) => {
            const { what, leaf: by, text: heard } = await member.take(message);
            if (!wanted.includes(what) || (by !== undefined && by !== from) || (text && !text.equals(heard)))
                throw new Error(`${member.kind} at ${leaf} took a ${what} of ${by} for a ${wanted} of ${from}`);
        }));
    }

    // What others ask for, to be carried out by the next commit. Gives the leaf that the commit must not be by.
    async propose() {
        const leaf = this.leaf(), member = this.members.get(leaf);
        if (member.kind === 'ts-mls' && this.dice.once(2)) {
            await this.spread(await member.proposeUpdate(), leaf, ['proposal']);
            this.count('proposal to update', member);
            return { not: [leaf], goes: [] };
        }
        if (this.members.size < 3)
            return { not: [], goes: [] };
        const goes = this.leaf([leaf]);
        await this.spread(await member.proposeRemove(goes), leaf, ['proposal']);
        this.count('proposal to remove', member);
        return { not: [goes], goes: [goes] };
    }
    async commit({ not, goes }) {
        const leaf = this.leaf(not), member = this.members.get(leaf);
        const removes = [...this.empty];
        const crowd = this.members.size - goes.length + removes.length;
        while (crowd - removes.length > 1 && removes.length < 2 + this.empty.size && this.dice.below(this.size) < crowd / 2) {
            const gone = this.leaf([leaf, ...not, ...removes]);
            if (gone === undefined)
                break;
            removes.push(gone);
        }
        const room = this.size - crowd + removes.length;
        const adds = [];
        for (let n = this.dice.below(4); n > 0 && adds.length < room; n--)
            adds.push(await this.newcomer());
        const psks = member.kind === 'ts-mls' && this.dice.once(4) ? [PSK] : [];
        const made = await member.commit({ removes, psks, adds: adds.map(({ bytes }) => bytes),
                                           open: this.dice.once(3), inside: this.dice.once(2) });
        this.count(adds.length || removes.length ? 'change' : 'update', member);
        if (psks.length)
            this.count('secret mixed in', member);
        await this.settle(made, leaf, [...goes, ...removes], adds);
    }
    async settle({ commit, welcome, tree }, leaf, gone, adds) {
        const places = this.places(gone, adds.length);
        await Promise.all([...this.members].map(async ([at, member]) => {
            // ts-mls does not notice that it was removed where another has its place already.
            if (member.kind === 'ts-mls' && gone.includes(at) && places.includes(at))
                return;
            const { what } = await member.take(commit);
            const wanted = at === leaf ? 'own' : gone.includes(at) ? 'gone' : 'commit';
            if (what !== wanted)
                throw new Error(`${member.kind} at ${at} took the commit for ${what}, not ${wanted}`);
        }));
        for (const at of gone) {
            await this.members.get(at)?.leave();
            this.members.delete(at);
            this.empty.delete(at);
        }
        for (const [i, { member }] of adds.entries())
            await this.seat(member, places[i], welcome, tree);
    }
    // Section 12.1.1: each newcomer takes the leftmost place that is free.
    places(gone, count) {
        const places = [];
        for (let at = 0; places.length < count; at++)
            if (gone.includes(at) || !(this.members.has(at) || this.empty.has(at)))
                places.push(at);
        return places;
    }
    // Joining, ts-mls wants a leaf that is unmerged at one node to be so at every node above; but a path of somebody
    // else may have merged it there (section 7.5). Its place is taken then, and nobody sits there.
    refuses_tree(member, error) {
        if (member.kind !== 'ts-mls' || !/must list leaf node in its unmerged_leaves/.test(error.message))
            throw error;
        this.count('right tree refused', member);
        return false;
    }
    async seat(member, place, welcome, tree) {
        try {
            await member.join(welcome, tree);
        } catch (error) {
            this.empty.add(place);
            return this.refuses_tree(member, error);
        }
        const { leaf } = await member.state();
        if (leaf !== place)
            throw new Error(`${member.kind} sits down on ${leaf}, not on ${place}`);
        this.members.set(place, member);
        this.count('joining', member);
    }
    // From outside, by what a member tells: core takes it here, where no room's policy stands before it.
    async outsider() {
        const host = [...this.members.values()].find((member) => member.kind === 'ts-mls');
        if (host === undefined || this.members.size + this.empty.size >= this.size)
            return false;
        const member = this.houses.find((house) => house.kind === 'ts-mls').member(this.suite);
        let commit;
        try {
            commit = await member.joinFrom(host);
        } catch (error) {
            return this.refuses_tree(member, error);
        }
        await member.psk(PSK, PSK_SECRET);
        await Promise.all([...this.members.values()].map(async (other) => {
            const { what } = await other.take(commit);
            if (what !== 'commit')
                throw new Error(`${other.kind} took an external commit for ${what}`);
        }));
        this.members.set((await member.state()).leaf, member);
        this.count('external commit', member);
        return true;
    }
    async talk() {
        const leaf = this.leaf(), member = this.members.get(leaf);
        const text = Buffer.from(`word ${this.dice.below(1e6)}`);
        await this.spread(await member.say(text), leaf, ['said'], text);
        this.count('word', member);
    }
    async agree() {
        let first;
        for (const [leaf, member] of this.members) {
            const state = await member.state();
            first ??= state;
            if (state.leaf !== leaf)
                throw new Error(`${member.kind} believes that it is ${state.leaf}, not ${leaf}`);
            for (const what of ['epoch', 'tree', 'authenticator', 'exported'])
                if (state[what] !== first[what])
                    throw new Error(`${member.kind} at ${leaf} has another ${what}`);
        }
    }
    async step() {
        if (this.dice.once(12) && await this.outsider())
            return this.agree();
        await this.commit(this.members.size > 1 && this.dice.once(3) ? await this.propose() : { not: [], goes: [] });
        await this.agree();
        await this.talk();
    }
    async end() {
        for (const member of this.members.values())
            await member.leave();
    }
}

// Walks so many steps in a group of at most `size`; gives what was done, by whom. An error names the step.
export async function walk(houses, founder, suite, size, steps, seed) {
    const it = new Walk(houses, suite, size, seed);
    await it.found(founder);
    for (let step = 0; step < steps; step++)
        await it.step().catch((error) => {
            throw new Error(`step ${step}, ${it.members.size} members: ${error.stack}`);
        });
    await it.end();
    return it.did;
}
