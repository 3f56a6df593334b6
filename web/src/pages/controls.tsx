// What lies at hand in a room: the microphone, the stage, and what is seldom wanted.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Seat } from '../core.ts';
import type { Shown } from '../visit.ts';
import { words } from '../words/words.ts';
import { KeysSwitch } from './keys.tsx';
import { Button, Dialog, Field, Notice } from './parts.tsx';
import type { Seen, Wish } from './room.tsx';

/** The own microphone: muted by a moderator, not connected yet, asked for, or one's own to open and close. */
function MicrophoneButton({
    room,
    me,
    wish,
}: {
    readonly room: Seen;
    readonly me: Seat;
    readonly wish: Wish;
}): JSX.Element {
    const t = words.value,
        microphone = room.microphone.value,
        isOpen = microphone === 'open';

    if (me.muted)
        return (
            <Button icon="muted" onClick={() => wish('accept')}>
                {t.unmute}
            </Button>
        );
    if (!room.stage.value)
        return (
            <Button icon="muted" disabled onClick={() => undefined}>
                {t.connecting}
            </Button>
        );
    return (
        <Button
            kind={isOpen ? 'main' : 'plain'}
            icon={isOpen ? 'microphone' : 'muted'}
            disabled={microphone === 'asking' || microphone === 'unsupported'}
            onClick={() => room.mute(isOpen)}
        >
            {microphone === 'asking' ? t.micAsking : isOpen ? t.mute : t.unmute}
        </Button>
    );
}

export function SpeakButtons({ room, me, wish }: Parameters<typeof MicrophoneButton>[0]): JSX.Element {
    const t = words.value,
        up = room.hands.value.has(me.leaf);

    if (me.speaker)
        return (
            <>
                <MicrophoneButton room={room} me={me} wish={wish} />
                <Button icon="down" class="tight" label={t.stepDown} onClick={() => wish('leave')}>
                    {t.stepDown}
                </Button>
            </>
        );
    if (me.maySpeak)
        return (
            <Button kind="main" icon="stage" onClick={() => wish('accept')}>
                {t.goOnStage}
            </Button>
        );
    return (
        <Button kind={up ? 'main' : 'plain'} icon="hand" onClick={() => wish(up ? 'lower' : 'raise')}>
            {up ? t.lower : t.raise}
        </Button>
    );
}

export function More({
    room,
    shown,
    wish,
    onClose,
}: {
    readonly room: Seen;
    readonly shown: Shown;
    readonly wish: Wish;
    readonly onClose: () => void;
}): JSX.Element {
    const t = words.value;
    const [who, setWho] = useState('');
    const [sure, setSure] = useState(false);
    return (
        <Dialog title={t.more} onClose={onClose}>
            <KeysSwitch />
            {shown.kind === 'social' && room.me.value?.moderator === true && (
                <form
                    class="inline"
                    onSubmit={(event) => {
                        event.preventDefault();
                        wish('admit', who.trim());
                        setWho('');
                    }}
                >
                    <Field label={t.admitWho} value={who} onInput={setWho} maxLength={64} />
                    <button class="button plain" disabled={who.trim() === ''}>
                        {t.admit}
                    </button>
                </form>
            )}
            {room.me.value?.moderator === true && !shown.mine && (
                <Button
                    onClick={() => {
                        wish('resign');
                        onClose();
                    }}
                >
                    {t.resign}
                </Button>
            )}
            {shown.mine && !sure && (
                <Button kind="danger" onClick={() => setSure(true)}>
                    {t.endRoom}
                </Button>
            )}
            {shown.mine && sure && (
                <Notice tone="warning" alert>
                    <p>{t.endSure}</p>
                    <div class="row">
                        <Button
                            kind="danger"
                            onClick={() => {
                                wish('end');
                                onClose();
                            }}
                        >
                            {t.endRoom}
                        </Button>
                        <Button onClick={() => setSure(false)}>{t.cancel}</Button>
                    </div>
                </Notice>
            )}
        </Dialog>
    );
}
