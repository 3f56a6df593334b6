// Who can hear this? One panel, in plain words: the roster is the set of key holders.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Shown } from '../visit.ts';
import { words } from '../words/words.ts';
import { Cup, Dialog, Name } from './parts.tsx';
import type { Seen } from './room.tsx';

const STILL_MS = 60_000; // people need a minute to read words to each other

function WordList({ of }: { readonly of: string }): JSX.Element {
    return (
        <ol class="words">
            {of.split(' ').map((word, number) => (
                <li key={number}>{word}</li>
            ))}
        </ol>
    );
}

function Compare({ room }: { readonly room: Seen }): JSX.Element | null {
    const t = words.value,
        now = room.epoch.value?.words ?? '';
    const last = useRef(now);
    const [before, setBefore] = useState<string | undefined>(undefined);

    useEffect(() => {
        if (last.current === now) return undefined;
        setBefore(last.current);
        last.current = now;
        const over = setTimeout(() => setBefore(undefined), STILL_MS);
        return () => clearTimeout(over);
    }, [now]);
    if (now === '') return null;
    return (
        <section>
            <h3>{t.words}</h3>
            <WordList of={now} />
            <p class="hint">{t.wordsWhy}</p>
            {before !== undefined && before !== '' && (
                <>
                    <h3>{t.wordsBefore}</h3>
                    <WordList of={before} />
                </>
            )}
        </section>
    );
}

export function Trust({
    room,
    shown,
    onClose,
}: {
    readonly room: Seen;
    readonly shown: Shown;
    readonly onClose: () => void;
}): JSX.Element {
    const t = words.value,
        seats = room.seats.value;
    return (
        <Dialog title={t.trust} onClose={onClose}>
            <p class="lead">{t.trustIntro(seats.length)}</p>
            <ul class="holders">
                {seats.map(({ leaf, handle, bound, self }) => (
                    <li key={leaf}>
                        <Cup of={handle} shade={handle} class="small" />
                        <Name>{handle}</Name>
                        {self && <small>{t.youAre}</small>}
                        {!bound && <small>{t.isPseudonym}</small>}
                    </li>
                ))}
            </ul>
            <ul class="plain-words">
                <li>{t.trustHouse}</li>
                <li>{t.trustRelay}</li>
                <li>{t.trustPeople}</li>
                <li>{shown.deniable ? t.trustDeniable : t.trustProven}</li>
            </ul>
            <Compare room={room} />
        </Dialog>
    );
}
