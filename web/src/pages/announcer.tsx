// What a screen reader is told without being asked: who comes on stage and leaves it, hands for those who can invite,
// and how it stands with the own microphone. One line at a time, and never who speaks or listens.
import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Seat } from '../core.ts';
import { type Words, words } from '../words/words.ts';
import type { Seen } from './room.tsx';

interface Before {
    readonly seats: readonly Seat[];
    readonly hands: ReadonlySet<number>;
    readonly microphone: string;
    readonly mayI: boolean;
    readonly amMuted: boolean;
}

const look = (room: Seen): Before => ({
    seats: room.seats.value,
    hands: room.hands.value,
    microphone: room.microphone.value,
    mayI: room.me.value?.maySpeak ?? false,
    amMuted: room.me.value?.muted ?? false,
});

/** What has changed, as lines. */
export function changes(before: Before, now: Before, moderates: boolean, t: Words): readonly string[] {
    const was = new Map(before.seats.map((seat) => [seat.leaf, seat]));
    const said = now.seats
        .filter(({ self, leaf, speaker }) => !self && was.has(leaf) && was.get(leaf)?.speaker !== speaker)
        .map(({ handle, speaker }) => (speaker ? t.sayStage(handle) : t.sayOffStage(handle)));
    const hands = moderates
        ? now.seats
              .filter(({ leaf, self }) => !self && now.hands.has(leaf) && !before.hands.has(leaf))
              .map(({ handle }) => t.sayHand(handle))
        : [];
    const own =
        now.amMuted && !before.amMuted
            ? [t.sayMuted]
            : now.mayI && !before.mayI
              ? [t.sayInvited]
              : now.microphone === before.microphone
                ? []
                : now.microphone === 'open'
                  ? [t.sayMicOn]
                  : now.microphone === 'muted'
                    ? [t.sayMicOff]
                    : [];
    return [...own, ...said, ...hands];
}

export function Announcer({ room }: { readonly room: Seen }): JSX.Element {
    const before = useRef<Before | undefined>(undefined);
    const line = useSignal(words.value.saySeated(room.title.value));

    useSignalEffect(() => {
        const now = look(room),
            t = words.value;
        const said =
            before.current === undefined ? [] : changes(before.current, now, room.me.value?.moderator === true, t);
        before.current = now;
        if (said.length > 0) line.value = said.join('. ');
    });
    return (
        <p class="unseen" role="status">
            {line}
        </p>
    );
}
