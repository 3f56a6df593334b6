// What this device keeps: one account's file and the fingerprints of those whom it follows, in IndexedDB, and the language,
// in local storage. Nothing else, ever.
import type { Account } from './visit.ts';
import { type Language, language, languages } from './words/words.ts';

const STORE = 'account', MINE = 'mine', KNOWN = 'known', LANGUAGE = 'language';

function done<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
    });
}

async function open(): Promise<IDBDatabase> {
    const request = indexedDB.open('teahouse', 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    return done(request);
}

async function get<T>(key: string): Promise<T | undefined> {
    const database = await open();
    try {
        return await done<T | undefined>(database.transaction(STORE).objectStore(STORE).get(key));
    } finally {
        database.close();
    }
}

/** Resolves once it will be there after a crash, as far as the browser knows. */
async function write(work: (store: IDBObjectStore) => void): Promise<void> {
    const database = await open();
    try {
        const writing = database.transaction(STORE, 'readwrite', { durability: 'strict' });
        work(writing.objectStore(STORE));
        await new Promise<void>((resolve, reject) => {
            writing.oncomplete = () => resolve();
            writing.onerror = writing.onabort = () => reject(writing.error ?? new Error('IndexedDB failed'));
        });
    } finally {
        database.close();
    }
}

export const loadAccount = (): Promise<Account | undefined> => get(MINE);

export async function keepAccount({ file, handle, account, fingerprint }: Account): Promise<void> {
    await write((store) => store.put({ file, handle, account, fingerprint }, MINE));
    void navigator.storage?.persist?.();
}

/** An account that the house refused was nobody's. */
export const forgetAccount = (): Promise<void> => write((store) => store.delete(MINE));

/** Fingerprints of those whom one follows, by handle. */
export type Known = Readonly<Record<string, string>>;
export const loadKnown = async (): Promise<Known> => await get<Known>(KNOWN) ?? {};
export const keepKnown = (known: Known): Promise<void> => write((store) => store.put(known, KNOWN));

export function loadLanguage(): void {
    const kept = languages.find((one) => one === localStorage.getItem(LANGUAGE));
    if (kept !== undefined)
        language.value = kept;
}

export function keepLanguage(one: Language): void {
    language.value = one;
    localStorage.setItem(LANGUAGE, one);
}

/** Everything goes: account, language, the pinned page and its keeper. */
export async function wipeDevice(): Promise<void> {
    await forgetAccount();
    await done(indexedDB.deleteDatabase('teahouse'));
    localStorage.clear();
    sessionStorage.clear();
    const keepers = await navigator.serviceWorker?.getRegistrations() ?? [];
    await Promise.all(keepers.map((keeper) => keeper.unregister()));
    if ('caches' in self)
        await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
}
