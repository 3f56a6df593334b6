// The peer connection with a relay, and the relay's entrance in the manner of WHIP: docs/protocol.md, section 7. One
// microphone out and sixteen slots in, negotiated once; what passes is sealed and opened in the worker.
import type { Side, ToPage, ToWorker } from './between.ts';

const SLOTS = 16; // of wire/limits.h

type Asked = Extract<ToPage, { tell: 'media' }>;
type Answered = Extract<ToWorker, { do: 'media' }>['is'];

export class Relay {
    #peer: RTCPeerConnection | undefined;
    #session: string | undefined; // its URL at the relay
    #ticket = '';
    #microphone: MediaStreamTrack | null = null;

    private constructor(readonly certificate: RTCCertificate, readonly fingerprint: Uint8Array<ArrayBuffer>,
        readonly worker: Worker, readonly answer: (is: Answered) => void,
        readonly play: (slot: number, track: MediaStreamTrack) => void) {}

    /** Makes the certificate that tickets name. Nothing is opened. */
    static async make(worker: Worker, answer: (is: Answered) => void,
        play: (slot: number, track: MediaStreamTrack) => void): Promise<Relay> {
        const certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as
            EcKeyGenParams);
        return new Relay(certificate, await fingerprintOf(certificate), worker, answer, play);
    }

    async take(asked: Asked): Promise<void> {
        switch (asked.do) {
        case 'enter':
            return this.#enter(asked.url, asked.ticket);
        case 'renew':
            this.#ticket = asked.ticket;
            return this.#ask('PATCH').then((ok) => this.answer(ok ? 'renewed' : 'refused'));
        case 'leave':
            await this.#ask('DELETE').catch(() => undefined);
            this.#close();
            return this.answer('left');
        case 'moved':
            return; // the entrance knows no ICE restart yet: the connection finds its own way, or is lost
        case 'drop':
            return this.#close();
        }
    }

    /** The track that is sealed and sent while the core lets it; null for none. */
    async speak(track: MediaStreamTrack | null): Promise<void> {
        this.#microphone = track;
        await this.#peer?.getSenders()[0]?.replaceTrack(track);
    }

    async #enter(url: string, ticket: string): Promise<void> {
        const peer = this.#open();

        this.#close();
        this.#peer = peer;
        this.#ticket = ticket;
        try {
            await peer.setLocalDescription();
            const offer = withoutCandidates(peer.localDescription?.sdp ?? '');
            const reply = await fetch(url, {
                method: 'POST', body: offer, credentials: 'omit', cache: 'no-store',
                headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${ticket}` },
            });
            if (reply.status !== 201)
                throw new Refused();
            this.#session = new URL(reply.headers.get('Location') ?? '', url).href;
            await peer.setRemoteDescription({ type: 'answer', sdp: await reply.text() });
        } catch (error) {
            if (this.#peer === peer)
                this.#lose(error instanceof Refused);
        }
    }

    #open(): RTCPeerConnection {
        const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', certificates: [this.certificate] });

        this.#transform(peer.addTransceiver(this.#microphone ?? 'audio', { direction: 'sendonly' }).sender, { side: 'mouth' });
        for (let slot = 0; slot < SLOTS; slot++) {
            const { receiver } = peer.addTransceiver('audio', { direction: 'recvonly' });
            this.#transform(receiver, { side: 'ear', slot });
            this.play(slot, receiver.track);
        }
        peer.onconnectionstatechange = () => {
            if (this.#peer !== peer)
                return;
            if (peer.connectionState === 'connected')
                this.answer('opened');
            else if (peer.connectionState === 'failed')
                this.#lose(false);
        };
        return peer;
    }

    #transform(end: RTCRtpSender | RTCRtpReceiver, side: Side): void {
        end.transform = new RTCRtpScriptTransform(this.worker, side);
    }

    async #ask(method: 'PATCH' | 'DELETE'): Promise<boolean> {
        if (this.#session === undefined)
            return false;
        const reply = await fetch(this.#session, {
            method, credentials: 'omit', cache: 'no-store', keepalive: true,
            headers: { Authorization: `Bearer ${this.#ticket}` },
        });
        return reply.ok;
    }

    #lose(refused: boolean): void {
        this.#close();
        this.answer(refused ? 'refused' : 'lost');
    }

    #close(): void {
        this.#peer?.close();
        this.#peer = this.#session = undefined;
    }
}

class Refused extends Error {}

/** The house and the relay learn no address but the one that packets come from. */
const withoutCandidates = (sdp: string): string => sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, '');

/** Firefox has no getFingerprints: an offer tells it as well. */
async function fingerprintOf(certificate: RTCCertificate): Promise<Uint8Array<ArrayBuffer>> {
    const peer = new RTCPeerConnection({ certificates: [certificate] });

    peer.addTransceiver('audio');
    const { sdp = '' } = await peer.createOffer();
    peer.close();
    const hex = /^a=fingerprint:sha-256 ([0-9A-F:]+)/im.exec(sdp)?.[1]?.split(':') ?? [];
    return Uint8Array.from(hex, (byte) => parseInt(byte, 16));
}
