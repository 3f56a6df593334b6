// Members of MLS groups by different makes, with one face: packages, commits and messages are bytes, told apart by
// nothing but what they say. Who has made them is no business of the group's.
import { spawn } from 'node:child_process';
import { createHash, createHmac, createPrivateKey, createPublicKey, sign, timingSafeEqual, verify } from 'node:crypto';
import { createInterface } from 'node:readline';

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => (text === '-' ? Buffer.alloc(0) : Buffer.from(text, 'hex'));
const word = (bytes) => (bytes && bytes.length ? hex(bytes) : '-');

const CONTEXT = 0xf101, LEAF = 0xf102, HOUR = 3600, DAY = 86400;

// core itself, natively or as WebAssembly, in a process of its own that holds many members: core_for_peers.c says how it
// is spoken to.
export class CoreHouse {
    waiting = [];
    seats = 0;
    free = [];
    constructor(kind, command, ...words) {
        this.kind = kind;
        this.process = spawn(command, [...words, String(Math.floor(Date.now() / 1000))],
                             { stdio: ['pipe', 'pipe', 'inherit'] });
        createInterface({ input: this.process.stdout }).on('line', (line) => {
            const [resolve, reject, asked] = this.waiting.shift();
            if (line.startsWith('ok'))
                resolve(line.slice(3).split(' '));
            else
                reject(new Error(`${kind}, asked to ${asked}: ${line}`));
        });
        this.ended = new Promise((resolve) => this.process.on('exit', (code) => {
            for (const [, reject, asked] of this.waiting)
                reject(new Error(`${kind} has ended, asked to ${asked}`));
            resolve(code);
        }));
    }
    ask(...words) {
        return new Promise((resolve, reject) => {
            this.waiting.push([resolve, reject, words.slice(0, 2).join(' ')]);
            this.process.stdin.write(words.join(' ') + '\n');
        });
    }
    member(suite) {
        return new CoreMember(this, this.free.pop() ?? this.seats++, suite);
    }
    end() {
        this.process.stdin.end();
        return this.ended;
    }
}

class CoreMember {
    constructor(house, seat, suite) {
        Object.assign(this, { house, seat, suite, kind: house.kind });
    }
    ask(verb, ...words) {
        return this.house.ask(verb, this.seat, ...words);
    }
    async found() {
        await this.ask('found', this.suite);
    }
    async package() {
        return unhex((await this.ask('package', this.suite))[0]);
    }
    async join(welcome, tree) {
        await this.ask('join', word(welcome), word(tree));
    }
    async commit({ adds = [], removes = [] }) {
        const [commit, welcome, tree] = await this.ask('commit', adds.map(hex).join(',') || '-', removes.join(',') || '-');
        return { commit: unhex(commit), welcome: unhex(welcome), tree: unhex(tree) };
    }
    async proposeRemove(leaf) {
        return unhex((await this.ask('remove', leaf))[0]);
    }
    async take(message) {
        const [what, leaf, text] = await this.ask('take', hex(message));
        return { what, leaf: Number(leaf), text: text === undefined ? undefined : unhex(text) };
    }
    async say(text) {
        return unhex((await this.ask('say', hex(text)))[0]);
    }
    async psk(id, secret) {
        await this.ask('psk', hex(id), hex(secret));
    }
    async state() {
        const [epoch, leaf, authenticator, tree, exported] = await this.ask('state');
        return { epoch: Number(epoch), leaf: Number(leaf), authenticator, tree, exported };
    }
    async leave() {
        await this.ask('drop');
        this.house.free.push(this.seat);
    }
}

// What ts-mls asks of WebCrypto by thousands of promises, OpenSSL answers at once: hashes and signatures alone.
// HPKE and all that is MLS stay as they are.
function answered_at_once(impl) {
    const mac = (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest());
    const known = new Map();
    const key = (make, type, head, raw) => {
        const name = type + hex(raw);
        if (!known.has(name))
            known.set(name, make({ key: Buffer.concat([Buffer.from(head, 'hex'), raw]), format: 'der', type }));
        return known.get(name);
    };
    return {
        ...impl,
        hash: {
            digest: async (data) => new Uint8Array(createHash('sha256').update(data).digest()),
            mac: async (secret, data) => mac(secret, data),
            verifyMac: async (secret, tag, data) => tag.length === 32 && timingSafeEqual(mac(secret, data), tag),
        },
        kdf: {
            size: impl.kdf.size,
            extract: async (salt, secret) => mac(salt.length ? salt : new Uint8Array(32), secret),
            expand: async (secret, info, length) => {
                const out = new Uint8Array(32 * Math.ceil(length / 32));
                for (let at = 0, last = new Uint8Array(); at < length; at += 32) {
                    last = mac(secret, Buffer.concat([last, info, Buffer.from([at / 32 + 1])]));
                    out.set(last, at);
                }
                return out.slice(0, length);
            },
        },
        signature: {
            ...impl.signature,
            sign: async (secret, message) => new Uint8Array(sign(null, message, key(createPrivateKey, 'pkcs8',
                secret.length === 32 ? '302e020100300506032b657004220420' : '', secret))),
            verify: async (open, message, signature) =>
                verify(null, message, key(createPublicKey, 'spki', '302a300506032b6570032100', open), signature),
        },
    };
}

// ts-mls, of npm. Two of its habits are not the RFC's and are not asked of core: its `external_senders` extension has
// no length before the list (section 12.1.8.1 has a vector), so the walk has none; and capabilities carry GREASE
// values (section 13.5), which core reads over. A commit that changes the context alone has no path there, which
// section 12.4 wants: core refuses it.
export class TsHouse {
    kind = 'ts-mls';
    static async load({ as_it_comes = false } = {}) {
        const house = new TsHouse();
        house.mls = await import('ts-mls');
        house.trees = await import('ts-mls/ratchetTree.js');
        house.leaves = await import('ts-mls/leafNode.js');
        await import('@hpke/chacha20poly1305');
        house.suites = {};
        for (const suite of [1, 3]) {
            const name = Object.entries(house.mls.ciphersuites).find(([, id]) => id === suite)[0];
            const impl = await house.mls.getCiphersuiteImpl(house.mls.getCiphersuiteFromName(name));
            house.suites[suite] = as_it_comes ? impl : answered_at_once(impl);
        }
        return house;
    }
    member(suite) {
        return new TsMember(this, suite);
    }
}

const decoded = (decode, bytes) => {
    const found = decode(new Uint8Array(bytes), 0);
    if (found === undefined || found[1] !== bytes.length)
        throw new Error('ts-mls cannot read it');
    return found[0];
};

class TsMember {
    kind = 'ts-mls';
    psks = {};
    constructor(house, suite) {
        Object.assign(this, { house, mls: house.mls, suite, impl: house.suites[suite] });
    }
    get psk_index() {
        return this.mls.makePskIndex(this.group, this.psks);
    }
    async keys() {
        const now = Math.floor(Date.now() / 1000);
        const capabilities = this.mls.defaultCapabilities();
        capabilities.extensions.push(CONTEXT, LEAF);
        this.made = await this.mls.generateKeyPackage(
            { credentialType: 'basic', identity: Buffer.from('ts-mls') }, capabilities,
            { notBefore: BigInt(now - HOUR), notAfter: BigInt(now + DAY) }, [], this.impl,
            [{ extensionType: LEAF, extensionData: Buffer.from('voucher') }]);
        return this.made;
    }
    async found() {
        const { publicPackage, privatePackage } = await this.keys();
        const required = this.mls.encodeRequiredCapabilities(
            { extensionTypes: [CONTEXT, LEAF], proposalTypes: [], credentialTypes: [] });
        this.group = await this.mls.createGroup(Buffer.from(`founded by ts-mls ${Math.random()}`), publicPackage,
            privatePackage, [{ extensionType: 'required_capabilities', extensionData: required },
                             { extensionType: CONTEXT, extensionData: Buffer.from('charter') }], this.impl);
    }
    async package() {
        const { publicPackage } = await this.keys();
        return this.mls.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage: publicPackage });
    }
    async join(welcome, tree) {
        this.group = await this.mls.joinGroup(decoded(this.mls.decodeMlsMessage, welcome).welcome,
            this.made.publicPackage, this.made.privatePackage, this.psk_index, this.impl,
            tree.length ? decoded(this.house.trees.decodeRatchetTree, tree) : undefined);
    }
    // An outsider comes in by itself, through what a member tells of the group.
    async joinFrom(member) {
        const { publicPackage, privatePackage } = await this.keys();
        const info = await this.mls.createGroupInfoWithExternalPubAndRatchetTree(member.group, [], this.impl);
        const { publicMessage, newState } =
            await this.mls.joinGroupExternal(info, publicPackage, privatePackage, false, this.impl);
        this.group = newState;
        return this.mls.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage });
    }
    // The tree goes inside the Welcome, or beside it.
    async commit({ adds = [], removes = [], psks = [], open = false, inside = false }) {
        const extraProposals = [
            ...removes.map((removed) => ({ proposalType: 'remove', remove: { removed } })),
            ...adds.map((add) => ({ proposalType: 'add', add: {
                keyPackage: decoded(this.mls.decodeMlsMessage, add).keyPackage } })),
            ...psks.map((pskId) => ({ proposalType: 'psk', psk: { preSharedKeyId: {
                psktype: 'external', pskId, pskNonce: crypto.getRandomValues(new Uint8Array(32)) } } })),
        ];
        const made = await this.mls.createCommit(
            { state: this.group, cipherSuite: this.impl, pskIndex: this.psk_index },
            { extraProposals, wireAsPublicMessage: open, ratchetTreeExtension: inside });
        const commit = this.mls.encodeMlsMessage(made.commit);
        this.own = { commit: hex(commit), group: made.newState };
        return {
            commit,
            welcome: made.welcome === undefined ? Buffer.alloc(0) : this.mls.encodeMlsMessage(
                { version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome }),
            tree: inside ? Buffer.alloc(0) : this.house.trees.encodeRatchetTree(made.newState.ratchetTree),
        };
    }
    async propose(proposal) {
        const { newState, message } = await this.mls.createProposal(this.group, false, proposal, this.impl);
        this.group = newState;
        return this.mls.encodeMlsMessage(message);
    }
    proposeRemove(removed) {
        return this.propose({ proposalType: 'remove', remove: { removed } });
    }
    proposeAdd(bytes) {
        return this.propose({ proposalType: 'add', add: {
            keyPackage: decoded(this.mls.decodeMlsMessage, bytes).keyPackage } });
    }
    // ts-mls carries out others' Updates and has none of its own: the leaf is made here, and its key taken into use
    // with the commit.
    async proposeUpdate() {
        const leafIndex = this.group.privatePath.leafIndex;
        const now = this.group.ratchetTree[2 * leafIndex].leaf;
        const secret = crypto.getRandomValues(new Uint8Array(32));
        const pair = await this.impl.hpke.deriveKeyPair(secret);
        const leafNode = await this.house.leaves.signLeafNodeCommit({
            leafNodeSource: 'update',
            hpkePublicKey: await this.impl.hpke.exportPublicKey(pair.publicKey),
            signaturePublicKey: now.signaturePublicKey,
            credential: now.credential,
            capabilities: now.capabilities,
            extensions: now.extensions,
            groupId: this.group.groupContext.groupId,
            leafIndex,
        }, this.group.signaturePrivateKey, this.impl.signature);
        this.next = await this.impl.hpke.exportPrivateKey(pair.privateKey);
        return this.propose({ proposalType: 'update', update: { leafNode } });
    }
    async take(message) {
        const leaf = this.group.privatePath.leafIndex;
        if (this.own !== undefined && this.own.commit === hex(message)) {
            this.group = this.own.group;
            this.own = undefined;
            return { what: 'own', leaf };
        }
        let what = 'proposal', from;
        const see = (seen) => {
            from = seen.kind === 'commit' ? seen.senderLeafIndex : seen.proposal.senderLeafIndex;
            what = seen.kind;
            return 'accept';
        };
        let group = this.group;
        if (this.next !== undefined)
            group = { ...group, privatePath: { ...group.privatePath,
                privateKeys: { ...group.privatePath.privateKeys, [2 * leaf]: this.next } } };
        const read = decoded(this.mls.decodeMlsMessage, message);
        const is_private = read.wireformat === 'mls_private_message';
        if (is_private && read.privateMessage.contentType !== 'commit')
            group = this.group;
        // Its processMessage looks up no PSK for a PrivateMessage; the two beneath it do.
        const taken = is_private
            ? await this.mls.processPrivateMessage(group, read.privateMessage, this.psk_index, this.impl, see)
            : await this.mls.processPublicMessage(group, read.publicMessage, this.psk_index, this.impl, see);
        this.group = taken.newState;
        if (taken.kind === 'applicationMessage')
            return { what: 'said', text: Buffer.from(taken.message) };
        if (what === 'commit') {
            this.own = this.next = undefined;
            if (this.group.groupActiveState.kind === 'removedFromGroup')
                what = 'gone';
        }
        return { what, leaf: from };
    }
    async say(text) {
        const { newState, privateMessage } =
            await this.mls.createApplicationMessage(this.group, new Uint8Array(text), this.impl);
        this.group = newState;
        return this.mls.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage });
    }
    async psk(id, secret) {
        this.psks[this.mls.bytesToBase64(id)] = new Uint8Array(secret);
    }
    async state() {
        const { groupContext, keySchedule, privatePath } = this.group;
        const exported = await this.mls.mlsExporter(keySchedule.exporterSecret, 'peers', Buffer.from('context'), 32, this.impl);
        return { epoch: Number(groupContext.epoch), leaf: privatePath.leafIndex,
                 authenticator: hex(keySchedule.epochAuthenticator), tree: hex(groupContext.treeHash),
                 exported: hex(exported) };
    }
    async leave() {
    }
}
