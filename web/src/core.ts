// The core in WebAssembly, as the app sees it: one session in one room. All that is known about keys, groups and
// messages is inside. src/wasm/session.c is the other side.
import { CoreError, Instance, type OpenLink } from './instance.ts';

export { CoreError, type Link, type LinkListener } from './instance.ts';

/** Whether a voice is its speaker's own: docs/protocol.md, "Proof of the speaker". */
export type Proof = 'unheard' | 'proven' | 'unproven' | 'forged';

/** One who holds the room's keys. */
export interface Seat {
    readonly leaf: number;
    readonly handle: string;
    readonly account: string; // hex; zeros for a pseudonym
    readonly fingerprint?: string; // of the account, where it is bound
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
    | { readonly event: 'epoch'; readonly epoch: number; readonly authenticator: string; readonly words: string }
    | { readonly event: 'stage'; readonly on: boolean }
    | ({ readonly event: 'chat'; readonly text: string } & About)
    | ({ readonly event: 'hand' | 'muted' | 'heard'; readonly on: boolean } & About)
    | { readonly event: 'wish'; readonly number: number }
    | { readonly event: 'ended' | 'kicked' | 'alarm' | 'over' }
) & { readonly what?: string; readonly why?: string };

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
    readonly link: OpenLink;
    readonly media: Media;
}

export interface Entrance {
    readonly identity: Uint8Array; // the account; wiped here once it is inside
    readonly link: string; // URL/r/ROOM, with #SECRET where the room is private
    readonly pseudonym?: string;
    readonly speaker: boolean; // on stage as soon as the room's roles let it
}

export type Verb =
    | 'raise' | 'lower' | 'invite' | 'accept' | 'leave' | 'demote' | 'mute' | 'admit' | 'kick' | 'block' | 'moderator'
    | 'resign' | 'end';

/** An opened frame's Opus; or why there is none: `early` is to be tried again when an epoch has begun, for 200 ms. */
export type Opened = Uint8Array<ArrayBuffer> | 'early' | 'refused';

type Calls = {
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
    session_hears(session: number, slot: number): number;
    session_gave_up(session: number): void;
    media_opened(media: number): void;
    media_renewed(media: number): void;
    media_lost(media: number, refused: boolean): void;
    media_left(media: number): void;
};

const NO_KEY = 4; // E_NO_KEY
const FRAME_MAX = 409; // FRAME_SEALED_MAX

const encoder = new TextEncoder();

/** Nothing of the module's instance outlives the session. */
export class Session {
    readonly #core: Instance<Calls>;
    readonly #edges: Edges;
    readonly #session: number;
    readonly #frameAt: number;
    #frame: Uint8Array<ArrayBuffer>;
    #media = 0;

    constructor(module: WebAssembly.Module, edges: Edges, entrance: Entrance) {
        const texts = [entrance.identity, encoder.encode(entrance.link), encoder.encode(entrance.pseudonym ?? '')];

        this.#edges = edges;
        this.#core = new Instance<Calls>(module, {
            told: (json) => edges.told(JSON.parse(json) as News),
            link: edges.link,
            turn: () => this.#core.exports.session_turn(this.#session),
            failed: () => {
                edges.media.drop();
                edges.told({ event: 'over', why: 'the core has failed' });
            },
        }, () => this.#imports());
        this.#session = this.#core.call(() => this.#core.lend(texts, (identity, link, pseudonym) =>
            this.#core.exports.session_new(identity.at, identity.length, link.at, link.length,
                pseudonym.at, pseudonym.length, entrance.speaker)));
        entrance.identity.fill(0);
        if (this.#session === 0)
            throw new CoreError('this account cannot enter by this link');
        this.#frameAt = this.#core.exports.session_frame(this.#session);
        this.#frame = this.#core.bytes(this.#frameAt, FRAME_MAX);
    }

    /** `who` is a handle or `#LEAF`. The news `wish` with the number say how it went. */
    wish(verb: Verb, who: string, number: number): void {
        this.#core.ask([verb, who], (word, name) => this.#core.exports.session_wish(
            this.#session, word.at, word.length, name.at, name.length, number));
    }

    chat(text: string): void {
        this.#core.ask([text], (line) => this.#core.exports.session_chat(this.#session, line.at, line.length));
    }

    /** Makes one frame of 20 ms into one sealed frame, which has one length always. Nothing, where it may not be sent. */
    seal(opus: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
        if (this.#core.over)
            return undefined;
        const frame = this.#frameView();
        const fits = opus.length <= frame.length;
        frame.set(fits ? opus : opus.subarray(0, frame.length));
        const length = this.#core.call(() =>
            this.#core.exports.session_seal(this.#session, fits ? opus.length : frame.length));
        return length > 0 ? this.#frameView().slice(0, length) : undefined;
    }

    /** One frame that came in a slot. An empty one, which browsers send as a probe, is refused and not counted. */
    open(slot: number, sealed: Uint8Array): Opened {
        if (this.#core.over || sealed.length > FRAME_MAX)
            return 'refused';
        this.#frameView().set(sealed);
        const length = this.#core.call(() => this.#core.exports.session_open(this.#session, slot, sealed.length));
        if (length > 0)
            return this.#frameView().slice(0, length);
        return length === -NO_KEY ? 'early' : 'refused';
    }

    /** The leaf whose frame was opened last in a slot. */
    hears(slot: number): number | undefined {
        const leaf = this.#core.over ? -1 : this.#core.call(() => this.#core.exports.session_hears(this.#session, slot));
        return leaf < 0 ? undefined : leaf;
    }

    /** A frame stayed early for 200 ms. */
    gaveUp(): void {
        if (!this.#core.over)
            this.#core.call(() => this.#core.exports.session_gave_up(this.#session));
    }

    /** In order; the news `over` follow. */
    leave(): void {
        if (!this.#core.over)
            this.#core.call(() => this.#core.exports.session_leave(this.#session));
    }

    /** At once, without a word to anybody; wipes all keys. */
    close(): void {
        if (!this.#core.over)
            this.#core.call(() => this.#core.exports.session_free(this.#session));
        this.#core.end();
        this.#edges.media.drop();
    }

    #frameView(): Uint8Array<ArrayBuffer> {
        if (this.#frame.length === 0) // its memory has grown
            this.#frame = this.#core.bytes(this.#frameAt, FRAME_MAX);
        return this.#frame;
    }

    #imports(): WebAssembly.ModuleImports {
        const { media } = this.#edges;
        const later = (work: () => void): void => this.#core.later(work);

        return {
            media_fingerprint: (at: number) => this.#core.bytes(at, 32).set(media.fingerprint),
            media_enter: (handle: number, url: number, urlLength: number, ticket: number, ticketLength: number) => {
                const where = this.#core.text(url, urlLength), what = this.#core.text(ticket, ticketLength);
                this.#media = handle;
                later(() => media.enter(where, what, this.#mediaListener(handle)));
            },
            media_renew: (_: number, ticket: number, length: number) => {
                const what = this.#core.text(ticket, length);
                later(() => media.renew(what));
            },
            media_moved: () => later(() => media.moved()),
            media_leave: (handle: number) => {
                if (this.#media !== 0)
                    later(() => media.leave());
                else // no relay has been entered, and none need be told
                    later(() => this.#core.enter(() => this.#core.exports.media_left(handle)));
            },
            media_drop: () => {
                this.#media = 0;
                later(() => media.drop());
            },
        };
    }

    #mediaListener(handle: number): MediaListener {
        const tell = (work: () => void): void => this.#core.enter(() => {
            if (this.#media === handle)
                work();
        });

        return {
            opened: () => tell(() => this.#core.exports.media_opened(handle)),
            renewed: () => tell(() => this.#core.exports.media_renewed(handle)),
            lost: (refused) => tell(() => this.#core.exports.media_lost(handle, refused)),
            left: () => tell(() => this.#core.exports.media_left(handle)),
        };
    }
}
