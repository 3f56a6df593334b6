// Whose fingerprint is whose: of everybody, as they were seen since the page was loaded; of those whom one follows, for as
// long as one follows them. A handle under another key than before is a loud warning.
import { signal } from '@preact/signals';
import type { Seat } from './core.ts';
import { keepKnown, loadKnown } from './cupboard.ts';

export interface Change {
    readonly handle: string;
    readonly before: string;
    readonly now: string;
}

export const changes = signal<readonly Change[]>([]);

const seen = new Map<string, string>();
let followed: Readonly<Record<string, string>> = {};

export async function recall(): Promise<void> {
    followed = await loadKnown();
}

export function lookAt(seats: readonly Pick<Seat, 'handle' | 'bound' | 'fingerprint'>[]): void {
    for (const { handle, bound, fingerprint: now } of seats) {
        if (!bound || now === undefined)
            continue;
        const before = seen.get(handle) ?? followed[handle];
        if (before !== undefined && before !== now && !changes.value.some((one) => one.handle === handle && one.now === now))
            changes.value = [...changes.value, { handle, before, now }];
        if (before === undefined)
            seen.set(handle, now);
    }
}

/** The person has read it, and goes by the new key from now on. */
export async function accept({ handle, now }: Change): Promise<void> {
    changes.value = changes.value.filter((one) => one.handle !== handle);
    seen.set(handle, now);
    if (followed[handle] !== undefined)
        await remember(handle, now);
}

/** `undefined` forgets. */
export async function remember(handle: string, fingerprint: string | undefined): Promise<void> {
    const { [handle]: _, ...others } = followed;
    followed = fingerprint === undefined ? others : { ...others, [handle]: fingerprint };
    await keepKnown(followed);
}

/** With all else that the device kept. */
export function forgetAll(): void {
    followed = {};
    seen.clear();
    changes.value = [];
}
