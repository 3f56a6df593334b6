// The keeper (a service worker): it holds on to the page that was once accepted. A house that changes its page gets
// a new keeper, which waits until the person has seen that there is another page and wants it.

declare const LIST: readonly (readonly [path: string, hash: string])[];
declare const BUNDLE: string; // the SHA-256 of that list

export {};

const keeper = self as unknown as ServiceWorkerGlobalScope;
const NAME = `page ${BUNDLE}`;
const DOCUMENT = '/';
const PLACE = /^\/(?:new|me|r\/[\w-]{43})?$/;
const kept = new Map(LIST);

/** Nothing is kept but what has its hash. */
async function keep(): Promise<void> {
    const cache = await caches.open(NAME);
    await Promise.all(LIST.map(async ([path, integrity]) => {
        const answer = await fetch(path, { integrity, cache: 'no-cache', credentials: 'omit' });
        if (!answer.ok)
            throw new Error(`${path}: ${answer.status}`);
        await cache.put(path, answer);
    }));
}

async function forgetOthers(): Promise<void> {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)));
    await keeper.clients.claim();
}

/** A browser that is short of room may have thrown it away; then what comes has to be the same. */
async function fromCache(path: string): Promise<Response> {
    return await caches.match(path, { cacheName: NAME }) ?? fetch(path, { integrity: kept.get(path) ?? '' });
}

keeper.addEventListener('install', (event) => event.waitUntil(keep()));
keeper.addEventListener('activate', (event) => event.waitUntil(forgetOthers()));
keeper.addEventListener('fetch', (event) => {
    const { pathname, origin } = new URL(event.request.url);
    const path = event.request.mode === 'navigate' && PLACE.test(pathname) ? DOCUMENT : pathname;

    if (event.request.method === 'GET' && origin === keeper.location.origin && kept.has(path))
        event.respondWith(fromCache(path));
});
keeper.addEventListener('message', ({ data, ports }) => {
    if (data === 'which')
        ports[0]?.postMessage(BUNDLE);
    if (data === 'take over')
        void keeper.skipWaiting();
});
