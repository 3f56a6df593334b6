// One person in the room: who it is, how loud, and what may be done.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Seat, Verb } from '../core.ts';
import { follow } from '../door.ts';
import { remember } from '../known.ts';
import { words } from '../words/words.ts';
import { Button, Dialog, Name, Notice } from './parts.tsx';
import type { Seen, Wish } from './room.tsx';

function Identity({ seat }: { readonly seat: Seat }): JSX.Element {
    const t = words.value;
    return (
        <>
            {seat.proof === 'unproven' && (
                <Notice tone="warning" title={t.unproven}>
                    <p>{t.unprovenWhy}</p>
                </Notice>
            )}
            {seat.proof === 'forged' && (
                <Notice tone="alarm" title={t.forged}>
                    <p>{t.forgedWhy}</p>
                </Notice>
            )}
            {seat.bound ? (
                <>
                    <h3>{t.fingerprint}</h3>
                    <p>
                        <code class="number">{seat.fingerprint}</code>
                    </p>
                    <p class="hint">{t.fingerprintWhy}</p>
                </>
            ) : (
                <p>{t.noAccount}</p>
            )}
        </>
    );
}

function Volume({ room, seat }: { readonly room: Seen; readonly seat: Seat }): JSX.Element {
    const [gain, setGain] = useState(room.gain(seat.leaf));
    return (
        <label class="volume">
            {words.value.volume}
            <input
                type="range"
                min="0"
                max="1"
                step="0.05"
                value={gain}
                onInput={(event) => {
                    setGain(event.currentTarget.valueAsNumber);
                    room.volume(seat.leaf, event.currentTarget.valueAsNumber);
                }}
            />
        </label>
    );
}

function FollowButtons({ seat: { handle, fingerprint } }: { readonly seat: Seat }): JSX.Element {
    const t = words.value;
    const [said, setSaid] = useState('');
    const set = (on: boolean): void =>
        void follow(handle, on)
            .then(() => remember(handle, on ? fingerprint : undefined))
            .then(
            () => setSaid(on ? t.followed(handle) : t.unfollowed(handle)),
            (error: Error) => setSaid(`${t.refused} ${error.message}`),
        );
    return (
        <>
            <div class="row">
                <Button onClick={() => set(true)}>{t.follow}</Button>
                <Button onClick={() => set(false)}>{t.unfollow}</Button>
            </div>
            <p role="status">{said}</p>
        </>
    );
}

/** What a moderator may do to somebody else's seat. */
function Moderation({
    seat,
    wish,
    onClose,
}: {
    readonly seat: Seat;
    readonly wish: Wish;
    readonly onClose: () => void;
}): JSX.Element {
    const t = words.value;
    const [sure, setSure] = useState<'kick' | 'block' | 'moderator' | undefined>(undefined);
    const asked = {
        kick: { name: t.kick, what: t.kickSure(seat.handle) },
        block: { name: t.block, what: t.blockSure(seat.handle) },
        moderator: { name: t.makeModerator, what: t.moderatorSure(seat.handle) },
    };
    const act = (verb: Verb): void => {
        wish(verb, `#${seat.leaf}`);
        onClose();
    };

    if (sure !== undefined)
        return (
            <Notice tone="warning" alert>
                <p>{asked[sure].what}</p>
                <div class="row">
                    <Button kind="danger" onClick={() => act(sure)}>
                        {asked[sure].name}
                    </Button>
                    <Button onClick={() => setSure(undefined)}>{t.cancel}</Button>
                </div>
            </Notice>
        );
    return (
        <div class="row">
            {!seat.maySpeak && <Button onClick={() => act('invite')}>{t.invite}</Button>}
            {seat.maySpeak && <Button onClick={() => act('demote')}>{t.demote}</Button>}
            {seat.speaker && !seat.muted && <Button onClick={() => act('mute')}>{t.muteThem}</Button>}
            {!seat.moderator && <Button onClick={() => setSure('moderator')}>{t.makeModerator}</Button>}
            <Button kind="danger" onClick={() => setSure('kick')}>
                {t.kick}
            </Button>
            <Button kind="danger" onClick={() => setSure('block')}>
                {t.block}
            </Button>
        </div>
    );
}

export function Person({
    room,
    seat,
    wish,
    onClose,
}: {
    readonly room: Seen;
    readonly seat: Seat;
    readonly wish: Wish;
    readonly onClose: () => void;
}): JSX.Element {
    return (
        <Dialog title={<Name>{seat.handle}</Name>} onClose={onClose}>
            <Identity seat={seat} />
            {!seat.self && seat.speaker && <Volume room={room} seat={seat} />}
            {!seat.self && seat.bound && <FollowButtons seat={seat} />}
            {!seat.self && room.me.value?.moderator === true && (
                <Moderation seat={seat} wish={wish} onClose={onClose} />
            )}
        </Dialog>
    );
}
