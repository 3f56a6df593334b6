// Two WebRTC stacks that share no code with ours enter a relay by its HTTP entrance, complete ICE, DTLS and SRTP, and
// hear each other's frames byte for byte. Usage: peers.mjs RELAY_FOR_PEERS. Prints TAP; without the npm packages the
// tests are skipped by name.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';

const FRAME = 153, FRAMES = 50, OPUS = 111, SLOTS = 2;
const names = [
    'node-datachannel and node-datachannel hear each other',
    'node-datachannel and werift hear each other',
    'a ticket for another certificate lets nobody in',
    'both are followed when a NAT gives them another port',
];

let count = 0, failed = 0;
function report(ok, name, why) {
    count++;
    if (!ok)
        failed++;
    console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name}${why ? `\n# ${why}` : ''}`);
}

function rtp(stream, payload) {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = OPUS;
    packet.writeUInt16BE(stream.sequence++ & 0xffff, 2);
    packet.writeUInt32BE(stream.time >>> 0, 4);
    packet.writeUInt32BE(stream.ssrc, 8);
    payload.copy(packet, 12);
    stream.time += 960;
    return packet;
}

const newStream = () => ({ ssrc: randomInt(1, 2 ** 32), sequence: randomInt(2 ** 15), time: randomInt(2 ** 31) });

// What both kinds of peer have in common: what they heard, by slot.
class Peer {
    stream = newStream();
    heard = [];
    hear(packet) {
        if (packet.length >= 12 && (packet[1] & 0x7f) === OPUS)
            this.heard.push({ payload: packet.subarray(12), first: packet[0], sequence: packet.readUInt16BE(2),
                              time: packet.readUInt32BE(4), ssrc: packet.readUInt32BE(8) });
    }
}

class DataChannelPeer extends Peer {
    constructor(lib, name) {
        super();
        this.pc = new lib.PeerConnection(name, { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
        const mouth = new lib.Audio('0', 'SendOnly');
        mouth.addOpusCodec(OPUS);
        mouth.addSSRC(this.stream.ssrc, name);
        this.mouth = this.pc.addTrack(mouth);
        this.ears = [];
        for (let i = 1; i <= SLOTS; i++) {
            const ear = new lib.Audio(String(i), 'RecvOnly');
            ear.addOpusCodec(OPUS);
            const track = this.pc.addTrack(ear);
            track.onMessage((message) => this.hear(Buffer.from(message)));
            this.ears.push(track);
        }
    }
    offer() {
        return new Promise((resolve) => {
            this.pc.onGatheringStateChange((state) => {
                if (state === 'complete')
                    resolve(this.pc.localDescription().sdp);
            });
            this.pc.setLocalDescription('offer');
        });
    }
    async accept(answer) {
        this.pc.setRemoteDescription(answer, 'answer');
    }
    ready() {
        return this.mouth.isOpen();
    }
    send(payload) {
        this.mouth.sendMessageBinary(rtp(this.stream, payload));
    }
    close() {
        this.pc.close();
    }
}

class WeriftPeer extends Peer {
    constructor(lib) {
        super();
        this.pc = new lib.RTCPeerConnection({
            codecs: { audio: [new lib.RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48000, channels: 2,
                                                             payloadType: OPUS })] },
            iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'], bundlePolicy: 'max-bundle',
        });
        this.track = new lib.MediaStreamTrack({ kind: 'audio' });
        this.pc.addTransceiver(this.track, { direction: 'sendonly' });
        for (let i = 0; i < SLOTS; i++)
            this.pc.addTransceiver('audio', { direction: 'recvonly' });
        this.pc.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((packet) => this.hear(packet.serialize())));
    }
    async offer() {
        await this.pc.setLocalDescription(await this.pc.createOffer());
        return this.pc.localDescription.sdp;
    }
    async accept(answer) {
        await this.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    }
    ready() {
        return this.pc.connectionState === 'connected';
    }
    send(payload) {
        this.track.writeRtp(rtp(this.stream, payload));
    }
    close() {
        return this.pc.close();
    }
}

async function until(what, condition, seconds = 15) {
    for (let i = 0; i < seconds * 100; i++) {
        if (condition())
            return;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${what}: not within ${seconds} s`);
}

class Relay {
    constructor(program) {
        this.process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    }
    async line() {
        const { value, done } = await this.lines.next();
        if (done)
            throw new Error('the relay has ended');
        return value;
    }
    async ticket(role, seat, fingerprint) {
        this.process.stdin.write(`${role} ${seat} 1 50 ${fingerprint}\n`);
        return this.line();
    }
    post(ticket, offer) {
        return fetch(this.url, { method: 'POST', body: offer,
                                 headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${ticket}` } });
    }
    async enter(peer, seat, nat) {
        const offer = await peer.offer();
        const fingerprint = /a=fingerprint:sha-256 ([0-9A-Fa-f:]+)/.exec(offer)[1];
        const answer = await this.post(await this.ticket('speaker', seat, fingerprint), offer);
        const text = await answer.text();
        if (answer.status !== 201)
            throw new Error(`${answer.status}: ${text.trim()}`);
        if (!/^\/media\/[\w-]{22}$/.test(answer.headers.get('location')))
            throw new Error('no Location');
        await peer.accept(nat ? await nat.before(text) : text);
        await until('connected', () => peer.ready());
    }
    async end() {
        this.process.stdin.end();
        return new Promise((resolve) => this.process.on('exit', resolve));
    }
}

// What stands between one peer and the relay, whose datagrams come from another port after each `renew`.
class Nat {
    async socket() {
        const socket = createSocket('udp4');
        await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
        return socket;
    }
    // The relay's answer, with this in its place.
    async before(answer) {
        const port = Number(/ (\d+) typ host/.exec(answer)[1]);
        this.inside = await this.socket();
        this.inside.on('message', (datagram, from) => {
            this.peer = from.port;
            this.outside.send(datagram, port, '127.0.0.1');
        });
        await this.renew();
        return answer.replaceAll(` ${port} typ host`, ` ${this.inside.address().port} typ host`);
    }
    async renew() {
        const fresh = await this.socket();
        this.outside?.close();
        fresh.on('message', (datagram) => this.inside.send(datagram, this.peer, '127.0.0.1'));
        this.outside = fresh;
    }
    end() {
        this.inside?.close();
        this.outside?.close();
    }
}

// The relay asks whoever is seen elsewhere whether he is there, and both stacks answer.
async function move(relay, speaker, listeners, seat) {
    const nats = listeners.map(() => new Nat());
    let timer;
    try {
        await relay.enter(speaker, seat);
        for (const [i, listener] of listeners.entries())
            await relay.enter(listener, seat + 1 + i, nats[i]);
        timer = setInterval(() => speaker.send(randomBytes(FRAME)), 20);
        await until('heard', () => listeners.every((listener) => listener.heard.length > 10));
        await Promise.all(nats.map((nat) => nat.renew()));
        const before = listeners.map((listener) => listener.heard.length);
        await until('heard again', () => listeners.every((listener, i) => listener.heard.length > before[i] + 10), 30);
    } finally {
        clearInterval(timer);
        for (const peer of [speaker, ...listeners])
            await peer.close();
        nats.forEach((nat) => nat.end());
    }
}

// Each frame that was said is heard once, in order, unchanged, in one continuous stream.
function check(peer, frames, who) {
    const heard = peer.heard;
    if (heard.length !== frames.length)
        throw new Error(`${who} heard ${heard.length} of ${frames.length} frames`);
    frames.forEach((frame, i) => {
        if (!frame.equals(heard[i].payload))
            throw new Error(`${who}: frame ${i} is another`);
        if (heard[i].ssrc !== heard[0].ssrc || ((heard[i].sequence - heard[0].sequence) & 0xffff) !== i ||
            ((heard[i].time - heard[0].time) >>> 0) !== 960 * i)
            throw new Error(`${who}: frame ${i} is out of the stream`);
    });
}

async function converse(relay, a, b, seat) {
    const said = [a, b].map(() => Array.from({ length: FRAMES }, () => randomBytes(FRAME)));
    try {
        await relay.enter(a, seat);
        await relay.enter(b, seat + 1);
        for (let i = 0; i < FRAMES; i++) {
            a.send(said[0][i]);
            b.send(said[1][i]);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await until('heard', () => a.heard.length >= FRAMES && b.heard.length >= FRAMES, 3).catch(() => {});
        check(b, said[0], 'the second');
        check(a, said[1], 'the first');
    } finally {
        await a.close();
        await b.close();
    }
}

async function main() {
    console.log(`1..${names.length}`);
    let datachannel, werift;
    try {
        datachannel = (await import('node-datachannel')).default;
        werift = await import('werift');
    } catch (error) {
        for (const name of names)
            console.log(`ok ${++count} - ${name} # SKIP the npm packages of tests/peers are not installed`);
        return;
    }

    const relay = new Relay(process.argv[2]);
    relay.url = await relay.line();
    const tests = [
        () => converse(relay, new DataChannelPeer(datachannel, 'a'), new DataChannelPeer(datachannel, 'b'), 10),
        () => converse(relay, new DataChannelPeer(datachannel, 'c'), new WeriftPeer(werift), 20),
        async () => {
            const peer = new DataChannelPeer(datachannel, 'd');
            const answer = await relay.post(await relay.ticket('speaker', 30, '00'.repeat(32)), await peer.offer());
            peer.close();
            if (answer.status !== 401)
                throw new Error(`answered ${answer.status}`);
        },
        () => move(relay, new DataChannelPeer(datachannel, 'e'), [new DataChannelPeer(datachannel, 'f'), new WeriftPeer(werift)],
                   40),
    ];
    for (let i = 0; i < tests.length; i++)
        await tests[i]().then(() => report(true, names[i]), (error) => report(false, names[i], error.message));
    const code = await relay.end();
    datachannel.cleanup();
    if (code !== 0)
        console.log(`# the relay ended with ${code}`);
    process.exit(failed || code !== 0 ? 1 : 0);
}

await main();
