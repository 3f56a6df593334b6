// The session with a relay, in the window: the certificate, the offer and the relay's answer (docs/protocol.md,
// section 7), and the connection's life. All frames pass the worker's transforms; a browser that has none gets no
// connection at all.
import type { FromWorker, ToWorker, Way } from './between.ts';

const SLOTS = 16;
const SILENT_MS = 1200; // a connection through which nothing came for so long, after the network changed, is given up
const BROKEN_MS = 1500; // one that the browser calls disconnected, likewise

type Streams = { createEncodedStreams?(): { readonly readable: ReadableStream; readonly writable: WritableStream } };
type Order = FromWorker & { kind: 'relay' };

/** What a browser can seal with. */
export function canSeal(): boolean {
    return 'RTCRtpScriptTransform' in window || 'createEncodedStreams' in RTCRtpSender.prototype;
}

export interface MediaEdges {
    readonly worker: Worker;
    /** A connection begins: the voice goes out here, and the slots' sounds come in. */
    connected(voice: RTCRtpSender, sounds: readonly MediaStreamTrack[]): void;
    /** Whether media pass. */
    passing(on: boolean): void;
}

/** One peer connection, not yet known to any relay. */
interface Connection {
    readonly peer: RTCPeerConnection;
    readonly voice: RTCRtpSender;
    readonly sounds: readonly MediaStreamTrack[];
    readonly offer: Promise<string>;
}

/** Puts the worker between a codec and the wire, before anything can pass. */
function guard(worker: Worker, end: RTCRtpSender | RTCRtpReceiver, way: Way): void {
    if ('RTCRtpScriptTransform' in window) {
        end.transform = new RTCRtpScriptTransform(worker, way);
        return;
    }
    const streams = (end as Streams).createEncodedStreams?.();
    if (streams === undefined)
        throw new Error('this browser has no transforms');
    const message: ToWorker = { kind: 'frames', way, ...streams };
    worker.postMessage(message, [streams.readable, streams.writable]);
}

/** m-line 0 is the mouth, silent until it has a track; the others are the slots. No candidate is in the offer. */
function connection(worker: Worker, certificate: RTCCertificate): Connection {
    const settings: RTCConfiguration & { encodedInsertableStreams?: boolean } =
        { certificates: [certificate], bundlePolicy: 'max-bundle' };
    if (!('RTCRtpScriptTransform' in window))
        settings.encodedInsertableStreams = true;
    const peer = new RTCPeerConnection(settings);
    const voice = peer.addTransceiver('audio', { direction: 'sendonly' }).sender;
    const sounds: MediaStreamTrack[] = [];

    guard(worker, voice, { out: true });
    for (let slot = 0; slot < SLOTS; slot++) {
        const { receiver } = peer.addTransceiver('audio', { direction: 'recvonly' });
        guard(worker, receiver, { out: false, slot });
        sounds.push(receiver.track);
    }
    const offer = peer.createOffer().then(async (made) => {
        await peer.setLocalDescription(made);
        return made.sdp ?? '';
    });
    offer.catch(() => {}); // whoever waits for it hears of it
    return { peer, voice, sounds, offer };
}

/** What the offer says of the certificate; Firefox has no other way to ask. */
function fingerprintOf(offer: string): Uint8Array {
    const hex = /^a=fingerprint:sha-256 ([0-9A-F:]{95})\r?$/mi.exec(offer)?.[1];

    if (hex === undefined)
        throw new Error('the browser made no certificate that can be named');
    return Uint8Array.from(hex.split(':'), (pair) => parseInt(pair, 16));
}

export class Refused extends Error {
    override readonly name = 'Refused';
}

export class RelaySession {
    readonly fingerprint: Uint8Array;
    readonly #edges: MediaEdges;
    readonly #certificate: RTCCertificate;
    #next: Connection | undefined; // made before it is needed
    #peer: RTCPeerConnection | undefined;
    #visit = 0;
    #place: URL | undefined; // of the session at the relay
    #ticket = '';
    #watch: ReturnType<typeof setTimeout> | undefined;

    private constructor(edges: MediaEdges, certificate: RTCCertificate, first: Connection, fingerprint: Uint8Array) {
        this.#edges = edges;
        this.#certificate = certificate;
        this.#next = first;
        this.fingerprint = fingerprint;
    }

    static async make(edges: MediaEdges): Promise<RelaySession> {
        const certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as EcKeyGenParams);
        const first = connection(edges.worker, certificate);

        return new RelaySession(edges, certificate, first, fingerprintOf(await first.offer));
    }

    obey(order: Order): void {
        switch (order.order) {
        case 'enter':
            void this.#enter(order.visit, order.url, order.ticket);
            break;
        case 'renew':
            void this.#renew(order.ticket);
            break;
        case 'moved':
            this.moved();
            break;
        case 'leave':
            void this.#leave();
            break;
        case 'drop':
            this.drop();
            break;
        }
    }

    /** The network may be another. A connection that lives on shows it within a moment; else a new one is made. */
    moved(): void {
        const peer = this.#peer;

        if (peer?.connectionState !== 'connected')
            return;
        void received(peer).then((before) => this.#later(peer, SILENT_MS, async () => {
            if (await received(peer) === before)
                this.#lose('lost');
        }));
    }

    /** Nothing is told of it any more. */
    drop(): void {
        this.#close();
        this.#next?.peer.close();
        this.#next = undefined;
    }

    #tell(event: 'opened' | 'renewed' | 'left' | 'lost' | 'refused', visit = this.#visit): void {
        const message: ToWorker = { kind: 'media', visit, event };

        this.#edges.worker.postMessage(message);
    }

    async #enter(visit: number, url: string, ticket: string): Promise<void> {
        const made = this.#next ?? connection(this.#edges.worker, this.#certificate);

        this.#next = undefined;
        this.#close();
        this.#visit = visit;
        this.#ticket = ticket;
        this.#peer = made.peer;
        made.peer.onconnectionstatechange = () => this.#follow(made.peer);
        this.#edges.connected(made.voice, made.sounds);
        try {
            const answer = await this.#ask('POST', new URL(url), await made.offer);
            if (this.#peer !== made.peer)
                return;
            this.#place = new URL(answer.headers.get('Location') ?? '', url);
            await made.peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
        } catch (error) {
            if (this.#peer === made.peer)
                this.#lose(error instanceof Refused ? 'refused' : 'lost');
        }
    }

    async #renew(ticket: string): Promise<void> {
        const visit = this.#visit, place = this.#place;

        this.#ticket = ticket;
        try {
            if (place !== undefined) // else the answer is still to come
                await this.#ask('PATCH', place);
            this.#tell('renewed', visit);
        } catch (error) {
            if (visit === this.#visit)
                this.#lose(error instanceof Refused ? 'refused' : 'lost');
        }
    }

    async #leave(): Promise<void> {
        const place = this.#place;

        this.#close();
        try {
            if (place !== undefined)
                await this.#ask('DELETE', place);
        } catch {
            // A relay that does not hear of it sees the ticket end.
        }
        this.#tell('left');
    }

    async #ask(method: string, url: URL, offer?: string): Promise<Response> {
        const answer = await fetch(url, {
            method,
            headers: { 'Authorization': `Bearer ${this.#ticket}`, ...(offer !== undefined && { 'Content-Type': 'application/sdp' }) },
            ...(offer !== undefined && { body: offer }),
            credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer',
            keepalive: method === 'DELETE',
        });

        if (!answer.ok)
            throw new Refused(await answer.text());
        return answer;
    }

    #follow(peer: RTCPeerConnection): void {
        if (this.#peer !== peer)
            return;
        clearTimeout(this.#watch);
        this.#edges.passing(peer.connectionState === 'connected');
        if (peer.connectionState === 'connected')
            this.#tell('opened');
        else if (peer.connectionState === 'failed' || peer.connectionState === 'closed')
            this.#lose('lost');
        else if (peer.connectionState === 'disconnected')
            this.#later(peer, BROKEN_MS, () => this.#lose('lost'));
    }

    #later(peer: RTCPeerConnection, wait_ms: number, work: () => void): void {
        clearTimeout(this.#watch);
        this.#watch = setTimeout(() => {
            if (this.#peer === peer)
                work();
        }, wait_ms);
    }

    #lose(event: 'lost' | 'refused'): void {
        this.#close();
        this.#tell(event);
    }

    #close(): void {
        clearTimeout(this.#watch);
        if (this.#peer === undefined)
            return;
        this.#peer.onconnectionstatechange = null;
        this.#peer.close();
        this.#peer = undefined;
        this.#place = undefined;
        this.#edges.passing(false);
    }
}

/** Bytes that came over a connection, whatever they were. */
async function received(peer: RTCPeerConnection): Promise<number> {
    let bytes = 0;

    for (const report of (await peer.getStats()).values() as Iterable<RTCTransportStats>)
        if (report.type === 'transport')
            bytes += report.bytesReceived ?? 0;
    return bytes;
}
