// The worker in which a session lives: its module, its link to the house, and the frames that it seals and opens. The
// window may be as busy as it likes; no voice waits for it. Nothing leaves a transform that the core has not sealed, and
// nothing that it has not opened is played.
import { Session, type Link, type LinkListener, type Media, type MediaListener, type News } from './core.ts';
import type { FromWorker, ToWorker, Way } from './between.ts';
import { openLink } from './house.ts';

const EARLY_HOLD_MS = 200; // src/wire/limits.h

type Frame = RTCEncodedAudioFrame;

declare const self: DedicatedWorkerGlobalScope;

let session: Session | undefined;

// ---- frames

function sealFrame(frame: Frame, to: TransformStreamDefaultController<Frame>): void {
    const sealed = session?.seal(new Uint8Array(frame.data));

    if (sealed === undefined)
        return;
    frame.data = sealed.buffer;
    to.enqueue(frame);
}

interface Held {
    readonly frame: Frame;
    readonly sealed: Uint8Array;
    readonly until: number;
}

/** One of the streams that come from the relay. Frames of an epoch that has not begun here are held for a moment. */
class Slot {
    readonly #number: number;
    #held: Held[] = [];
    #to: TransformStreamDefaultController<Frame> | undefined;
    #leaf: number | undefined; // whose voice it is

    constructor(number: number) {
        this.#number = number;
    }

    take(frame: Frame, to: TransformStreamDefaultController<Frame>): void {
        const sealed = new Uint8Array(frame.data);

        this.#to = to;
        if (this.#open(frame, sealed))
            return;
        this.#held.push({ frame, sealed, until: performance.now() + EARLY_HOLD_MS });
        setTimeout(() => this.again(), EARLY_HOLD_MS + 1);
    }

    /** An epoch has begun, or time has passed. */
    again(): void {
        const held = this.#held;

        this.#held = [];
        for (const early of held)
            if (this.#open(early.frame, early.sealed))
                continue;
            else if (performance.now() < early.until)
                this.#held.push(early);
            else
                session?.gaveUp();
    }

    /** The stream is another connection's from now on. */
    clear(): void {
        this.#held = [];
    }

    /** The window hears whose voice it is that it plays. */
    #name(): void {
        const leaf = session?.hears(this.#number);

        if (leaf !== undefined && leaf !== this.#leaf)
            tell({ kind: 'sounds', slot: this.#number, leaf });
        this.#leaf = leaf;
    }

    /** False where it is early. */
    #open(frame: Frame, sealed: Uint8Array): boolean {
        const opus = session?.open(this.#number, sealed) ?? 'refused';

        if (opus === 'early')
            return false;
        if (opus !== 'refused') {
            frame.data = opus.buffer;
            this.#to?.enqueue(frame);
            this.#name();
        }
        return true;
    }
}

const slots = new Map<number, Slot>();

function transform(way: Way, readable: ReadableStream<Frame>, writable: WritableStream<Frame>): void {
    let step = sealFrame;

    if (!way.out) {
        const slot = new Slot(way.slot);
        slots.get(way.slot)?.clear();
        slots.set(way.slot, slot);
        step = (frame, to) => slot.take(frame, to);
    }
    readable.pipeThrough(new TransformStream({ transform: step })).pipeTo(writable).catch(() => {}); // its connection closed
}

// ---- the session's edges

const tell = (message: FromWorker): void => self.postMessage(message);

function told(news: News): void {
    if (news.event === 'epoch')
        slots.forEach((slot) => slot.again());
    tell({ kind: 'told', news });
}

/** As house.ts has it; the window hears whether it is up. */
function link(url: string, protocol: string, listener: LinkListener): Link {
    return openLink(url, protocol, {
        opened() {
            tell({ kind: 'linked', on: true });
            listener.opened();
        },
        heard: (message) => listener.heard(message),
        closed(code) {
            tell({ kind: 'linked', on: false });
            listener.closed(code);
        },
    });
}

/** The peer connection, which is the window's: orders go there, events come from there. */
class FarMedia implements Media {
    readonly fingerprint: Uint8Array;
    #visit = 0;
    #listener: MediaListener | undefined;

    constructor(fingerprint: Uint8Array) {
        this.fingerprint = fingerprint;
    }

    enter(url: string, ticket: string, listener: MediaListener): void {
        this.#listener = listener;
        tell({ kind: 'relay', order: 'enter', visit: ++this.#visit, url, ticket });
    }

    renew(ticket: string): void {
        tell({ kind: 'relay', order: 'renew', ticket });
    }

    moved(): void {
        tell({ kind: 'relay', order: 'moved' });
    }

    leave(): void {
        tell({ kind: 'relay', order: 'leave' });
    }

    drop(): void {
        this.#listener = undefined;
        tell({ kind: 'relay', order: 'drop' });
    }

    happened(visit: number, event: 'opened' | 'renewed' | 'left' | 'lost' | 'refused'): void {
        if (visit !== this.#visit)
            return;
        if (event === 'lost' || event === 'refused')
            this.#listener?.lost(event === 'refused');
        else
            this.#listener?.[event]();
    }
}

// ---- what the window asks for

let media: FarMedia | undefined;

function enter({ module, entrance, fingerprint }: ToWorker & { kind: 'enter' }): void {
    media = new FarMedia(fingerprint);
    try {
        session = new Session(module, { told, link, media }, entrance);
    } catch (error) {
        told({ event: 'over', why: String((error as Error).message) });
    }
}

/** What is said or wished and cannot be is answered like all that is: there is no waiting in vain. */
function attempt(work: () => void): string | undefined {
    try {
        work();
        return undefined;
    } catch (error) {
        return String((error as Error).message);
    }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    let why: string | undefined;

    switch (data.kind) {
    case 'enter':
        enter(data);
        break;
    case 'wish':
        why = attempt(() => session?.wish(data.verb, data.who, data.number));
        if (why !== undefined)
            told({ event: 'wish', number: data.number, why });
        break;
    case 'say':
        why = attempt(() => session?.chat(data.text));
        tell({ kind: 'said', number: data.number, ...(why !== undefined && { why }) });
        break;
    case 'media':
        media?.happened(data.visit, data.event);
        break;
    case 'frames':
        transform(data.way, data.readable, data.writable);
        break;
    case 'leave':
        session?.leave();
        break;
    case 'close':
        session?.close();
        break;
    }
};

self.onrtctransform = ({ transformer }: RTCTransformEvent) =>
    transform(transformer.options as Way, transformer.readable, transformer.writable);
