// A page for one person in one room, with the app's own worker and peer connection. It tells its server all that
// happens, and once a second what is heard and sent.
import type { ToPage, ToWorker } from '../../web/src/between.ts';
import { Relay } from '../../web/src/relay.ts';

const tell = (told: unknown): void => void fetch('/told', { method: 'POST', body: JSON.stringify(told) });
const worker = new Worker('/seal.worker.js', { type: 'module' });
const post = (message: ToWorker): void => worker.postMessage(message);
const tracks: MediaStreamTrack[] = [];

addEventListener('error', ({ message }) => tell({ event: 'failed', why: message }));
addEventListener('unhandledrejection', ({ reason }) => tell({ event: 'failed', why: String(reason) }));

function play(slot: number, track: MediaStreamTrack): void {
    const sound = new Audio();

    tracks[slot] = track;
    sound.srcObject = new MediaStream([track]);
    void sound.play();
}

/** A page sees no keys, and what of its connection it may ask for is in its statistics. */
const peers: RTCPeerConnection[] = [];
const Peer = RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Peer {
    constructor(configuration?: RTCConfiguration) {
        super(configuration);
        peers.push(this);
    }
};

async function statistics(): Promise<void> {
    const sent = { event: 'sound', energy: 0, packets: 0, bytes: 0 };

    for (const report of (await peers.at(-1)?.getStats())?.values() ?? []) {
        if (report.type === 'inbound-rtp')
            sent.energy += report.totalAudioEnergy ?? 0;
        if (report.type === 'outbound-rtp') {
            sent.packets += report.packetsSent;
            sent.bytes += report.bytesSent;
        }
    }
    tell(sent);
}

const { identity, ...entrance } = await (await fetch('/start')).json();
const relay = await Relay.make(worker, (is) => post({ do: 'media', is }), play);

worker.onerror = ({ message }) => tell({ event: 'failed', why: message });
worker.onmessage = async ({ data }: MessageEvent<ToPage>) => {
    if (data.tell === 'media')
        return relay.take(data);
    tell(data.tell === 'news' ? data.news : { event: 'failed', why: data.why });
    if (data.tell === 'news' && data.news.event === 'stage') {
        const microphone = data.news.on ? await navigator.mediaDevices.getUserMedia({ audio: true }) : undefined;
        await relay.speak(microphone?.getAudioTracks()[0] ?? null);
    }
};
post({ do: 'start', start: { ...entrance, identity: Uint8Array.from(identity), fingerprint: relay.fingerprint } });
setInterval(() => void statistics(), 500);

// What its server wants done, one thing at a time.
for (;;)
    post(await (await fetch('/wanted')).json());
