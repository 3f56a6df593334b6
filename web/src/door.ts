// The way to the house while one is in no room: who one is, and what rooms there are. Signals for the pages, and the
// effects that fill them.
import { computed, signal } from '@preact/signals';
import { forgetAccount, keepAccount, loadAccount } from './cupboard.ts';
import { fileUrl } from './files.ts';
import { openLink } from './house.ts';
import { recall } from './known.ts';
import { type Account, type Coming, type Listed, Lost, type Plan, Refused, type Shown, Visit } from './visit.ts';

/** `undefined`: not known yet; `null`: this device has none. */
export const account = signal<Account | null | undefined>(undefined);
/** The code of an account that was just made, until the person has kept it. */
export const freshCode = signal<string | undefined>(undefined);
export type Way = 'closed' | 'open' | 'lost' | 'other house';
export const way = signal<Way>('closed');

export interface Door extends Listed {
    readonly speakers: number;
    readonly names: readonly string[]; // on stage
}
export type Hallway =
    | { readonly state: 'loading' }
    | { readonly state: 'failed'; readonly why: string }
    | { readonly state: 'there'; readonly doors: readonly Door[] };
export const hallway = signal<Hallway>({ state: 'loading' });
export const isOffline = computed(() => way.value === 'lost');

const ROOMS_MS = 4000, AGAIN_MS = 3000, SHOWN_MAX = 24;

let compiling: Promise<WebAssembly.Module> | undefined;
let visit: Visit | undefined;
let turn: ReturnType<typeof setTimeout> | undefined;

/** The core, loaded when it is first needed. */
export function core(): Promise<WebAssembly.Module> {
    compiling ??= WebAssembly.compileStreaming(fetch(fileUrl('teahouse.wasm')));
    compiling.catch(() => { compiling = undefined; });
    return compiling;
}

async function come(coming: Coming): Promise<Visit> {
    visit?.close();
    visit = new Visit(await core(), openLink, coming, keepAccount);
    return visit;
}

/** The visit that there is, or a new one. */
async function atHouse(): Promise<Visit> {
    const mine = account.value;
    if (visit !== undefined && !visit.isLost)
        return visit;
    if (mine == null)
        throw new Lost('no account', false);
    return come({ way: 'back', file: mine.file });
}

/** Does something at the house, and notes how the way there is. */
async function at<T>(work: (visit: Visit) => Promise<T>): Promise<T> {
    try {
        const result = await work(await atHouse());
        way.value = 'open';
        return result;
    } catch (error) {
        if (!(error instanceof Refused))
            way.value = error instanceof Lost && error.otherHouse ? 'other house' : 'lost';
        throw error;
    }
}

export async function begin(): Promise<void> {
    account.value = await loadAccount().catch(() => undefined) ?? null;
    await recall().catch(() => undefined);
}

/** Rejects with Refused or Lost. */
export async function signUp(handle: string): Promise<void> {
    const coming = await come({ way: 'new', house: location.origin, handle });
    try {
        const made = await coming.signedIn;
        freshCode.value = coming.code();
        account.value = made;
        way.value = 'open';
    } catch (error) {
        if (error instanceof Refused) // else the house may know the account, and its key is not to be lost
            await forgetAccount();
        throw error;
    }
}

export async function recover(code: string): Promise<void> {
    const coming = await come({ way: 'recover', house: location.origin, code });
    account.value = await coming.signedIn;
    way.value = 'open';
}

export const recoveryCode = (): Promise<string> => at(async (visit) => {
    await visit.signedIn;
    return visit.code();
});
export const show = (link: string): Promise<Shown> => at((visit) => visit.show(link));
export const make = (plan: Plan): Promise<string> => at((visit) => visit.make(plan));
export const follow = (handle: string, on: boolean): Promise<void> => at((visit) => visit.follow(handle, on));

async function look(visit: Visit): Promise<readonly Door[]> {
    const rooms = await visit.rooms();
    return Promise.all(rooms.map(async (room, number) => {
        const shown = number < SHOWN_MAX && room.speakers > 0
            ? await visit.show(room.room).catch(() => undefined) : undefined;
        return { ...room, names: shown?.seats.filter(({ speaker, handle }) => speaker && handle !== '')
            .map(({ handle }) => handle) ?? [] };
    }));
}

async function refresh(): Promise<void> {
    let next = ROOMS_MS;
    try {
        hallway.value = { state: 'there', doors: await at(look) };
    } catch (error) {
        if (error instanceof Refused)
            hallway.value = { state: 'failed', why: error.message };
        next = AGAIN_MS;
    }
    if (turn !== undefined && way.value !== 'other house')
        turn = setTimeout(() => void refresh(), document.hidden ? 4 * next : next);
}

/** The list is looked at now and then, from here until `leaveHallway`. */
export function watchHallway(): void {
    turn = setTimeout(() => void refresh(), 0);
}

export function leaveHallway(): void {
    clearTimeout(turn);
    turn = undefined;
}

/** In a room the session has a link of its own. */
export function leaveDoor(): void {
    leaveHallway();
    visit?.close();
    visit = undefined;
}

addEventListener('online', () => {
    if (turn !== undefined) {
        clearTimeout(turn);
        watchHallway();
    }
});
