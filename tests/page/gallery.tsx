// Every page in every state, by name, with people who are made up: what the pages look like needs no house.
import { signal } from '@preact/signals';
import { type ComponentChild, render } from 'preact';
import type { Seat } from '../../web/src/core.ts';
import { account, type Hallway, way } from '../../web/src/door.ts';
import { lookAt } from '../../web/src/known.ts';
import { Arrive, KeepCode } from '../../web/src/pages/arrive.tsx';
import { Create, Made } from '../../web/src/pages/create.tsx';
import { EntranceView, type Look } from '../../web/src/pages/entrance.tsx';
import { HallwayView } from '../../web/src/pages/hallway.tsx';
import { Mine } from '../../web/src/pages/mine.tsx';
import { type Panel, RoomView, type Seen } from '../../web/src/pages/room.tsx';
import { offered, pinned, taken } from '../../web/src/pin.ts';
import type { Shown } from '../../web/src/visit.ts';
import { type Language, language } from '../../web/src/words/words.ts';

const FINGERPRINT = '3f8a 91c2 77de 04b1 c6f0 5a29 e8d3 1b4c';
const CODE = 'Y7XZ-01AB-9KQ2-MM4T-R8VE-3C5D-H6JW-0P1N-GZ7S-T4K8-2QBX-V9RE-6D0M-W3CH';
const BUNDLE = '8d1f6c02b7a94e3355cc10fe9a7b642d8d1f6c02b7a94e3355cc10fe9a7b642d';
const mine = { file: '', handle: 'ming', account: 'a1', fingerprint: FINGERPRINT };
const link = 'https://tea.example/r/qZ3vN8wX2kLmT5yB7cRdF1gHjK4pS6uVaE9iO0nWxYz#Rk3mT8vXqN2pLw5yBz7cJg';

function seat(leaf: number, handle: string, more: Partial<Seat> = {}): Seat {
    return {
        leaf,
        handle,
        account: 'a',
        key: 'k',
        bound: true,
        fingerprint: FINGERPRINT,
        self: false,
        moderator: false,
        maySpeak: more.speaker ?? false,
        speaker: false,
        muted: false,
        proof: 'proven',
        ...more,
    };
}

const speakers = [
    seat(0, 'ming', { speaker: true, moderator: true, self: true }),
    seat(1, 'amara.okafor', { speaker: true }),
    seat(2, '林晓雨', { speaker: true, muted: true }),
    seat(3, 'ليلى', { speaker: true }),
    seat(4, 'quiet-river', { speaker: true, bound: false, proof: 'unproven' }),
];
const listeners = [
    'jonas',
    'Ngọc',
    '陳大文',
    'Ευγενία',
    'tomás',
    'a-name-as-long-as-a-name-may-be.',
    'Zoë',
    'wren',
    'יעל',
    'pika',
].map((handle, number) => seat(10 + number, handle, { proof: 'unheard' }));
const lines = [
    [1, 'amara.okafor', 'The second pot is ready.'],
    [2, '林晓雨', '谢谢！水温刚好。'],
    [0, 'ming', 'Who wants to tell the story of the blue cup?'],
    [3, 'ليلى', 'أنا أحب هذه القصة كثيراً'],
] as const;

interface RoomState {
    readonly seats?: readonly Seat[];
    readonly talking?: readonly number[];
    readonly hands?: readonly number[];
    readonly phase?: ReturnType<() => Seen['phase']['value']>;
    readonly over?: Seen['over']['value'];
    readonly microphone?: Seen['microphone']['value'];
    readonly alarms?: readonly string[];
    readonly silent?: boolean;
    readonly chat?: boolean;
    readonly stage?: boolean;
}

function room({
    seats = [...speakers, ...listeners],
    talking = [1],
    hands = [],
    phase = 'seated',
    over,
    microphone = 'open',
    alarms = [],
    silent = false,
    chat = true,
    stage = true,
}: RoomState): Seen {
    const nothing = async (): Promise<void> => undefined;
    return {
        phase: signal(phase),
        over: signal(over),
        title: signal('Tea and slow stories'),
        seats: signal(seats),
        me: signal(seats.find(({ self }) => self)),
        talking: signal(new Set(talking)),
        hands: signal(new Set(hands)),
        chat: signal(
            chat ? lines.map(([leaf, handle, text], number) => ({ number, leaf, handle, text, own: leaf === 0 })) : [],
        ),
        alarms: signal(alarms.map((text, number) => ({ number, text }))),
        stage: signal(stage),
        silent: signal(silent),
        epoch: signal({ number: 7, authenticator: '', words: 'lusab babad gutih tugad mudof sakat hukuj zaton' }),
        microphone: signal(microphone),
        wish: nothing,
        say: nothing,
        dismiss: () => undefined,
        mute: () => undefined,
        volume: () => undefined,
        gain: () => 0.8,
        level: () => signal(0.6),
        play: () => undefined,
        leave: () => undefined,
    };
}

const shown: Shown = {
    room: 'r',
    title: 'Tea and slow stories',
    kind: 'private',
    everyone: false,
    deniable: true,
    pseudonyms: true,
    mine: true,
    secret: 'right',
    seats: [
        { handle: 'ming', speaker: true },
        { handle: 'amara.okafor', speaker: true },
    ],
};
const doors = [
    ['Tea and slow stories', 3, 18, ['ming', 'amara.okafor', '林晓雨']],
    ['夜谈：城市里的树', 5, 42, ['陳大文', '小鱼', 'wren', 'Zoë', 'pika']],
    ['مقهى الصباح', 1, 4, ['ليلى']],
    ['Quiet company while we all work', 0, 7, []],
    ['How do you mend a clock that was your grandmother’s, and should you?', 2, 11, ['jonas', 'tomás']],
] as const;
const there: Hallway = {
    state: 'there',
    doors: doors.map(([title, on, off, names], number) => ({
        room: `r${number}`,
        title,
        speakers: on,
        listeners: off,
        names,
    })),
};

const entrance = (look: Look): ComponentChild => <EntranceView look={look} onEnter={() => undefined} waiting={false} />;
const hall = (state: Hallway): ComponentChild => <HallwayView hallway={state} way={way.value} />;
const inRoom = (state: RoomState, open?: Panel, how: Partial<Shown> = {}): ComponentChild => (
    <RoomView
        room={room(state)}
        shown={{ ...shown, ...how }}
        link={link}
        onAgain={() => undefined}
        {...(open === undefined ? {} : { open })}
    />
);
const asListener = (more: Partial<Seat> = {}): readonly Seat[] => [
    ...speakers.map((one) => ({ ...one, self: false })),
    seat(9, 'jonas', { self: true, ...more }),
    ...listeners.slice(1),
];

const states: Readonly<Record<string, () => ComponentChild>> = {
    arrive: () => <Arrive toRoom={false} />,
    'arrive-to-room': () => <Arrive toRoom />,
    recover: () => <Arrive toRoom={false} paper />,
    'keep-code': () => <KeepCode code={CODE} handle="ming" />,
    hallway: () => hall(there),
    'hallway-empty': () => hall({ state: 'there', doors: [] }),
    'hallway-loading': () => hall({ state: 'loading' }),
    'hallway-failing': () => hall({ state: 'failed', why: 'the house cannot write to its disk' }),
    'hallway-offline': () => {
        way.value = 'lost';
        return hall(there);
    },
    'hallway-other-house': () => {
        way.value = 'other house';
        return hall({ state: 'loading' });
    },
    'changed-page': () => {
        pinned.value = BUNDLE;
        offered.value = BUNDLE.replaceAll('8', '3');
        return hall(there);
    },
    'exchanged-page': () => {
        taken.value = true;
        return hall(there);
    },
    'new-room': () => <Create />,
    'room-made': () => <Made link={link} title="Tea and slow stories" />,
    'my-data': () => {
        pinned.value = BUNDLE;
        return <Mine mine={mine} />;
    },
    entrance: () => entrance({ at: 'there', shown }),
    'entrance-looking': () => entrance({ at: 'looking' }),
    'entrance-unknown': () => entrance({ at: 'unknown' }),
    'entrance-no-secret': () => entrance({ at: 'there', shown: { ...shown, secret: 'missing' } }),
    'entrance-other-secret': () => entrance({ at: 'there', shown: { ...shown, secret: 'other' } }),
    'entrance-offline': () => {
        way.value = 'lost';
        return entrance({ at: 'no way' });
    },
    room: () => inRoom({ hands: [10, 13] }),
    'room-alone': () =>
        inRoom({
            seats: [seat(0, 'ming', { speaker: true, moderator: true, self: true })],
            talking: [],
            chat: false,
            microphone: 'muted',
        }),
    'room-listener': () =>
        inRoom({ seats: asListener(), stage: false, microphone: 'closed' }, undefined, { mine: false }),
    'room-invited': () =>
        inRoom({ seats: asListener({ maySpeak: true }), stage: false, microphone: 'closed', hands: [9] }, undefined, {
            mine: false,
        }),
    'room-empty-stage': () =>
        inRoom({ seats: [seat(9, 'jonas', { self: true })], stage: false, talking: [], chat: false }, undefined, {
            mine: false,
        }),
    'room-many': () =>
        inRoom({
            seats: [
                ...speakers,
                ...listeners.map((one) => ({ ...one, speaker: true })),
                ...listeners.map((one) => ({ ...one, leaf: one.leaf + 50 })),
            ],
        }),
    'room-entering': () => inRoom({ seats: [], phase: 'entering' }),
    'room-away': () => inRoom({ phase: 'away' }),
    'room-connecting': () => inRoom({ stage: false, microphone: 'closed' }),
    'room-muted-by-moderator': () =>
        inRoom(
            {
                seats: [{ ...(speakers[0] as Seat), muted: true, moderator: false }, ...listeners],
                stage: false,
                microphone: 'muted',
            },
            undefined,
            { mine: false },
        ),
    'room-asking': () => inRoom({ microphone: 'asking' }),
    'room-denied': () => inRoom({ microphone: 'denied' }),
    'room-absent': () => inRoom({ microphone: 'absent' }),
    'room-unsupported': () => inRoom({ microphone: 'unsupported', stage: false }),
    'room-silent': () => inRoom({ silent: true }),
    'room-alarm': () => inRoom({ alarms: ['the house seats somebody whom nobody has let in'] }),
    'room-key-changed': () => {
        lookAt([{ handle: 'ming', bound: true, fingerprint: FINGERPRINT.split(' ').reverse().join(' ') }]);
        return inRoom({});
    },
    'room-forged': () =>
        inRoom(
            { seats: [...speakers, seat(6, 'mingg', { speaker: true, proof: 'forged' })] },
            { is: 'person', leaf: 6 },
        ),
    'room-person': () => inRoom({}, { is: 'person', leaf: 1 }),
    'room-pseudonym': () => inRoom({}, { is: 'person', leaf: 4 }),
    'room-trust': () => inRoom({}, { is: 'trust' }),
    'room-more': () => inRoom({}, { is: 'more' }, { kind: 'social' }),
    'room-chat': () => inRoom({}, { is: 'chat' }),
    'over-left': () => inRoom({ phase: 'over', over: { how: 'left', text: '' } }),
    'over-kicked': () => inRoom({ phase: 'over', over: { how: 'kicked', text: '' } }),
    'over-ended': () => inRoom({ phase: 'over', over: { how: 'ended', text: '' } }),
    'over-failed': () =>
        inRoom({
            phase: 'over',
            over: { how: 'failed', text: 'the house took the seat away: it had not been heard of' },
        }),
};

declare global {
    interface Window {
        states: readonly string[];
    }
}

const wanted = new URLSearchParams(location.search);
window.states = Object.keys(states);
account.value = mine;
language.value = (wanted.get('language') ?? 'en') as Language;
document.body.replaceChildren();
render(states[wanted.get('state') ?? '']?.() ?? <p>{window.states.join(' ')}</p>, document.body);
