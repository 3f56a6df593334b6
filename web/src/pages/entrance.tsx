// Before a room: what it is, and as whom one comes in. The click that leads in is also the browser's leave to play.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { account, core, leaveDoor, show, way } from '../door.ts';
import { enterRoom, prepareRoom } from '../room.ts';
import { Refused, type Shown } from '../visit.ts';
import { type Words, words } from '../words/words.ts';
import { Arrive } from './arrive.tsx';
import { Frame, To } from './frame.tsx';
import { WayNotice } from './hallway.tsx';
import { Choices, Cup, Field, Name, Notice, Waiting } from './parts.tsx';
import { RoomView, type Seen } from './room.tsx';

export type Look = { readonly at: 'looking' | 'unknown' | 'no way' } | { readonly at: 'there'; readonly shown: Shown };

interface Inside {
    readonly room: Seen;
    readonly shown: Shown;
    readonly link: string;
}
const inside = signal<Inside | undefined>(undefined);

/** A room's rules, a few words each. */
export function factsOf(shown: Shown, t: Words): readonly string[] {
    const kinds = { open: t.factOpen, social: t.factSocial, private: t.factPrivate };
    return [
        kinds[shown.kind],
        shown.everyone ? t.factEveryone : t.factInvited,
        shown.deniable ? t.factDeniable : t.factProven,
    ];
}

function Who({
    shown,
    onEnter,
    waiting,
}: {
    readonly shown: Shown;
    readonly onEnter: (pseudonym: string | undefined) => void;
    readonly waiting: boolean;
}): JSX.Element {
    const t = words.value,
        mine = account.value?.handle ?? '';
    const [as, setAs] = useState<'me' | 'other'>('me');
    const [other, setOther] = useState('');
    return (
        <form
            onSubmit={(event) => {
                event.preventDefault();
                if (as === 'me' || other.trim() !== '') onEnter(as === 'me' ? undefined : other.trim());
            }}
        >
            {shown.pseudonyms && (
                <Choices
                    legend={t.entranceAs}
                    value={as}
                    onChange={setAs}
                    choices={[
                        { value: 'me', name: `${mine} – ${t.asMyself}` },
                        { value: 'other', name: t.asPseudonym, why: t.pseudonymWhy },
                    ]}
                />
            )}
            {as === 'other' && (
                <Field label={t.pseudonym} hint={t.handleHint} value={other} onInput={setOther} maxLength={64} />
            )}
            <button class="button main wide" disabled={waiting}>
                {t.comeIn}
            </button>
        </form>
    );
}

function There({ shown, ...rest }: Parameters<typeof Who>[0]): JSX.Element {
    const t = words.value,
        speakers = shown.seats.filter(({ speaker, handle }) => speaker && handle !== '');
    return (
        <>
            <p class="facts">
                {factsOf(shown, t).map((fact) => (
                    <span class="fact" key={fact}>
                        {fact}
                    </span>
                ))}
            </p>
            {speakers.length > 0 && (
                <p class="door-names">
                    {speakers.map(({ handle }) => (
                        <span class="door-name" key={handle}>
                            <Cup of={handle} shade={handle} class="small" />
                            <Name>{handle}</Name>
                        </span>
                    ))}
                </p>
            )}
            {shown.secret === 'missing' && (
                <Notice tone="warning" title={t.secretMissing}>
                    <p>{t.secretMissingWhy}</p>
                </Notice>
            )}
            {shown.secret === 'other' && (
                <Notice tone="warning">
                    <p>{t.secretOther}</p>
                </Notice>
            )}
            {shown.secret !== 'missing' && <Who shown={shown} {...rest} />}
        </>
    );
}

export function EntranceView({
    look,
    onEnter,
    waiting,
}: {
    readonly look: Look;
    readonly onEnter: (pseudonym: string | undefined) => void;
    readonly waiting: boolean;
}): JSX.Element {
    const t = words.value;
    const title = look.at === 'there' ? look.shown.title : look.at === 'unknown' ? t.noRoomTitle : t.arriveTitle;
    return (
        <Frame title={title} narrow>
            <WayNotice way={way.value} />
            <div class="card entrance">
                {look.at === 'looking' && <Waiting>{t.loading}</Waiting>}
                {look.at === 'unknown' && (
                    <>
                        <p>{t.noRoomWhy}</p>
                        <To to="/" class="button main">
                            {t.toRooms}
                        </To>
                    </>
                )}
                {look.at === 'no way' && <p>{t.offlineWhy}</p>}
                {look.at === 'there' && <There shown={look.shown} onEnter={onEnter} waiting={waiting} />}
            </div>
        </Frame>
    );
}

const AGAIN_MS = 3000;

function Entrance({ link }: { readonly link: string }): JSX.Element {
    const [look, setLook] = useState<Look>({ at: 'looking' });
    const [waiting, setWaiting] = useState(false);

    useEffect(() => {
        let gone = false,
            again: ReturnType<typeof setTimeout> | undefined;
        const find = (): void =>
            void show(link)
                .then(
                    (shown) => ({ at: 'there', shown }) as const,
                    (error: unknown) => {
                        const unknown =
                            error instanceof Refused || (error instanceof Error && error.name === 'CoreError');
                        return { at: unknown ? 'unknown' : 'no way' } as const;
                    },
                )
                .then((found) => {
                    if (gone) return;
                    setLook(found);
                    if (found.at === 'no way') again = setTimeout(find, AGAIN_MS);
                });
        find();
        prepareRoom();
        return () => {
            gone = true;
            clearTimeout(again);
        };
    }, [link]);

    async function enter(pseudonym: string | undefined): Promise<void> {
        const mine = account.value;
        if (look.at !== 'there' || mine == null) return;
        setWaiting(true);
        try {
            const room = enterRoom({
                module: await core(),
                identity: new TextEncoder().encode(mine.file),
                link,
                speaker: look.shown.mine,
                ...(pseudonym === undefined ? {} : { pseudonym }),
            });
            leaveDoor();
            inside.value = { room, shown: look.shown, link };
        } catch {
            // the core could not be loaded: the house is looked for again
            setLook({ at: 'no way' });
        }
        setWaiting(false);
    }

    return <EntranceView look={look} waiting={waiting} onEnter={(pseudonym) => void enter(pseudonym)} />;
}

/** A room's place: the way in, or the room. */
export function RoomPlace({ link }: { readonly link: string }): JSX.Element {
    const here = inside.value;

    useEffect(
        () => () => {
            // whoever goes elsewhere leaves
            if (inside.value?.link !== link) return;
            inside.value.room.leave();
            inside.value = undefined;
        },
        [link],
    );
    if (account.value === null) return <Arrive toRoom />;
    if (here?.link === link)
        return (
            <RoomView
                {...here}
                onAgain={() => {
                    inside.value = undefined;
                }}
            />
        );
    return <Entrance link={link} key={link} />;
}
