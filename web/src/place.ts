// Where in the app one is: the address, and nothing beside it. What stands behind `#` never leaves the page.
import { signal } from '@preact/signals';

export type Place =
    | { readonly at: 'hallway' | 'new' | 'me' }
    | { readonly at: 'room'; readonly link: string };

function read(): Place {
    const { pathname, origin, hash } = location;
    if (pathname.startsWith('/r/'))
        return { at: 'room', link: `${origin}${pathname}${hash}` };
    return { at: pathname === '/new' ? 'new' : pathname === '/me' ? 'me' : 'hallway' };
}

export const place = signal<Place>(read());

/** `quietly`: the place that is left stays out of the history. */
export function go(to: string, quietly = false): void {
    const { href, origin } = new URL(to, location.href);
    if (origin !== location.origin)
        return;
    if (quietly)
        history.replaceState(null, '', href);
    else
        history.pushState(null, '', href);
    place.value = read();
    scrollTo(0, 0);
}

addEventListener('popstate', () => { place.value = read(); });
addEventListener('hashchange', () => { place.value = read(); });
