// The core in WebAssembly, as the app sees it: one session in one room. All that is known about keys, groups and
// messages is inside; here bytes are carried over the border and understood by nobody. src/wasm/session.c and
// src/base/host.h are the other side.

/** Whether a voice is its speaker's own: docs/protocol.md, "Proof of the speaker". */
export type Proof = 'unheard' | 'proven' | 'unproven' | 'forged';

/** One who holds the room's keys. */
export interface Seat {
    readonly leaf: number;
    readonly handle: string;
    readonly account: string; // hex; zeros for a pseudonym
    readonly key: string; // hex: the leaf's signature key
    readonly bound: boolean; // to an account; else a pseudonym
    readonly self: boolean;
    readonly moderator: boolean;
    readonly maySpeak: boolean;
    readonly speaker: boolean; // on stage
    readonly muted: boolean;
    readonly proof: Proof; // of the voice that was heard last
}

interface About {
    readonly leaf: number;
    readonly handle: string;
}

/** What a session tells. `why` is there where something went wrong, `what` where there is a line for people. */
export type News = (
    | { readonly event: 'seated'; readonly title: string; readonly leaf: number }
    | { readonly event: 'roster'; readonly seats: readonly Seat[] }
    | { readonly event: 'epoch'; readonly epoch: number; readonly authenticator: string }
    | { readonly event: 'stage'; readonly on: boolean }
    | ({ readonly event: 'chat'; readonly text: string } & About)
    | ({ readonly event: 'hand' | 'muted' | 'heard'; readonly on: boolean } & About)
    | { readonly event: 'wish'; readonly number: number }
    | { readonly event: 'ended' | 'kicked' | 'alarm' | 'over' }
) & { readonly what?: string; readonly why?: string };

export interface LinkListener {
    opened(): void;
    heard(message: Uint8Array): void;
    closed(code: number): void;
}

/** A WebSocket, or what stands for one. After `drop` its listener is told nothing more. */
export interface Link {
    send(message: Uint8Array): boolean; // false where too much waits already
    close(code: number): void;
    drop(): void;
}

export interface MediaListener {
    opened(): void;
    renewed(): void;
    lost(refused: boolean): void;
    left(): void;
}

/** The peer connection with a relay. What it has been asked for it answers later, through the listener. */
export interface Media {
    readonly fingerprint: Uint8Array; // SHA-256 of its certificate
    enter(url: string, ticket: string, listener: MediaListener): void;
    renew(ticket: string): void;
    moved(): void;
    leave(): void;
    drop(): void;
}

/** Where a session's effects go. Nothing of it is called from within a call to the session. */
export interface Edges {
    told(news: News): void;
    link(url: string, protocol: string, listener: LinkListener): Link;
    readonly media: Media;
}

export interface Entrance {
    readonly identity: Uint8Array; // the account; wiped here once it is inside
    readonly link: string; // URL/r/ROOM, with #SECRET where the room is private
    readonly pseudonym?: string;
    readonly speaker: boolean; // on stage as soon as the room's roles let it
}

export type Verb =
    | 'raise' | 'lower' | 'invite' | 'accept' | 'leave' | 'demote' | 'mute' | 'admit' | 'kick' | 'block' | 'end';

/** An opened frame's Opus; or why there is none: `early` is to be tried again when an epoch has begun, for 200 ms. */
export type Opened = Uint8Array<ArrayBuffer> | 'early' | 'refused';

/** The core's word that it will not, or our own bug. */
export class CoreError extends Error {
    override readonly name = 'CoreError';
}

type Exports = {
    readonly memory: WebAssembly.Memory;
    _initialize(): void;
    take(length: number): number;
    give(at: number, length: number): void;
    result_words(result: number): number;
    session_new(identity: number, identityLength: number, link: number, linkLength: number, pseudonym: number,
        pseudonymLength: number, speaker: boolean): number;
    session_free(session: number): void;
    session_turn(session: number): void;
    session_leave(session: number): void;
    session_wish(session: number, verb: number, verbLength: number, who: number, whoLength: number, n: number): number;
    session_chat(session: number, text: number, length: number): number;
    session_frame(session: number): number;
    session_seal(session: number, opusLength: number): number;
    session_open(session: number, slot: number, sealedLength: number): number;
    session_gave_up(session: number): void;
    link_opened(link: number): void;
    link_heard(link: number, message: number, length: number): void;
    link_closed(link: number, code: number): void;
    media_opened(media: number): void;
    media_renewed(media: number): void;
    media_lost(media: number, refused: boolean): void;
    media_left(media: number): void;
};

interface Lent {
    readonly at: number;
    readonly length: number;
}

const NO_KEY = 4; // E_NO_KEY
const FRAME_MAX = 409; // FRAME_SEALED_MAX

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One module's instance: its memory, and what it asks its host for. Nothing of it outlives the session. */
export class Session {
    readonly #exports: Exports;
    readonly #edges: Edges;
    readonly #links = new Map<number, Link | undefined>();
    readonly #later: (() => void)[] = [];
    readonly #session: number;
    readonly #frameAt: number;
    #frame: Uint8Array<ArrayBuffer>;
    #media = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #depth = 0;
    #over = false;

    constructor(module: WebAssembly.Module, edges: Edges, entrance: Entrance) {
        const texts = [entrance.identity, encoder.encode(entrance.link), encoder.encode(entrance.pseudonym ?? '')];

        this.#edges = edges;
        this.#exports = new WebAssembly.Instance(module, { teahouse: this.#host() }).exports as unknown as Exports;
        this.#exports._initialize();
        this.#session = this.#call(() => this.#lend(texts, (identity, link, pseudonym) => this.#exports.session_new(
            identity.at, identity.length, link.at, link.length, pseudonym.at, pseudonym.length, entrance.speaker)));
        entrance.identity.fill(0);
        if (this.#session === 0)
            throw new CoreError('this account cannot enter by this link');
        this.#frameAt = this.#exports.session_frame(this.#session);
        this.#frame = this.#bytes(this.#frameAt, FRAME_MAX);
    }

    /** `who` is a handle or `#LEAF`. The news `wish` with the number say how it went. */
    wish(verb: Verb, who: string, number: number): void {
        this.#ask([verb, who], (word, name) => this.#exports.session_wish(
            this.#session, word.at, word.length, name.at, name.length, number));
    }

    chat(text: string): void {
        this.#ask([text], (line) => this.#exports.session_chat(this.#session, line.at, line.length));
    }

    /** Makes one frame of 20 ms into one sealed frame, which has one length always. Nothing, where it may not be sent. */
    seal(opus: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
        if (this.#over)
            return undefined;
        const frame = this.#frameView();
        const fits = opus.length <= frame.length;
        frame.set(fits ? opus : opus.subarray(0, frame.length));
        const length = this.#call(() => this.#exports.session_seal(this.#session, fits ? opus.length : frame.length));
        return length > 0 ? this.#frameView().slice(0, length) : undefined;
    }

    /** One frame that came in a slot. An empty one, which browsers send as a probe, is refused and not counted. */
    open(slot: number, sealed: Uint8Array): Opened {
        if (this.#over || sealed.length > FRAME_MAX)
            return 'refused';
        this.#frameView().set(sealed);
        const length = this.#call(() => this.#exports.session_open(this.#session, slot, sealed.length));
        if (length > 0)
            return this.#frameView().slice(0, length);
        return length === -NO_KEY ? 'early' : 'refused';
    }

    /** A frame stayed early for 200 ms. */
    gaveUp(): void {
        if (!this.#over)
            this.#call(() => this.#exports.session_gave_up(this.#session));
    }

    /** In order; the news `over` follow. */
    leave(): void {
        if (!this.#over)
            this.#call(() => this.#exports.session_leave(this.#session));
    }

    /** At once, without a word to anybody; wipes all keys. */
    close(): void {
        if (!this.#over)
            this.#call(() => this.#exports.session_free(this.#session));
        this.#end();
    }

    #end(): void {
        this.#over = true;
        clearTimeout(this.#timer);
        this.#links.forEach((link) => link?.drop());
        this.#links.clear();
        this.#edges.media.drop();
    }

    /** Calls into the module, and does what it asked for once it is left: it is never entered twice. */
    #call<T>(work: () => T): T {
        this.#depth++;
        try {
            return work();
        } catch (error) {
            this.#end(); // a trap leaves the module in no state to go on
            this.#later.splice(0, Infinity, () => this.#edges.told({ event: 'over', why: 'the core has failed' }));
            throw error;
        } finally {
            this.#depth--;
            while (this.#depth === 0 && this.#later.length !== 0)
                this.#later.shift()?.();
        }
    }

    /** For edges: they may be told of when the module is being called, and then have to wait for their turn. */
    #enter(work: () => void): void {
        if (this.#over)
            return;
        if (this.#depth !== 0)
            this.#later.push(() => this.#enter(work));
        else
            this.#call(work);
    }

    #ask(texts: readonly string[], call: (...lent: Lent[]) => number): void {
        if (this.#over)
            throw new CoreError('the session is over');
        const result = this.#call(() => this.#lend(texts.map((text) => encoder.encode(text)), call));
        if (result !== 0)
            throw new CoreError(this.#words(this.#exports.result_words(result)));
    }

    /** Views end when memory grows, so each is made anew. */
    #bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
        return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, at, length);
    }

    #frameView(): Uint8Array<ArrayBuffer> {
        if (this.#frame.length === 0)
            this.#frame = this.#bytes(this.#frameAt, FRAME_MAX);
        return this.#frame;
    }

    #text(at: number, length: number): string {
        return decoder.decode(this.#bytes(at, length));
    }

    #words(at: number): string {
        const rest = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, at);
        return decoder.decode(rest.subarray(0, rest.indexOf(0)));
    }

    #put(bytes: Uint8Array): Lent {
        const at = this.#exports.take(Math.max(bytes.length, 1));
        if (at === 0)
            throw new CoreError('out of memory');
        this.#bytes(at, bytes.length).set(bytes);
        return { at, length: bytes.length };
    }

    /** Lends bytes to one call, and wipes them behind it. */
    #lend<T>(all: readonly Uint8Array[], call: (...lent: Lent[]) => T): T {
        const lent = all.map((bytes) => this.#put(bytes));
        try {
            return call(...lent);
        } finally {
            lent.forEach(({ at, length }) => this.#exports.give(at, length));
        }
    }

    /** What the module may ask for. What has an effect outside waits until the module is left. */
    #host(): WebAssembly.ModuleImports {
        const { media, told } = this.#edges;
        const later = (work: () => void): void => void this.#later.push(work);

        return {
            random: (at: number, length: number) => crypto.getRandomValues(this.#bytes(at, length)),
            now: () => performance.now(),
            unix_time: () => Date.now(),
            wake: (at: number) => this.#wake(at),
            news: (at: number, length: number) => {
                const news = JSON.parse(this.#text(at, length)) as News;
                later(() => told(news));
            },

            link_open: (link: number, url: number, urlLength: number, protocol: number, protocolLength: number) =>
                this.#openLink(link, this.#text(url, urlLength), this.#text(protocol, protocolLength)),
            link_send: (link: number, at: number, length: number) =>
                this.#links.get(link)?.send(this.#bytes(at, length).slice()) ?? false,
            link_close: (link: number, code: number) => later(() => this.#links.get(link)?.close(code)),
            link_drop: (link: number) => {
                const end = this.#links.get(link);
                this.#links.delete(link);
                later(() => end?.drop());
            },

            media_fingerprint: (at: number) => this.#bytes(at, 32).set(media.fingerprint),
            media_enter: (handle: number, url: number, urlLength: number, ticket: number, ticketLength: number) => {
                const where = this.#text(url, urlLength), what = this.#text(ticket, ticketLength);
                this.#media = handle;
                later(() => media.enter(where, what, this.#mediaListener(handle)));
            },
            media_renew: (_: number, ticket: number, length: number) => {
                const what = this.#text(ticket, length);
                later(() => media.renew(what));
            },
            media_moved: () => later(() => media.moved()),
            media_leave: () => later(() => media.leave()),
            media_drop: () => {
                this.#media = 0;
                later(() => media.drop());
            },
        };
    }

    #wake(at: number): void {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#enter(() => this.#exports.session_turn(this.#session)),
            Math.max(0, at - performance.now()));
    }

    /** The module knows the link by a number at once; it opens when the module is left, if it is still wanted then. */
    #openLink(link: number, url: string, protocol: string): void {
        const tell = (work: () => void): void => this.#enter(() => {
            if (this.#links.get(link) === end)
                work();
        });
        let end: Link | undefined;

        this.#links.set(link, undefined);
        this.#later.push(() => {
            if (!this.#links.has(link))
                return;
            end = this.#edges.link(url, protocol, {
                opened: () => tell(() => this.#exports.link_opened(link)),
                heard: (message) => tell(() => {
                    const { at, length } = this.#put(message);
                    this.#exports.link_heard(link, at, length);
                }),
                closed: (code) => tell(() => {
                    this.#links.delete(link);
                    this.#exports.link_closed(link, code);
                }),
            });
            this.#links.set(link, end);
        });
    }

    #mediaListener(handle: number): MediaListener {
        const tell = (work: () => void): void => this.#enter(() => {
            if (this.#media === handle)
                work();
        });

        return {
            opened: () => tell(() => this.#exports.media_opened(handle)),
            renewed: () => tell(() => this.#exports.media_renewed(handle)),
            lost: (refused) => tell(() => this.#exports.media_lost(handle, refused)),
            left: () => tell(() => this.#exports.media_left(handle)),
        };
    }
}
