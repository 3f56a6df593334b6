// One instance of the core's module: its memory, and what it asks its host for (src/base/host.h). Bytes are carried
// over the border here, and understood on its other side.

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

export type OpenLink = (url: string, protocol: string, listener: LinkListener) => Link;

/** The core's word that it will not, or our own bug. */
export class CoreError extends Error {
    override readonly name = 'CoreError';
}

interface Common {
    readonly memory: WebAssembly.Memory;
    _initialize(): void;
    take(length: number): number;
    give(at: number, length: number): void;
    result_words(result: number): number;
    link_opened(link: number): void;
    link_heard(link: number, message: number, length: number): void;
    link_closed(link: number, code: number): void;
}

/** Bytes in the module's memory, lent for one call. */
export interface Lent {
    readonly at: number;
    readonly length: number;
}

export interface Host {
    told(json: string): void; // once the module is left
    readonly link: OpenLink;
    turn(): void; // calls into the module, which asked to be woken
    failed(): void; // a trap: the module can go on no more
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Nothing of it outlives what it was made for. `Calls` are the exports of that. */
export class Instance<Calls> {
    readonly exports: Common & Calls;
    over = false;
    readonly #host: Host;
    readonly #links = new Map<number, Link | undefined>();
    readonly #later: (() => void)[] = [];
    #timer: ReturnType<typeof setTimeout> | undefined;
    #depth = 0;

    constructor(module: WebAssembly.Module, host: Host, more: (instance: Instance<Calls>) => WebAssembly.ModuleImports) {
        this.#host = host;
        this.exports = new WebAssembly.Instance(module, { teahouse: { ...this.#imports(), ...more(this) } })
            .exports as unknown as Common & Calls;
        this.exports._initialize();
    }

    /** Its links and timers go, and all of its memory is zeros: whatever a stack or a trap has left there. */
    end(): void {
        this.over = true;
        new Uint8Array(this.exports.memory.buffer as ArrayBuffer).fill(0);
        clearTimeout(this.#timer);
        this.#links.forEach((link) => link?.drop());
        this.#links.clear();
    }

    /** Calls into the module, and does what it asked for once it is left: it is never entered twice. */
    call<T>(work: () => T): T {
        this.#depth++;
        try {
            return work();
        } catch (error) {
            this.end(); // a trap leaves the module in no state to go on
            this.#later.splice(0, Infinity, () => this.#host.failed());
            throw error;
        } finally {
            this.#depth--;
            while (this.#depth === 0 && this.#later.length !== 0)
                this.#later.shift()?.();
        }
    }

    /** For edges: they may be told of when the module is being called, and then have to wait for their turn. */
    enter(work: () => void): void {
        if (this.over)
            return;
        if (this.#depth !== 0)
            this.#later.push(() => this.enter(work));
        else
            this.call(work);
    }

    /** What the module asks for has its effect once it is left. */
    later(work: () => void): void {
        this.#later.push(work);
    }

    /** A call that gives an `enum result`, with texts lent to it. */
    ask(texts: readonly string[], call: (...lent: Lent[]) => number): void {
        if (this.over)
            throw new CoreError('the session is over');
        const result = this.call(() => this.lend(texts.map((text) => encoder.encode(text)), call));
        if (result !== 0)
            throw new CoreError(this.string(this.exports.result_words(result)));
    }

    /** Lends bytes to one call, and wipes them behind it. */
    lend<T>(all: readonly Uint8Array[], call: (...lent: Lent[]) => T): T {
        const lent = all.map((bytes) => this.put(bytes));
        try {
            return call(...lent);
        } finally {
            lent.forEach(({ at, length }) => this.exports.give(at, length));
        }
    }

    /** Given to the module for good. */
    put(bytes: Uint8Array): Lent {
        const at = this.exports.take(Math.max(bytes.length, 1));
        if (at === 0)
            throw new CoreError('out of memory');
        this.bytes(at, bytes.length).set(bytes);
        return { at, length: bytes.length };
    }

    /** Views end when memory grows, so each is made anew. */
    bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
        return new Uint8Array(this.exports.memory.buffer as ArrayBuffer, at, length);
    }

    text(at: number, length: number): string {
        return decoder.decode(this.bytes(at, length));
    }

    /** Up to a zero. */
    string(at: number): string {
        const rest = new Uint8Array(this.exports.memory.buffer as ArrayBuffer, at);
        return decoder.decode(rest.subarray(0, rest.indexOf(0)));
    }

    #imports(): WebAssembly.ModuleImports {
        return {
            random: (at: number, length: number) => crypto.getRandomValues(this.bytes(at, length)),
            now: () => performance.now(),
            unix_time: () => Date.now(),
            wake: (at: number) => {
                clearTimeout(this.#timer);
                this.#timer = setTimeout(() => this.enter(() => this.#host.turn()), Math.max(0, at - performance.now()));
            },
            news: (at: number, length: number) => {
                const news = this.text(at, length);
                this.later(() => this.#host.told(news));
            },
            link_open: (link: number, url: number, urlLength: number, protocol: number, protocolLength: number) =>
                this.#openLink(link, this.text(url, urlLength), this.text(protocol, protocolLength)),
            link_send: (link: number, at: number, length: number) =>
                this.#links.get(link)?.send(this.bytes(at, length).slice()) ?? false,
            link_close: (link: number, code: number) => this.later(() => this.#links.get(link)?.close(code)),
            link_drop: (link: number) => {
                const end = this.#links.get(link);
                this.#links.delete(link);
                this.later(() => end?.drop());
            },
        };
    }

    /** The module knows the link by a number at once; it opens when the module is left, if it is still wanted then. */
    #openLink(link: number, url: string, protocol: string): void {
        const tell = (work: () => void): void => this.enter(() => {
            if (this.#links.get(link) === end)
                work();
        });
        let end: Link | undefined;

        this.#links.set(link, undefined);
        this.later(() => {
            if (!this.#links.has(link))
                return;
            end = this.#host.link(url, protocol, {
                opened: () => tell(() => this.exports.link_opened(link)),
                heard: (message) => tell(() => {
                    const { at, length } = this.put(message);
                    this.exports.link_heard(link, at, length);
                }),
                closed: (code) => tell(() => {
                    this.#links.delete(link);
                    this.exports.link_closed(link, code);
                }),
            });
            this.#links.set(link, end);
        });
    }
}
