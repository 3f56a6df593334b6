// The room: stage, audience, what one can do, and word of what goes wrong.
import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Seat, Verb } from '../core.ts';
import { lookAt } from '../known.ts';
import { go } from '../place.ts';
import type { Room } from '../room.ts';
import { stay } from '../stay.ts';
import type { Shown } from '../visit.ts';
import { words } from '../words/words.ts';
import { Announcer } from './announcer.tsx';
import { Chat } from './chat.tsx';
import { More, SpeakButtons } from './controls.tsx';
import { factsOf } from './entrance.tsx';
import { Frame } from './frame.tsx';
import { useKeys } from './keys.tsx';
import { Notices } from './notices.tsx';
import { Button, CopyButton, Dialog, Notice, Waiting } from './parts.tsx';
import { Person } from './person.tsx';
import { Audience, Hands, Stage } from './seats.tsx';
import { Trust } from './trust.tsx';

/** A room as pages see it. */
export type Seen = Pick<
    Room,
    | 'phase'
    | 'over'
    | 'title'
    | 'seats'
    | 'me'
    | 'talking'
    | 'hands'
    | 'chat'
    | 'alarms'
    | 'epoch'
    | 'microphone'
    | 'stage'
    | 'silent'
    | 'wish'
    | 'say'
    | 'dismiss'
    | 'mute'
    | 'volume'
    | 'gain'
    | 'level'
    | 'play'
    | 'leave'
>;

/** Does what a person wants; what was refused is said. */
export type Wish = (verb: Verb, who?: string) => void;

export interface RoomProps {
    readonly room: Seen;
    readonly shown: Shown;
    readonly link: string;
    readonly onAgain: () => void;
    readonly open?: Panel; // at first
}

export type Panel =
    { readonly is: 'trust' | 'more' | 'chat' } | { readonly is: 'person'; readonly leaf: number } | undefined;

const REFUSED_MS = 8000;

function OverView({ room, onAgain }: { readonly room: Seen; readonly onAgain: () => void }): JSX.Element {
    const t = words.value,
        over = room.over.value;
    const [title, why] = {
        left: [t.overLeft, t.overLeftWhy],
        kicked: [t.overKicked, t.overKickedWhy],
        ended: [t.overEnded, t.overEndedWhy],
        failed: [t.overFailed, over?.text ?? ''],
    }[over?.how ?? 'left'];
    return (
        <Frame title={title ?? ''} narrow>
            <div class="card">
                <p class="lead">{why}</p>
                <div class="row">
                    <Button kind="main" onClick={() => go('/', true)}>
                        {t.toRooms}
                    </Button>
                    {over?.how !== 'ended' && over?.how !== 'kicked' && <Button onClick={onAgain}>{t.again}</Button>}
                </div>
            </div>
        </Frame>
    );
}

function Top({
    room,
    shown,
    link,
    onPanel,
}: {
    readonly room: Seen;
    readonly shown: Shown;
    readonly link: string;
    readonly onPanel: (panel: Panel) => void;
}): JSX.Element {
    const t = words.value,
        title = room.title.value || shown.title;
    useEffect(() => {
        document.title = `${title} · ${t.appName}`;
    }, [title, t]);
    return (
        <header class="room-top">
            <div>
                <h1 tabIndex={-1}>
                    <bdi>{title}</bdi>
                </h1>
                <p class="facts">
                    {factsOf(shown, t).map((fact) => (
                        <span class="fact" key={fact}>
                            {fact}
                        </span>
                    ))}
                </p>
            </div>
            <div class="row">
                <Button icon="seal" kind="quiet" onClick={() => onPanel({ is: 'trust' })}>
                    {t.trust}
                </Button>
                <CopyButton text={link}>{t.share}</CopyButton>
            </div>
        </header>
    );
}

export function RoomView(props: RoomProps): JSX.Element {
    const { room, shown, onAgain } = props,
        t = words.value,
        me = room.me.value;
    const [panel, setPanel] = useState<Panel>(props.open);
    const [refused, setRefused] = useState<string | undefined>(undefined);
    const isOver = room.phase.value === 'over';
    const close = (): void => setPanel(undefined);
    const wish: Wish = (verb, who) =>
        void room.wish(verb, who).then(
            () => setRefused(undefined),
            (error: Error) => setRefused(error.message),
        );
    const person = panel?.is === 'person' ? room.seats.value.find(({ leaf }) => leaf === panel.leaf) : undefined;
    const onSeat = (seat: Seat): void => setPanel({ is: 'person', leaf: seat.leaf });

    useKeys(room);
    useSignalEffect(() => lookAt(room.seats.value));
    useEffect(
        () =>
            isOver
                ? undefined
                : stay(shown.title, () => {
                      if (room.stage.value) room.mute(room.microphone.value === 'open');
                  }),
        [room, isOver],
    );
    useEffect(() => {
        const overdue = setTimeout(() => setRefused(undefined), REFUSED_MS);
        return () => clearTimeout(overdue);
    }, [refused]);
    if (isOver) return <OverView room={room} onAgain={onAgain} />;
    if (me === undefined)
        return (
            <Frame title={shown.title} places={false} narrow>
                <div class="card">
                    <Waiting>{t.entering}</Waiting>
                    <p>{t.enteringWhy}</p>
                    <Button onClick={() => room.leave()}>{t.cancel}</Button>
                </div>
            </Frame>
        );
    return (
        <div class="room">
            <Announcer room={room} />
            <Top {...props} onPanel={setPanel} />
            <main>
                <Notices room={room} refused={refused} onTrust={() => setPanel({ is: 'trust' })} />
                {me.maySpeak && !me.speaker && !me.moderator && (
                    <Notice>
                        <p>{t.invitedNow}</p>
                    </Notice>
                )}
                <Stage room={room} onSeat={onSeat} />
                <Hands room={room} wish={wish} />
                <Audience room={room} onSeat={onSeat} />
            </main>
            <aside aria-label={t.chat}>
                <Chat room={room} />
            </aside>
            <footer class="controls">
                <SpeakButtons room={room} me={me} wish={wish} />
                <Button icon="chat" class="only-narrow tight" label={t.chat} onClick={() => setPanel({ is: 'chat' })}>
                    {t.chat}
                </Button>
                <Button class="tight" icon="more" label={t.more} onClick={() => setPanel({ is: 'more' })}>
                    {t.more}
                </Button>
                <Button
                    kind="danger"
                    icon="door"
                    disabled={room.phase.value === 'leaving'}
                    onClick={() => room.leave()}
                >
                    {room.phase.value === 'leaving' ? t.leaving : t.leave}
                </Button>
            </footer>
            {panel?.is === 'trust' && <Trust room={room} shown={shown} onClose={close} />}
            {panel?.is === 'more' && <More room={room} shown={shown} wish={wish} onClose={close} />}
            {panel?.is === 'chat' && (
                <Dialog title={t.chat} onClose={close}>
                    <Chat room={room} />
                </Dialog>
            )}
            {person !== undefined && <Person room={room} seat={person} wish={wish} onClose={close} />}
        </div>
    );
}
