// The room: stage, audience, what one can do, and word of what goes wrong.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Seat, Verb } from '../core.ts';
import { go } from '../place.ts';
import type { Room } from '../room.ts';
import { stay } from '../stay.ts';
import type { Shown } from '../visit.ts';
import { words } from '../words/words.ts';
import { Announcer } from './announcer.tsx';
import { Chat } from './chat.tsx';
import { factsOf } from './entrance.tsx';
import { Changed, Frame } from './frame.tsx';
import { KeysSwitch, useKeys } from './keys.tsx';
import { Button, CopyButton, Dialog, Field, Notice, Waiting } from './parts.tsx';
import { Person } from './person.tsx';
import { Audience, Hands, Stage } from './seats.tsx';
import { Trust } from './trust.tsx';

/** A room as pages see it. */
export type Seen = Pick<Room, 'phase' | 'over' | 'title' | 'seats' | 'me' | 'talking' | 'hands' | 'chat' | 'alarms'
    | 'epoch' | 'microphone' | 'stage' | 'silent' | 'wish' | 'say' | 'dismiss' | 'mute' | 'volume' | 'gain' | 'level'
    | 'play' | 'leave'>;

/** Does what a person wants; what was refused is said. */
export type Wish = (verb: Verb, who?: string) => void;

export interface RoomProps {
    readonly room: Seen;
    readonly shown: Shown;
    readonly link: string;
    readonly onAgain: () => void;
    readonly open?: Panel; // at first
}

export type Panel = { readonly is: 'trust' | 'more' | 'chat' } | { readonly is: 'person'; readonly leaf: number } | undefined;

const REFUSED_MS = 8000;

function MicrophoneNotice({ room }: { readonly room: Seen }): JSX.Element | null {
    const t = words.value, again = <Button onClick={() => room.mute(false)}>{t.retry}</Button>;
    switch (room.microphone.value) {
    case 'denied':
        return <Notice tone="warning" title={t.micDenied} alert><p>{t.micDeniedWhy}</p>{again}</Notice>;
    case 'absent':
        return <Notice tone="warning" title={t.micAbsent} alert><p>{t.micAbsentWhy}</p>{again}</Notice>;
    case 'unsupported':
        return <Notice tone="warning" title={t.micUnsupported} alert><p>{t.micUnsupportedWhy}</p></Notice>;
    default:
        return null;
    }
}

function Notices({ room, refused, onTrust }: {
    readonly room: Seen; readonly refused: string | undefined; readonly onTrust: () => void;
}): JSX.Element {
    const t = words.value;
    return (
        <div class="notices">
            <Changed />
            {room.alarms.value.map(({ number, text }) => (
                <Notice key={number} tone="alarm" title={t.alarm} alert>
                    <p>{text}</p><p>{t.alarmWhy}</p>
                    <div class="row">
                        <Button onClick={onTrust}>{t.compare}</Button>
                        <Button onClick={() => room.dismiss(number)}>{t.alarmSeen}</Button>
                    </div>
                </Notice>
            ))}
            {room.phase.value === 'away' && <Notice tone="warning" alert><p>{t.away}</p></Notice>}
            {room.silent.value && (
                <Notice tone="warning" title={t.silent} alert><Button kind="main" onClick={() => room.play()}>{t.silentPlay}</Button></Notice>
            )}
            <MicrophoneNotice room={room} />
            {refused !== undefined && <Notice tone="warning" alert><p>{t.refused} {refused}</p></Notice>}
        </div>
    );
}

/** The own microphone: muted by a moderator, not connected yet, asked for, or one's own to open and close. */
function MicrophoneButton({ room, me, wish }: { readonly room: Seen; readonly me: Seat; readonly wish: Wish }): JSX.Element {
    const t = words.value, microphone = room.microphone.value, isOpen = microphone === 'open';

    if (me.muted)
        return <Button icon="muted" onClick={() => wish('accept')}>{t.unmute}</Button>;
    if (!room.stage.value)
        return <Button icon="muted" disabled onClick={() => undefined}>{t.connecting}</Button>;
    return (
        <Button kind={isOpen ? 'main' : 'plain'} icon={isOpen ? 'microphone' : 'muted'}
            disabled={microphone === 'asking' || microphone === 'unsupported'} onClick={() => room.mute(isOpen)}>
            {microphone === 'asking' ? t.micAsking : isOpen ? t.mute : t.unmute}
        </Button>
    );
}

function SpeakButtons({ room, me, wish }: Parameters<typeof MicrophoneButton>[0]): JSX.Element {
    const t = words.value, up = room.hands.value.has(me.leaf);

    if (me.speaker)
        return (
            <>
                <MicrophoneButton room={room} me={me} wish={wish} />
                <Button icon="down" class="tight" label={t.stepDown} onClick={() => wish('leave')}>{t.stepDown}</Button>
            </>
        );
    if (me.maySpeak)
        return <Button kind="main" icon="stage" onClick={() => wish('accept')}>{t.goOnStage}</Button>;
    return <Button kind={up ? 'main' : 'plain'} icon="hand" onClick={() => wish(up ? 'lower' : 'raise')}>{up ? t.lower : t.raise}</Button>;
}

function More({ room, shown, wish, onClose }: {
    readonly room: Seen; readonly shown: Shown; readonly wish: Wish; readonly onClose: () => void;
}): JSX.Element {
    const t = words.value;
    const [who, setWho] = useState('');
    const [sure, setSure] = useState(false);
    return (
        <Dialog title={t.more} onClose={onClose}>
            <KeysSwitch />
            {shown.kind === 'social' && room.me.value?.moderator === true && (
                <form class="inline" onSubmit={(event) => { event.preventDefault(); wish('admit', who.trim()); setWho(''); }}>
                    <Field label={t.admitWho} value={who} onInput={setWho} maxLength={64} />
                    <button class="button plain" disabled={who.trim() === ''}>{t.admit}</button>
                </form>
            )}
            {room.me.value?.moderator === true && !shown.mine && (
                <Button onClick={() => { wish('resign'); onClose(); }}>{t.resign}</Button>
            )}
            {shown.mine && !sure && <Button kind="danger" onClick={() => setSure(true)}>{t.endRoom}</Button>}
            {shown.mine && sure && (
                <Notice tone="warning" alert>
                    <p>{t.endSure}</p>
                    <div class="row">
                        <Button kind="danger" onClick={() => { wish('end'); onClose(); }}>{t.endRoom}</Button>
                        <Button onClick={() => setSure(false)}>{t.cancel}</Button>
                    </div>
                </Notice>
            )}
        </Dialog>
    );
}

function OverView({ room, onAgain }: { readonly room: Seen; readonly onAgain: () => void }): JSX.Element {
    const t = words.value, over = room.over.value;
    const [title, why] = {
        left: [t.overLeft, t.overLeftWhy], kicked: [t.overKicked, t.overKickedWhy],
        ended: [t.overEnded, t.overEndedWhy], failed: [t.overFailed, over?.text ?? ''],
    }[over?.how ?? 'left'];
    return (
        <Frame title={title ?? ''} narrow>
            <div class="card">
                <p class="lead">{why}</p>
                <div class="row">
                    <Button kind="main" onClick={() => go('/', true)}>{t.toRooms}</Button>
                    {over?.how !== 'ended' && over?.how !== 'kicked' && <Button onClick={onAgain}>{t.again}</Button>}
                </div>
            </div>
        </Frame>
    );
}

function Top({ room, shown, link, onPanel }: {
    readonly room: Seen; readonly shown: Shown; readonly link: string; readonly onPanel: (panel: Panel) => void;
}): JSX.Element {
    const t = words.value, title = room.title.value || shown.title;
    useEffect(() => {
        document.title = `${title} · ${t.appName}`;
    }, [title, t]);
    return (
        <header class="room-top">
            <div>
                <h1 tabIndex={-1}><bdi>{title}</bdi></h1>
                <p class="facts">{factsOf(shown, t).map((fact) => <span class="fact" key={fact}>{fact}</span>)}</p>
            </div>
            <div class="row">
                <Button icon="seal" kind="quiet" onClick={() => onPanel({ is: 'trust' })}>{t.trust}</Button>
                <CopyButton text={link}>{t.share}</CopyButton>
            </div>
        </header>
    );
}

export function RoomView(props: RoomProps): JSX.Element {
    const { room, shown, onAgain } = props, t = words.value, me = room.me.value;
    const [panel, setPanel] = useState<Panel>(props.open);
    const [refused, setRefused] = useState<string | undefined>(undefined);
    const isOver = room.phase.value === 'over';
    const close = (): void => setPanel(undefined);
    const wish: Wish = (verb, who) => void room.wish(verb, who).then(() => setRefused(undefined),
        (error: Error) => setRefused(error.message));
    const person = panel?.is === 'person' ? room.seats.value.find(({ leaf }) => leaf === panel.leaf) : undefined;
    const onSeat = (seat: Seat): void => setPanel({ is: 'person', leaf: seat.leaf });

    useKeys(room);
    useEffect(() => (isOver ? undefined : stay(shown.title, () => {
        if (room.stage.value)
            room.mute(room.microphone.value === 'open');
    })), [room, isOver]);
    useEffect(() => {
        const overdue = setTimeout(() => setRefused(undefined), REFUSED_MS);
        return () => clearTimeout(overdue);
    }, [refused]);
    if (isOver)
        return <OverView room={room} onAgain={onAgain} />;
    if (me === undefined)
        return (
            <Frame title={shown.title} places={false} narrow>
                <div class="card"><Waiting>{t.entering}</Waiting><p>{t.enteringWhy}</p><Button onClick={() => room.leave()}>{t.cancel}</Button></div>
            </Frame>
        );
    return (
        <div class="room">
            <Announcer room={room} />
            <Top {...props} onPanel={setPanel} />
            <main>
                <Notices room={room} refused={refused} onTrust={() => setPanel({ is: 'trust' })} />
                {me.maySpeak && !me.speaker && !me.moderator && <Notice><p>{t.invitedNow}</p></Notice>}
                <Stage room={room} onSeat={onSeat} />
                <Hands room={room} wish={wish} />
                <Audience room={room} onSeat={onSeat} />
            </main>
            <aside aria-label={t.chat}><Chat room={room} /></aside>
            <footer class="controls">
                <SpeakButtons room={room} me={me} wish={wish} />
                <Button icon="chat" class="only-narrow tight" label={t.chat} onClick={() => setPanel({ is: 'chat' })}>{t.chat}</Button>
                <Button class="tight" icon="more" label={t.more} onClick={() => setPanel({ is: 'more' })}>{t.more}</Button>
                <Button kind="danger" icon="door" disabled={room.phase.value === 'leaving'} onClick={() => room.leave()}>
                    {room.phase.value === 'leaving' ? t.leaving : t.leave}
                </Button>
            </footer>
            {panel?.is === 'trust' && <Trust room={room} shown={shown} onClose={close} />}
            {panel?.is === 'more' && <More room={room} shown={shown} wish={wish} onClose={close} />}
            {panel?.is === 'chat' && <Dialog title={t.chat} onClose={close}><Chat room={room} /></Dialog>}
            {person !== undefined && <Person room={room} seat={person} wish={wish} onClose={close} />}
        </div>
    );
}

