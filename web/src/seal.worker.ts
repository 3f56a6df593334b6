// The session's own thread: the core, the way to the house, and every frame on its way between encoder and wire. The
// page has neither keys nor sealed frames, and a busy page delays no voice.
import type { Side, Start, ToPage, ToWorker } from './between.ts';
import { type MediaListener, type News, Session } from './core.ts';
import { openLink } from './house.ts';

declare const self: DedicatedWorkerGlobalScope;

const EARLY_MS = 200; // EARLY_HOLD_MS of wire/limits.h

type Frame = RTCEncodedAudioFrame;

/** The frames of one slot: opened in order, those of an epoch to come held until it begins. */
class Ear {
    #held: { readonly frame: Frame; readonly came: number }[] = [];

    constructor(readonly slot: number, readonly play: (frame: Frame) => void) {}

    take(frame: Frame): void {
        this.release();
        if (!this.#open(frame))
            this.#held.push({ frame, came: performance.now() });
    }

    release(): void {
        const oldest = performance.now() - EARLY_MS;

        this.#held = this.#held.filter(({ frame, came }) => {
            const early = !this.#open(frame);
            if (early && came < oldest)
                session?.gaveUp();
            return early && came >= oldest;
        });
    }

    /** False where it is early. */
    #open(frame: Frame): boolean {
        const opened = session?.open(this.slot, new Uint8Array(frame.data)) ?? 'refused';

        if (opened instanceof Uint8Array) {
            frame.data = opened.buffer;
            this.play(frame);
        }
        return opened !== 'early';
    }
}

let session: Session | undefined;
let media: MediaListener | undefined;
const ears = new Set<Ear>();

const post = (message: ToPage): void => self.postMessage(message);

function told(news: News): void {
    if (news.event === 'epoch')
        ears.forEach((ear) => ear.release());
    post({ tell: 'news', news });
}

async function start({ fingerprint, ...entrance }: Start): Promise<void> {
    const module = await WebAssembly.compileStreaming(fetch(new URL('/teahouse.wasm', self.location.origin)));

    session = new Session(module, {
        told,
        link: openLink,
        media: {
            fingerprint,
            enter(url, ticket, listener) {
                media = listener;
                post({ tell: 'media', do: 'enter', url, ticket });
            },
            renew: (ticket) => post({ tell: 'media', do: 'renew', ticket }),
            moved: () => post({ tell: 'media', do: 'moved' }),
            leave: () => post({ tell: 'media', do: 'leave' }),
            drop: () => post({ tell: 'media', do: 'drop' }),
        },
    }, entrance);
}

function heard(is: 'opened' | 'renewed' | 'left' | 'lost' | 'refused'): void {
    if (is === 'lost' || is === 'refused')
        media?.lost(is === 'refused');
    else
        media?.[is]();
}

async function obey(message: ToWorker): Promise<void> {
    switch (message.do) {
    case 'start':
        return start(message.start);
    case 'wish':
        return session?.wish(message.verb, message.who, message.number);
    case 'chat':
        return session?.chat(message.text);
    case 'leave':
        return session?.leave();
    case 'media':
        return heard(message.is);
    }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => void obey(data).catch((error: unknown) =>
    post({ tell: 'failed', why: error instanceof Error ? error.message : String(error) }));

/** What the microphone's encoder gives goes on sealed, or not at all. */
function seal(frame: Frame, send: (frame: Frame) => void): void {
    const sealed = session?.seal(new Uint8Array(frame.data));

    if (sealed !== undefined) {
        frame.data = sealed.buffer;
        send(frame);
    }
}

self.onrtctransform = ({ transformer }: RTCTransformEvent) => {
    const side = transformer.options as Side;
    let ear: Ear | undefined;

    transformer.readable.pipeThrough(new TransformStream<Frame, Frame>({
        start(controller) {
            if (side.side === 'ear')
                ears.add(ear = new Ear(side.slot, (frame) => controller.enqueue(frame)));
        },
        transform(frame, controller) {
            if (ear !== undefined)
                ear.take(frame);
            else
                seal(frame, (sealed) => controller.enqueue(sealed));
        },
    })).pipeTo(transformer.writable).catch(() => undefined).finally(() => ear && ears.delete(ear));
};
