// The page that was once accepted stays until the person takes another: see keeper.ts, which this talks to.
import { signal } from '@preact/signals';
import { scriptUrl } from './files.ts';

/** The build that is pinned, and the one that waits; hex. `taken`: it was exchanged without the person's word. */
export const pinned = signal<string | undefined>(undefined);
export const offered = signal<string | undefined>(undefined);
export const taken = signal(false);

let waiting: ServiceWorker | undefined;
let wanted = false;

function which(keeper: ServiceWorker): Promise<string> {
    return new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(String(data));
        keeper.postMessage('which', [port2]);
    });
}

async function offer(keeper: ServiceWorker): Promise<void> {
    waiting = keeper;
    offered.value = await which(keeper);
}

function watch(registration: ServiceWorkerRegistration): void {
    const keeper = registration.installing;
    keeper?.addEventListener('statechange', () => {
        if (keeper.state === 'installed' && navigator.serviceWorker.controller !== null)
            void offer(keeper);
        else if (keeper.state === 'activated')
            void which(keeper).then((bundle) => { pinned.value = bundle; });
    });
}

export async function pin(): Promise<void> {
    const keepers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (keepers === undefined)
        return;
    const held = keepers.controller !== null;
    keepers.addEventListener('controllerchange', () => {
        if (wanted)
            location.reload();
        else if (held)
            taken.value = true;
    });
    if (keepers.controller !== null)
        pinned.value = await which(keepers.controller);
    const registration = await keepers.register(scriptUrl('keeper.js'), { updateViaCache: 'none' });
    if (registration.waiting !== null && held)
        await offer(registration.waiting);
    watch(registration);
    registration.addEventListener('updatefound', () => watch(registration));
}

/** The person's word. The page is loaded anew. */
export function takeOffered(): void {
    wanted = true;
    waiting?.postMessage('take over');
}

export function later(): void {
    offered.value = undefined;
}
