// One room, as a page shows it: what is so, in signals, and what can be done. The session lives in the worker, the sounds
// in mouth.ts and ear.ts; here their news become what is seen.
import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { News, Seat, Verb } from './core.ts';
import type { FromWorker, ToWorker } from './between.ts';
import { Ear } from './ear.ts';
import { scriptUrl } from './files.ts';
import { canSeal, RelaySession } from './relay.ts';
import { Mouth, type Microphone } from './mouth.ts';

export type { Microphone } from './mouth.ts';

export interface Options {
    readonly module: WebAssembly.Module;
    readonly identity: Uint8Array; // wiped here once it is inside
    readonly link: string;
    readonly pseudonym?: string;
    readonly speaker: boolean; // on stage as soon as the room's roles let it
}

/** `away`: the house or the relay is lost, and comes back. */
export type Phase = 'entering' | 'seated' | 'away' | 'leaving' | 'over';

export interface Over {
    readonly how: 'left' | 'kicked' | 'ended' | 'failed';
    readonly text: string;
}

export interface Line {
    readonly number: number;
    readonly leaf: number;
    readonly handle: string;
    readonly text: string;
    readonly own: boolean;
}

export interface Alarm {
    readonly number: number;
    readonly text: string;
}

export interface Epoch {
    readonly number: number;
    readonly authenticator: string; // hex
    readonly words: string; // to be compared
}

/** A wish that was not granted. The message is one line for people. */
export class Denied extends Error {
    override readonly name = 'Denied';
}

const LINES_MAX = 500, ALARMS_MAX = 50;
const NONE: ReadonlySet<number> = new Set();

/** The worker and the relay's side of one room, made before anybody has said which. */
interface Prepared {
    readonly worker: Worker;
    readonly relay: Promise<RelaySession>;
    readonly ear: Ear;
    readonly mouth: Mouth;
    readonly passing: ReturnType<typeof signal<boolean | undefined>>;
    own: number | undefined; // leaf
    obey: (message: FromWorker) => void;
}

function prepare(): Prepared {
    const worker = new Worker(scriptUrl('seal.worker.js'), { type: 'module' });
    const ear = new Ear(), passing = signal<boolean | undefined>(undefined);
    const mouth = new Mouth((track) => ear.own(prepared.own ?? -1, track));
    const prepared: Prepared = {
        worker, ear, mouth, passing, own: undefined, obey: () => {},
        relay: RelaySession.make({
            worker,
            connected(voice, sounds) {
                ear.hear(sounds);
                mouth.through(voice);
            },
            passing(on) {
                if (on || passing.value !== undefined) // the first time it is still to come
                    passing.value = on;
            },
        }),
    };

    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => prepared.obey(data);
    prepared.relay.catch(() => {}); // whoever enters hears of it
    return prepared;
}

let ready: Prepared | undefined;

/** Makes in advance what a room needs, so that entering one is quick. */
export function prepareRoom(): void {
    if (canSeal())
        ready ??= prepare();
}

export function enterRoom(options: Options): Room {
    return new Room(options);
}

export class Room {
    readonly #prepared: Prepared | undefined;
    readonly #over = signal<Over | undefined>(undefined);
    readonly #seatedAs = signal<number | undefined>(undefined); // leaf
    readonly #linked = signal(true);
    readonly #leaving = signal(false);
    readonly #title = signal('');
    readonly #seats = signal<readonly Seat[]>([]);
    readonly #hands = signal(NONE);
    readonly #chat = signal<readonly Line[]>([]);
    readonly #alarms = signal<readonly Alarm[]>([]);
    readonly #epoch = signal<Epoch | undefined>(undefined);
    readonly #stage = signal(false);
    readonly #wishes = new Map<number, (why: string | undefined) => void>();
    readonly #moved = (): void => void this.#prepared?.relay.then((relay) => relay.moved());
    #how: Over['how'] = 'left';
    #number = 0;

    readonly phase: ReadonlySignal<Phase> = computed(() =>
        this.#over.value !== undefined ? 'over'
        : this.#leaving.value ? 'leaving'
        : this.#seatedAs.value === undefined ? 'entering'
        : this.#linked.value && this.#prepared?.passing.value !== false ? 'seated' : 'away');
    readonly over: ReadonlySignal<Over | undefined> = this.#over;
    readonly title: ReadonlySignal<string> = this.#title;
    readonly seats: ReadonlySignal<readonly Seat[]> = this.#seats;
    readonly me: ReadonlySignal<Seat | undefined> = computed(() => this.#seats.value.find(({ self }) => self));
    /** Leaves that sound now, the own one too, measured on what sounds. */
    readonly talking: ReadonlySignal<ReadonlySet<number>>;
    /** Leaves whose hands are up. */
    readonly hands: ReadonlySignal<ReadonlySet<number>> = this.#hands;
    readonly chat: ReadonlySignal<readonly Line[]> = this.#chat;
    readonly alarms: ReadonlySignal<readonly Alarm[]> = this.#alarms;
    readonly epoch: ReadonlySignal<Epoch | undefined> = this.#epoch;
    readonly microphone: ReadonlySignal<Microphone>;
    /** The room lets us be heard. */
    readonly stage: ReadonlySignal<boolean> = this.#stage;
    /** The browser wants a click before it plays: see `play`. */
    readonly silent: ReadonlySignal<boolean>;

    constructor(options: Options) {
        const prepared = canSeal() ? ready ?? prepare() : undefined;

        ready = undefined;
        this.#prepared = prepared;
        this.talking = prepared?.ear.talking ?? signal(NONE);
        this.silent = prepared?.ear.silent ?? signal(false);
        this.microphone = prepared?.mouth.state ?? signal<Microphone>('unsupported');
        if (prepared === undefined) {
            this.#end('failed', 'this browser cannot seal voices');
            return;
        }
        prepared.obey = (message) => this.#obey(message);
        prepared.worker.onerror = ({ message }) => this.#end('failed', message || 'the worker could not be loaded');
        window.addEventListener('online', this.#moved);
        void prepared.relay.then(({ fingerprint }) => {
            const { module, ...entrance } = options;
            this.#send({ kind: 'enter', module, entrance, fingerprint });
            options.identity.fill(0);
        }).catch((error: Error) => this.#end('failed', error.message));
    }

    /** `who` is a handle or `#LEAF`. Rejects with Denied. On stage comes only who has a microphone. */
    async wish(verb: Verb, who = ''): Promise<void> {
        const mouth = this.#prepared?.mouth;

        if (verb === 'accept' && await mouth?.ask() !== true)
            throw new Denied('there is no microphone');
        const why = await this.#ask((number) => ({ kind: 'wish', verb, who, number }));
        if (why !== undefined) {
            if (verb === 'accept' && !this.#stage.value)
                mouth?.close();
            throw new Denied(why);
        }
        if (verb === 'raise' || verb === 'lower')
            this.#hand(this.#seatedAs.value, verb === 'raise');
        else if (verb === 'accept')
            this.#muted(this.#seatedAs.value, false);
    }

    /** A line of chat, to all who hold the room's keys. Rejects with Denied. */
    async say(text: string): Promise<void> {
        const why = await this.#ask((number) => ({ kind: 'say', text, number }));

        if (why !== undefined)
            throw new Denied(why);
        this.#line({ leaf: this.#seatedAs.value ?? -1, handle: this.me.value?.handle ?? '', text, own: true });
    }

    dismiss(alarm: number): void {
        this.#alarms.value = this.#alarms.value.filter(({ number }) => number !== alarm);
    }

    /** The own microphone; push to talk as well. Asks for it again where it was denied. */
    mute(on: boolean): void {
        this.#prepared?.mouth.mute(on);
    }

    /** From 0 to 1. */
    volume(leaf: number, gain: number): void {
        this.#prepared?.ear.volume(leaf, gain);
    }

    gain(leaf: number): number {
        return this.#prepared?.ear.gain(leaf) ?? 1;
    }

    /** How loud somebody is now, from 0 to 1. */
    level(leaf: number): ReadonlySignal<number> {
        return this.#prepared?.ear.level(leaf) ?? signal(0);
    }

    /** To be called from a click, where `silent` says so. */
    play(): void {
        this.#prepared?.ear.play();
    }

    /** In order: `over` follows. */
    leave(): void {
        if (this.#over.value !== undefined)
            return;
        this.#leaving.value = true;
        this.#send({ kind: 'leave' });
    }

    /** At once; nobody is told. */
    close(): void {
        this.#send({ kind: 'close' });
        this.#end('left', '');
    }

    // ---- what the worker says

    #send(message: ToWorker): void {
        this.#prepared?.worker.postMessage(message);
    }

    /** Undefined where it is done, or why it is not. */
    #ask(message: (number: number) => ToWorker): Promise<string | undefined> {
        const number = ++this.#number;

        if (this.#over.value !== undefined)
            return Promise.resolve('the room was left');
        return new Promise((resolve) => {
            this.#wishes.set(number, resolve);
            this.#send(message(number));
        });
    }

    #answer(number: number, why: string | undefined): void {
        this.#wishes.get(number)?.(why);
        this.#wishes.delete(number);
    }

    #obey(message: FromWorker): void {
        switch (message.kind) {
        case 'told':
            this.#hear(message.news);
            break;
        case 'said':
            this.#answer(message.number, message.why);
            break;
        case 'linked':
            this.#linked.value = message.on;
            break;
        case 'sounds':
            this.#prepared?.ear.sounds(message.slot, message.leaf);
            break;
        case 'relay':
            void this.#prepared?.relay.then((relay) => relay.obey(message));
            break;
        }
    }

    #hear(news: News): void {
        switch (news.event) {
        case 'seated':
            this.#title.value = news.title;
            this.#seatedAs.value = news.leaf;
            if (this.#prepared !== undefined)
                this.#prepared.own = news.leaf;
            break;
        case 'roster':
            this.#roster(news.seats);
            break;
        case 'epoch':
            this.#epoch.value = { number: news.epoch, authenticator: news.authenticator, words: news.words };
            break;
        case 'stage':
            this.#stage.value = news.on;
            if (news.on)
                this.#prepared?.mouth.open();
            else
                this.#prepared?.mouth.close();
            break;
        case 'chat':
            this.#line({ leaf: news.leaf, handle: news.handle, text: news.text, own: false });
            break;
        case 'hand':
            this.#hand(news.leaf, news.on);
            break;
        case 'muted':
            this.#muted(news.leaf, news.on);
            break;
        case 'wish':
            this.#answer(news.number, news.why === undefined ? undefined : news.what ?? news.why);
            break;
        case 'heard':
            break; // the ear measures it
        case 'ended':
        case 'kicked':
            this.#how = news.event;
            break;
        case 'alarm':
            this.#alarms.value = [...this.#alarms.value, { number: ++this.#number, text: news.what ?? '' }].slice(-ALARMS_MAX);
            break;
        case 'over':
            this.#end(this.#how === 'left' && news.why !== undefined ? 'failed' : this.#how, news.what ?? news.why ?? '');
            break;
        }
    }

    #roster(seats: readonly Seat[]): void {
        const waiting = seats.filter(({ leaf, speaker }) => this.#hands.value.has(leaf) && !speaker);

        this.#seats.value = seats;
        if (waiting.length !== this.#hands.value.size)
            this.#hands.value = new Set(waiting.map(({ leaf }) => leaf));
    }

    #hand(leaf: number | undefined, up: boolean): void {
        const hands = new Set(this.#hands.value);

        if (leaf === undefined)
            return;
        if (up)
            hands.add(leaf);
        else
            hands.delete(leaf);
        this.#hands.value = hands;
    }

    #muted(leaf: number | undefined, muted: boolean): void {
        this.#seats.value = this.#seats.value.map((seat) => seat.leaf === leaf ? { ...seat, muted } : seat);
    }

    #line(line: Omit<Line, 'number'>): void {
        this.#chat.value = [...this.#chat.value, { ...line, number: ++this.#number }].slice(-LINES_MAX);
    }

    #end(how: Over['how'], text: string): void {
        if (this.#over.value !== undefined)
            return;
        this.#over.value = { how, text };
        this.#wishes.forEach((done) => done('the room was left before that was done'));
        this.#wishes.clear();
        window.removeEventListener('online', this.#moved);
        this.#prepared?.mouth.end();
        this.#prepared?.ear.end();
        void this.#prepared?.relay.then((relay) => relay.drop(), () => {});
        setTimeout(() => this.#prepared?.worker.terminate(), 100); // what it still has to wipe is wiped
    }
}
