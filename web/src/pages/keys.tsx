// The keyboard in a room: M mutes, T held down talks. They can be switched off: who dictates would trip over them.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { words } from '../words/words.ts';
import { Switch } from './parts.tsx';
import type { Seen } from './room.tsx';

const on = signal(true);

function isWriting(target: EventTarget | null): boolean {
    return (
        target instanceof HTMLElement &&
        target.matches('input:not([type=range], [type=checkbox], [type=radio]), textarea, select')
    );
}

const isPlain = (event: KeyboardEvent): boolean =>
    on.value && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event.target);

export function useKeys(room: Seen): void {
    useEffect(() => {
        let held = false;
        const may = (): boolean => room.stage.value && room.me.value?.muted === false;
        const down = (event: KeyboardEvent): void => {
            const key = event.key.toLowerCase(),
                microphone = room.microphone.value;
            if (!isPlain(event) || !may()) return;
            if (key === 'm') room.mute(microphone === 'open');
            else if (key === 't' && microphone === 'muted') room.mute(!(held = true));
        };
        const release = (): void => {
            if (held) room.mute(true);
            held = false;
        };
        const up = (event: KeyboardEvent): void => {
            if (event.key.toLowerCase() === 't') release();
        };

        addEventListener('keydown', down);
        addEventListener('keyup', up);
        addEventListener('blur', release); // a key that is let go elsewhere is not seen
        return () => {
            removeEventListener('keydown', down);
            removeEventListener('keyup', up);
            removeEventListener('blur', release);
        };
    }, [room]);
}

export function KeysSwitch(): JSX.Element {
    return (
        <Switch
            name={words.value.keysOn}
            why={words.value.keysWhy}
            on={on.value}
            onChange={(value) => {
                on.value = value;
            }}
        />
    );
}
