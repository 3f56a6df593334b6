// What passes between the page and the worker that holds the session. Keys and frames never do.
import type { News, Verb } from './core.ts';

export interface Start {
    readonly identity: Uint8Array<ArrayBuffer>; // the account; handed over, not copied
    readonly link: string;
    readonly pseudonym?: string;
    readonly speaker: boolean;
    readonly fingerprint: Uint8Array<ArrayBuffer>; // of the peer connection's certificate
}

export type ToWorker =
    | { readonly do: 'start'; readonly start: Start }
    | { readonly do: 'wish'; readonly verb: Verb; readonly who: string; readonly number: number }
    | { readonly do: 'chat'; readonly text: string }
    | { readonly do: 'leave' }
    | { readonly do: 'media'; readonly is: 'opened' | 'renewed' | 'left' | 'lost' | 'refused' };

export type ToPage =
    | { readonly tell: 'news'; readonly news: News }
    | { readonly tell: 'failed'; readonly why: string } // what was asked could not be
    | { readonly tell: 'media'; readonly do: 'enter'; readonly url: string; readonly ticket: string }
    | { readonly tell: 'media'; readonly do: 'renew'; readonly ticket: string }
    | { readonly tell: 'media'; readonly do: 'moved' | 'leave' | 'drop' };

/** Which transform it is: the own microphone's, or a slot's. */
export type Side = { readonly side: 'mouth' } | { readonly side: 'ear'; readonly slot: number };
