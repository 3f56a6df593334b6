// The rooms that are open.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Door, type Hallway, hallway, leaveHallway, type Way, watchHallway, way } from '../door.ts';
import { words } from '../words/words.ts';
import { Frame, To } from './frame.tsx';
import { Cup, Icon, Name, Notice, Waiting } from './parts.tsx';

const NAMES_MAX = 4;

/** No way to the house, or to a house that is another. */
export function WayNotice({ way }: { readonly way: Way }): JSX.Element | null {
    const t = words.value;
    if (way === 'lost')
        return (
            <Notice tone="warning" title={t.offlineTitle} alert>
                <p>{t.offlineWhy}</p>
            </Notice>
        );
    if (way === 'other house')
        return (
            <Notice tone="alarm" title={t.otherHouse} alert>
                <p>{t.otherHouseWhy}</p>
            </Notice>
        );
    return null;
}

function DoorCard({ door }: { readonly door: Door }): JSX.Element {
    const t = words.value,
        names = door.names.slice(0, NAMES_MAX);
    return (
        <li>
            <To to={`/r/${door.room}`} class="door">
                <h2>
                    <Name>{door.title}</Name>
                </h2>
                <p class="door-names">
                    {names.length === 0 && t.stageEmpty}
                    {names.map((name) => (
                        <span class="door-name" key={name}>
                            <Cup of={name} shade={name} class="small" />
                            <Name>{name}</Name>
                        </span>
                    ))}
                    {door.names.length > NAMES_MAX && <span>+{door.names.length - NAMES_MAX}</span>}
                </p>
                <p class="door-count">
                    {door.speakers > 0 && <span class="live">{t.speaking(door.speakers)}</span>}
                    <span>{t.listening(door.listeners)}</span>
                </p>
            </To>
        </li>
    );
}

function fits(door: Door, wanted: string): boolean {
    const needle = wanted.trim().toLocaleLowerCase();
    return [door.title, ...door.names].some((text) => text.toLocaleLowerCase().includes(needle));
}

/** The busiest first; those that are as busy stay where they are. */
const order = (a: Door, b: Door): number =>
    b.speakers + b.listeners - a.speakers - a.listeners || (a.room < b.room ? -1 : 1);

function Doors({ doors, wanted }: { readonly doors: readonly Door[]; readonly wanted: string }): JSX.Element {
    const t = words.value,
        found = doors.filter((door) => fits(door, wanted)).sort(order);
    if (doors.length === 0)
        return (
            <div class="empty">
                <img src="/icon.svg" alt="" width="72" height="72" />
                <p class="lead">{t.noRooms}</p>
                <p>{t.noRoomsWhy}</p>
                <To to="/new" class="button main">
                    {t.newRoom}
                </To>
            </div>
        );
    if (found.length === 0)
        return (
            <p class="empty" role="status">
                {t.noMatch(wanted.trim())}
            </p>
        );
    return (
        <ul class="doors">
            {found.map((door) => (
                <DoorCard door={door} key={door.room} />
            ))}
        </ul>
    );
}

export function HallwayView({ hallway, way }: { readonly hallway: Hallway; readonly way: Way }): JSX.Element {
    const t = words.value;
    const [wanted, setWanted] = useState('');
    return (
        <Frame title={t.hallwayTitle}>
            <WayNotice way={way} />
            <div class="finder">
                <label class="search">
                    <Icon name="search" />
                    <span class="unseen">{t.search}</span>
                    <input
                        type="search"
                        placeholder={t.search}
                        value={wanted}
                        dir="auto"
                        onInput={(event) => setWanted(event.currentTarget.value)}
                    />
                </label>
                <To to="/new" class="button main">
                    <Icon name="plus" />
                    <span>{t.newRoom}</span>
                </To>
            </div>
            {hallway.state === 'loading' && way !== 'lost' && way !== 'other house' && <Waiting>{t.loading}</Waiting>}
            {hallway.state === 'failed' && (
                <Notice tone="warning" title={t.hallwayFailed}>
                    <p>{hallway.why}</p>
                </Notice>
            )}
            {hallway.state === 'there' && <Doors doors={hallway.doors} wanted={wanted} />}
        </Frame>
    );
}

export function HallwayPage(): JSX.Element {
    useEffect(() => {
        watchHallway();
        return leaveHallway;
    }, []);
    return <HallwayView hallway={hallway.value} way={way.value} />;
}
