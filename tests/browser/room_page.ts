// A page for one person in one room, who does what its server wants and tells it all that the room shows: the app's own
// room.ts, without anything to look at. What sounds is tapped beside the app, at the connection's tracks.
import { effect } from '@preact/signals-core';
import type { Verb } from '../../web/src/core.ts';
import { enterRoom, prepareRoom, type Room } from '../../web/src/room.ts';

type Wanted =
    | { readonly do: 'wish'; readonly verb: Verb; readonly who?: string }
    | { readonly do: 'say'; readonly text: string }
    | { readonly do: 'mute'; readonly on: boolean }
    | { readonly do: 'volume'; readonly leaf: number; readonly gain: number }
    | { readonly do: 'open'; readonly url: string }
    | { readonly do: 'busy'; readonly ms: number }
    | { readonly do: 'online' | 'statistics' | 'record' | 'recorded' | 'leave' | 'reload' };

const who = location.search;
const without = new URLSearchParams(who).get('without')?.split(' ') ?? []; // what this browser cannot do
if (without.includes('script'))
    Reflect.deleteProperty(window, 'RTCRtpScriptTransform');
if (without.includes('streams'))
    Reflect.deleteProperty(RTCRtpSender.prototype, 'createEncodedStreams');
let telling = Promise.resolve<unknown>(undefined);

/** In order. */
function tell(told: unknown): void {
    const body = JSON.stringify(told, (_, value) => value instanceof Set ? [...value] : value);

    telling = telling.then(() => fetch(`/told${who}`, { method: 'POST', body }));
}

addEventListener('error', ({ message }) => tell({ event: 'failed', why: message }));
addEventListener('unhandledrejection', ({ reason }) => tell({ event: 'failed', why: String(reason) }));

// A file in the microphone's place has no echo, and what looks for one takes two seconds to find that out.
const { mediaDevices } = navigator, askDevices = mediaDevices.getUserMedia.bind(mediaDevices);
mediaDevices.getUserMedia = () =>
    askDevices({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });

const elements: HTMLAudioElement[] = [];
globalThis.Audio = new Proxy(Audio, {
    construct(made, words) {
        const element = Reflect.construct(made, words) as HTMLAudioElement;
        elements.push(element);
        return element;
    },
});

// ---- what the page's connections do

const AUDIBLE = 0.005;
const peers: RTCPeerConnection[] = [];
const tappedPeers = new WeakSet<RTCPeerConnection>();
const Peer = RTCPeerConnection;
const levels = new Map<number, number[]>(); // of each slot's sound, 20 ms each
const taps = new AudioContext({ sampleRate: 48000 });
const tapped = taps.audioWorklet.addModule('/tap.js');
let first = true, connections = 0;

/** Of the newest connection alone. */
async function tap(slot: number, track: MediaStreamTrack, connection: number): Promise<void> {
    await tapped;
    const node = new AudioWorkletNode(taps, 'tap', { numberOfOutputs: 0 });

    node.port.onmessage = ({ data }: MessageEvent<number[]>) => {
        if (connection !== connections)
            return;
        levels.get(slot)?.push(...data);
        if (first && data.some((level) => level > AUDIBLE)) {
            first = false;
            tell({ event: 'first_sound', ms: performance.now() }); // since the page's address was asked for;
        }
    };
    taps.createMediaStreamSource(new MediaStream([track])).connect(node);
}

globalThis.RTCPeerConnection = class extends Peer {
    constructor(configuration?: RTCConfiguration) {
        super(configuration);
        peers.push(this);
        this.addEventListener('connectionstatechange', () => {
            if (this.connectionState !== 'connected' || tappedPeers.has(this))
                return;
            tappedPeers.add(this);
            const connection = ++connections;
            this.getReceivers().slice(1).forEach(({ track }, slot) => {
                if (track.muted) // nothing has come yet, and most slots stay so
                    track.addEventListener('unmute', () => void tap(slot, track, connection), { once: true });
                else
                    void tap(slot, track, connection);
            });
        });
    }
};

async function statistics(): Promise<void> {
    const told = { event: 'statistics', at: performance.now(), packets: 0, bytes: 0, volumes: elements.map(({ volume }) => volume) };

    for (const report of (await peers.at(-1)?.getStats())?.values() ?? []) {
        if (report.type === 'outbound-rtp') {
            told.packets += report.packetsSent;
            told.bytes += report.bytesSent;
        }
    }
    tell(told);
}

// ---- the room

async function enter(): Promise<Room> {
    prepareRoom();
    const module = await WebAssembly.compileStreaming(fetch('/teahouse.wasm'));
    const { identity, ...entrance } = await (await fetch(`/start${who}`)).json();
    const room = enterRoom({ module, identity: Uint8Array.from(identity), ...entrance });
    const show = (event: string, what: () => unknown): void => void effect(() => tell({ event, is: what() }));

    for (const shown of ['phase', 'over', 'title', 'seats', 'me', 'talking', 'hands', 'chat', 'alarms', 'epoch', 'microphone',
        'stage', 'silent'] as const)
        show(shown, () => room[shown].value);
    return room;
}

async function obey(room: Room, wanted: Wanted): Promise<void> {
    switch (wanted.do) {
    case 'wish':
        return room.wish(wanted.verb, wanted.who).then(() => tell({ event: 'done', verb: wanted.verb }),
            (error: Error) => tell({ event: 'denied', verb: wanted.verb, why: error.message }));
    case 'say':
        return room.say(wanted.text);
    case 'mute':
        return room.mute(wanted.on);
    case 'volume':
        return room.volume(wanted.leaf, wanted.gain);
    case 'open':
        return void window.open(wanted.url);
    case 'busy': // nothing else is done here meanwhile
        for (const until = performance.now() + wanted.ms; performance.now() < until;);
        return tell({ event: 'idle' });
    case 'statistics':
        return statistics();
    case 'online':
        return void dispatchEvent(new Event('online'));
    case 'record':
        return Array.from({ length: 16 }).forEach((_, slot) => levels.set(slot, []));
    case 'recorded':
        tell({ event: 'recorded', slots: [...levels.values()] });
        return levels.clear();
    case 'leave':
        return room.leave();
    case 'reload':
        return location.reload();
    }
}

const room = await enter();

for (;;)
    void obey(room, await (await fetch(`/wanted${who}`)).json());
