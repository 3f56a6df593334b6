// Who sits where. The stage is a table seen from above while it is small enough to be one.
import type { JSX } from 'preact';
import type { Seat } from '../core.ts';
import { type Words, words } from '../words/words.ts';
import { Button, Cup, Icon, Name } from './parts.tsx';
import type { Seen, Wish } from './room.tsx';

const TABLE_MAX = 8; // more than that do not find a place around it

type OnSeat = (seat: Seat) => void;

/** What a screen reader says of a seat, and what a look at it shows. */
function wordsOf(room: Seen, seat: Seat, t: Words): readonly string[] {
    const proof = { unheard: '', proven: '', unproven: t.unproven, forged: t.forged }[seat.proof];
    return [
        seat.self ? t.youAre : '',
        seat.moderator ? t.isModerator : '',
        seat.bound ? '' : t.isPseudonym,
        seat.muted ? t.isMuted : '',
        room.hands.value.has(seat.leaf) ? t.handUp : '',
        proof,
    ].filter((word) => word !== '');
}

function SeatButton({
    room,
    seat,
    onSeat,
    at,
}: {
    readonly room: Seen;
    readonly seat: Seat;
    readonly onSeat: OnSeat;
    readonly at?: { readonly x: number; readonly y: number };
}): JSX.Element {
    const t = words.value,
        said = wordsOf(room, seat, t),
        talks = room.talking.value.has(seat.leaf);
    const level = talks ? room.level(seat.leaf).value : 0;
    const place = at === undefined ? {} : { '--x': `${at.x}%`, '--y': `${at.y}%` };
    const isMuted = seat.muted || (seat.self && seat.speaker && room.microphone.value !== 'open');
    return (
        <li class={`seat ${talks ? 'talks' : ''}`} style={{ ...place, '--level': String(level) }}>
            <button type="button" onClick={() => onSeat(seat)}>
                <span class="face">
                    <Cup of={seat.handle} shade={seat.handle} />
                    {isMuted && seat.speaker && (
                        <span class="badge">
                            <Icon name="muted" />
                        </span>
                    )}
                    {room.hands.value.has(seat.leaf) && (
                        <span class="badge up">
                            <Icon name="hand" />
                        </span>
                    )}
                    {(seat.proof === 'unproven' || seat.proof === 'forged') && (
                        <span class={`badge ${seat.proof}`}>
                            <Icon name="warning" />
                        </span>
                    )}
                </span>
                <Name>{seat.handle}</Name>
                {said.length > 0 && <small>{said.join(' · ')}</small>}
            </button>
        </li>
    );
}

export function Stage({ room, onSeat }: { readonly room: Seen; readonly onSeat: OnSeat }): JSX.Element {
    const t = words.value,
        seats = room.seats.value.filter(({ speaker }) => speaker);
    const isTable = seats.length <= TABLE_MAX;
    const talking = seats.filter(({ leaf }) => room.talking.value.has(leaf));
    const around = (number: number): { readonly x: number; readonly y: number } => {
        const angle = (2 * Math.PI * number) / seats.length - Math.PI / 2;
        return { x: 50 + 39 * Math.cos(angle), y: 50 + 37 * Math.sin(angle) };
    };
    return (
        <section class="stage" aria-labelledby="stage">
            <h2 id="stage" class={isTable ? 'unseen' : ''}>
                {t.stage}
            </h2>
            <div class={isTable ? 'table' : 'many'}>
                {isTable && (
                    <div class="cloth" aria-hidden="true">
                        {seats.length === 0
                            ? t.stageWaits
                            : talking.map(({ leaf, handle }) => <Name key={leaf}>{handle}</Name>)}
                    </div>
                )}
                <ul>
                    {seats.map((seat, number) => (
                        <SeatButton
                            key={seat.leaf}
                            room={room}
                            seat={seat}
                            onSeat={onSeat}
                            {...(isTable ? { at: around(number) } : {})}
                        />
                    ))}
                </ul>
                {seats.length === 0 && <p class="unseen">{t.stageWaits}</p>}
            </div>
        </section>
    );
}

export function Audience({ room, onSeat }: { readonly room: Seen; readonly onSeat: OnSeat }): JSX.Element {
    const t = words.value,
        seats = room.seats.value.filter(({ speaker }) => !speaker);
    return (
        <section class="audience" aria-labelledby="audience">
            <h2 id="audience">
                {t.audience} <span class="count">{seats.length}</span>
            </h2>
            {seats.length === 0 ? (
                <p class="hint">{t.nobodyListens}</p>
            ) : (
                <ul>
                    {seats.map((seat) => (
                        <SeatButton key={seat.leaf} room={room} seat={seat} onSeat={onSeat} />
                    ))}
                </ul>
            )}
        </section>
    );
}

/** For those who can invite: who wants to speak. */
export function Hands({ room, wish }: { readonly room: Seen; readonly wish: Wish }): JSX.Element | null {
    const t = words.value,
        waiting = room.seats.value.filter(
            ({ leaf, speaker, maySpeak }) => room.hands.value.has(leaf) && !speaker && !maySpeak,
        );
    if (room.me.value?.moderator !== true || waiting.length === 0) return null;
    return (
        <section class="hands" aria-labelledby="hands">
            <h2 id="hands">
                {t.hands} <span class="count">{waiting.length}</span>
            </h2>
            <ul>
                {waiting.map(({ leaf, handle }) => (
                    <li key={leaf}>
                        <Cup of={handle} shade={handle} class="small" />
                        <Name>{handle}</Name>
                        <Button kind="main" label={`${t.invite}: ${handle}`} onClick={() => wish('invite', `#${leaf}`)}>
                            {t.invite}
                        </Button>
                    </li>
                ))}
            </ul>
        </section>
    );
}
