// What is so, and what is wrong, in a room: above everything else in it.
import type { JSX } from 'preact';
import { accept, changes } from '../known.ts';
import { words } from '../words/words.ts';
import { Changed } from './frame.tsx';
import { Button, Notice } from './parts.tsx';
import type { Seen } from './room.tsx';

function MicrophoneNotice({ room }: { readonly room: Seen }): JSX.Element | null {
    const t = words.value,
        again = <Button onClick={() => room.mute(false)}>{t.retry}</Button>;
    switch (room.microphone.value) {
        case 'denied':
            return (
                <Notice tone="warning" title={t.micDenied} alert>
                    <p>{t.micDeniedWhy}</p>
                    {again}
                </Notice>
            );
        case 'absent':
            return (
                <Notice tone="warning" title={t.micAbsent} alert>
                    <p>{t.micAbsentWhy}</p>
                    {again}
                </Notice>
            );
        case 'unsupported':
            return (
                <Notice tone="warning" title={t.micUnsupported} alert>
                    <p>{t.micUnsupportedWhy}</p>
                </Notice>
            );
        default:
            return null;
    }
}

export function Notices({
    room,
    refused,
    onTrust,
}: {
    readonly room: Seen;
    readonly refused: string | undefined;
    readonly onTrust: () => void;
}): JSX.Element {
    const t = words.value;
    return (
        <div class="notices">
            <Changed />
            {changes.value.map((change) => (
                <Notice key={change.handle} tone="alarm" title={t.keyChanged(change.handle)} alert>
                    <p>{t.keyChangedWhy}</p>
                    <dl class="numbers">
                        <dt>{t.keyBefore}</dt>
                        <dd>
                            <code class="number">{change.before}</code>
                        </dd>
                        <dt>{t.keyNow}</dt>
                        <dd>
                            <code class="number">{change.now}</code>
                        </dd>
                    </dl>
                    <Button onClick={() => void accept(change)}>{t.alarmSeen}</Button>
                </Notice>
            ))}
            {room.alarms.value.map(({ number, text }) => (
                <Notice key={number} tone="alarm" title={t.alarm} alert>
                    <p class="sentence">{text}</p>
                    <p>{t.alarmWhy}</p>
                    <div class="row">
                        <Button onClick={onTrust}>{t.compare}</Button>
                        <Button onClick={() => room.dismiss(number)}>{t.alarmSeen}</Button>
                    </div>
                </Notice>
            ))}
            {room.phase.value === 'away' && (
                <Notice tone="warning" alert>
                    <p>{t.away}</p>
                </Notice>
            )}
            {room.silent.value && (
                <Notice tone="warning" title={t.silent} alert>
                    <Button kind="main" onClick={() => room.play()}>
                        {t.silentPlay}
                    </Button>
                </Notice>
            )}
            <MicrophoneNotice room={room} />
            {refused !== undefined && (
                <Notice tone="warning" alert>
                    <p>
                        {t.refused} {refused}
                    </p>
                </Notice>
            )}
        </div>
    );
}
