// What passes between the window and the worker in which a session lives. The window has the peer connection, the
// microphone and the loudspeaker; all that is sealed, and all that is signalled, is the worker's alone.
import type { Entrance, News, Verb } from './core.ts';

/** Which frames a transform is for: those of the microphone, or those of a slot. */
export type Way = { readonly out: true } | { readonly out: false; readonly slot: number };

/** Events and orders carry the number of the visit to a relay that they belong to: what is late is nobody's. */
export type ToWorker =
    | { readonly kind: 'enter'; readonly module: WebAssembly.Module; readonly entrance: Entrance;
        readonly fingerprint: Uint8Array }
    | { readonly kind: 'wish'; readonly verb: Verb; readonly who: string; readonly number: number }
    | { readonly kind: 'say'; readonly text: string; readonly number: number }
    | { readonly kind: 'media'; readonly visit: number; readonly event: 'opened' | 'renewed' | 'left' | 'lost' | 'refused' }
    | { readonly kind: 'frames'; readonly way: Way; readonly readable: ReadableStream; readonly writable: WritableStream }
    | { readonly kind: 'leave' | 'close' };

export type FromWorker =
    | { readonly kind: 'told'; readonly news: News }
    | { readonly kind: 'said'; readonly number: number; readonly why?: string }
    | { readonly kind: 'linked'; readonly on: boolean }
    | { readonly kind: 'sounds'; readonly slot: number; readonly leaf: number }
    | { readonly kind: 'relay'; readonly order: 'enter'; readonly visit: number; readonly url: string; readonly ticket: string }
    | { readonly kind: 'relay'; readonly order: 'renew'; readonly ticket: string }
    | { readonly kind: 'relay'; readonly order: 'moved' | 'leave' | 'drop' };
