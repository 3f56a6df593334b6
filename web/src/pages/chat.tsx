// What is written in the room: sealed as the voices are, and gone with it.
import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { words } from '../words/words.ts';
import { Name } from './parts.tsx';
import type { Seen } from './room.tsx';

const TEXT_MAX = 1000;

export function Chat({ room }: { readonly room: Seen }): JSX.Element {
    const t = words.value,
        lines = room.chat.value,
        id = useId();
    const [text, setText] = useState('');
    const [refused, setRefused] = useState('');
    const list = useRef<HTMLOListElement>(null);

    useEffect(() => list.current?.scrollTo(0, list.current.scrollHeight), [lines.length]);
    function send(): void {
        if (text.trim() === '') return;
        room.say(text.trim()).then(
            () => {
                setText('');
                setRefused('');
            },
            (error: Error) => setRefused(`${t.refused} ${error.message}`),
        );
    }
    return (
        <div class="chat">
            {lines.length === 0 ? (
                <p class="hint">{t.chatEmpty}</p>
            ) : (
                <ol ref={list} aria-label={t.chatFrom} tabIndex={0}>
                    {lines.map(({ number, handle, text: said, own }) => (
                        <li key={number} class={own ? 'own' : ''}>
                            <Name>{handle}</Name>
                            <p dir="auto">{said}</p>
                        </li>
                    ))}
                </ol>
            )}
            {refused !== '' && (
                <p class="wrong" role="alert">
                    {refused}
                </p>
            )}
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    send();
                }}
            >
                <label class="unseen" for={id}>
                    {t.chatWrite}
                </label>
                <input
                    id={id}
                    type="text"
                    dir="auto"
                    autocomplete="off"
                    placeholder={t.chatWrite}
                    maxLength={TEXT_MAX}
                    value={text}
                    onInput={(event) => setText(event.currentTarget.value)}
                />
                <button class="button plain">{t.send}</button>
            </form>
        </div>
    );
}
