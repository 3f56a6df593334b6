// A person at the house's door, in no room yet: the account, the list of rooms, new rooms. src/wasm/visit.c is the
// other side.
import { CoreError, Instance, type Lent, type OpenLink } from './instance.ts';

/** An account as this device keeps it. The file holds its key. */
export interface Account {
    readonly file: string;
    readonly handle: string;
    readonly account: string; // hex
    readonly fingerprint: string;
}

/** A room as the house lists it. */
export interface Listed {
    readonly room: string;
    readonly title: string;
    readonly speakers: number;
    readonly listeners: number;
}

export type Kind = 'open' | 'social' | 'private';

/** A room as its charter, which its maker signed, and its house describe it. */
export interface Shown {
    readonly room: string;
    readonly title: string;
    readonly kind: Kind;
    readonly everyone: boolean; // may speak; else who is invited
    readonly deniable: boolean;
    readonly pseudonyms: boolean;
    readonly mine: boolean;
    readonly secret: 'none' | 'missing' | 'right' | 'other'; // of the link that it was shown for
    readonly seats: readonly { readonly handle: string; readonly speaker: boolean }[];
}

export interface Plan {
    readonly title: string;
    readonly kind: Kind;
    readonly everyone: boolean;
    readonly deniable: boolean;
    readonly pseudonyms: boolean;
}

/** A house's no, with its words for people. Reasons: src/wire/signal.h, `enum signal_reason`. */
export class Refused extends Error {
    override readonly name = 'Refused';
    constructor(readonly reason: number, text: string) {
        super(text);
    }
}
export const NAME_TAKEN = 4, NAME_BAD = 5, UNKNOWN = 6;

/** The way to the house is gone, or was never there. */
export class Lost extends Error {
    override readonly name = 'Lost';
    constructor(why: string, readonly otherHouse: boolean) {
        super(why);
    }
}

type News =
    | ({ readonly event: 'account' } & Account)
    | ({ readonly event: 'room'; readonly number: number } & Shown)
    | { readonly event: 'rooms'; readonly number: number; readonly rooms: readonly Listed[]; readonly last: boolean }
    | { readonly event: 'made'; readonly number: number; readonly link: string }
    | { readonly event: 'done'; readonly number: number }
    | { readonly event: 'refused'; readonly number: number; readonly reason: number; readonly text: string }
    | { readonly event: 'lost'; readonly why: string; readonly otherHouse: boolean };

type Calls = {
    visit_new(url: number, urlLength: number, handle: number, handleLength: number): number;
    visit_back(identity: number, length: number): number;
    visit_recover(url: number, urlLength: number, code: number, codeLength: number): number;
    visit_free(visit: number): void;
    visit_turn(visit: number): void;
    visit_register(visit: number): number;
    visit_rooms(visit: number, number: number): number;
    visit_show(visit: number, link: number, length: number, number: number): number;
    visit_make(visit: number, title: number, length: number, kind: number, stage: number, deniable: boolean,
        pseudonyms: boolean, number: number): number;
    visit_follow(visit: number, handle: number, length: number, on: boolean, number: number): number;
    visit_code(visit: number): number;
};

export type Coming =
    | { readonly way: 'new'; readonly house: string; readonly handle: string }
    | { readonly way: 'back'; readonly file: string }
    | { readonly way: 'recover'; readonly house: string; readonly code: string };

interface Asked {
    take(news: News): boolean; // true once it was all
    fail(error: Error): void;
}

const KINDS: readonly Kind[] = ['open', 'social', 'private'];
const SIGNING_IN = 0; // the number of what was not asked by number
const encoder = new TextEncoder();

export class Visit {
    readonly #core: Instance<Calls>;
    readonly #visit: number;
    readonly #asked = new Map<number, Asked>();
    readonly #keep: (account: Account) => Promise<void>;
    #last = SIGNING_IN;
    #lost: Error | undefined;
    #account: Account | undefined;
    /** Resolves once the house knows who is there. */
    readonly signedIn: Promise<Account>;

    /** `keep` is done when the account's file will be there again after a crash; the house hears of it only then. */
    constructor(module: WebAssembly.Module, link: OpenLink, coming: Coming, keep: (account: Account) => Promise<void>) {
        this.#keep = keep;
        this.#core = new Instance<Calls>(module, {
            told: (json) => this.#told(JSON.parse(json) as News),
            link,
            turn: () => this.#core.exports.visit_turn(this.#visit),
            failed: () => this.#lose(new CoreError('the core has failed')),
        }, noMedia);
        this.signedIn = this.#answer(SIGNING_IN, () => this.#account as Account);
        this.signedIn.catch(() => undefined); // whoever asks next is told
        this.#visit = this.#core.call(() => this.#come(coming));
        if (this.#visit === 0)
            this.#lose(new CoreError(coming.way === 'recover' ? 'this is no recovery code' : 'no account can be had so'));
    }

    async rooms(): Promise<readonly Listed[]> {
        const all: Listed[] = [];
        await this.#ask([], (number) => this.#core.exports.visit_rooms(this.#visit, number), (news) => {
            if (news.event === 'rooms')
                all.push(...news.rooms);
            return news.event !== 'rooms' || news.last;
        });
        return all;
    }

    async show(link: string): Promise<Shown> {
        const news = await this.#ask([link], (number, text) => this.#core.exports.visit_show(
            this.#visit, text?.at ?? 0, text?.length ?? 0, number));
        return news as Shown & News;
    }

    /** The new room's link. */
    async make(plan: Plan): Promise<string> {
        const news = await this.#ask([plan.title], (number, title) => this.#core.exports.visit_make(this.#visit,
            title?.at ?? 0, title?.length ?? 0, KINDS.indexOf(plan.kind), plan.everyone ? 1 : 0, plan.deniable,
            plan.pseudonyms, number));
        return news.event === 'made' ? news.link : '';
    }

    async follow(handle: string, on: boolean): Promise<void> {
        await this.#ask([handle], (number, who) => this.#core.exports.visit_follow(
            this.#visit, who?.at ?? 0, who?.length ?? 0, on, number));
    }

    /** The account's key on paper. */
    code(): string {
        return this.#core.string(this.#core.call(() => this.#core.exports.visit_code(this.#visit)));
    }

    close(): void {
        if (!this.#core.over && this.#visit !== 0)
            this.#core.call(() => this.#core.exports.visit_free(this.#visit));
        this.#lose(new Lost('left', false));
    }

    get isLost(): boolean {
        return this.#lost !== undefined;
    }

    #come(coming: Coming): number {
        const calls = this.#core.exports;

        switch (coming.way) {
        case 'new':
            return this.#core.lend([coming.house, coming.handle].map((text) => encoder.encode(text)), (house, handle) =>
                calls.visit_new(house.at, house.length, handle.at, handle.length));
        case 'recover':
            return this.#core.lend([coming.house, coming.code].map((text) => encoder.encode(text)), (house, code) =>
                calls.visit_recover(house.at, house.length, code.at, code.length));
        case 'back':
            return this.#core.lend([encoder.encode(coming.file)], (file) => calls.visit_back(file.at, file.length));
        }
    }

    #answer<T>(number: number, of: (news: News) => T, take: (news: News) => boolean = () => true): Promise<T> {
        return new Promise((resolve, reject) => this.#asked.set(number, {
            take(news) {
                if (news.event === 'refused')
                    reject(new Refused(news.reason, news.text));
                else if (!take(news))
                    return false;
                else
                    resolve(of(news));
                return true;
            },
            fail: reject,
        }));
    }

    async #ask(texts: readonly string[], call: (number: number, ...lent: Lent[]) => number,
        take?: (news: News) => boolean): Promise<News> {
        await this.signedIn;
        if (this.#lost !== undefined)
            throw this.#lost;
        const number = ++this.#last;
        const answer = this.#answer(number, (news) => news, take);
        try {
            this.#core.ask(texts, (...lent) => call(number, ...lent));
        } catch (error) {
            this.#asked.get(number)?.fail(error as Error);
            this.#asked.delete(number);
        }
        return answer;
    }

    #told(news: News): void {
        if (news.event === 'account')
            void this.#kept(news);
        else if (news.event === 'lost')
            this.#lose(new Lost(news.why, news.otherHouse));
        else if (this.#asked.get(news.number)?.take(news))
            this.#asked.delete(news.number);
    }

    async #kept(account: Account): Promise<void> {
        this.#account = account;
        try {
            await this.#keep(account);
            this.#core.enter(() => this.#core.exports.visit_register(this.#visit)); // refused where it is known
        } catch (error) {
            this.#lose(error as Error);
        }
    }

    #lose(why: Error): void {
        this.#lost ??= why;
        this.#core.end();
        this.#asked.forEach((asked) => asked.fail(why));
        this.#asked.clear();
    }
}

/** What a session in a room would ask for. */
function noMedia(): WebAssembly.ModuleImports {
    const never = (): never => {
        throw new CoreError('no media at the door');
    };
    return Object.fromEntries(['fingerprint', 'enter', 'renew', 'moved', 'leave', 'drop']
        .map((name) => [`media_${name}`, never]));
}
