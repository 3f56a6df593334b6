// What is kept of oneself, here and at the house, and how it goes.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { wipeDevice } from '../cupboard.ts';
import { account, leaveDoor, recoveryCode, way } from '../door.ts';
import { forgetAll } from '../known.ts';
import { pinned } from '../pin.ts';
import { go } from '../place.ts';
import type { Account } from '../visit.ts';
import { words } from '../words/words.ts';
import { Code } from './arrive.tsx';
import { BundleNumber, Frame } from './frame.tsx';
import { WayNotice } from './hallway.tsx';
import { Button, Dialog, Name, Notice } from './parts.tsx';

async function wipe(): Promise<void> {
    leaveDoor();
    await wipeDevice();
    forgetAll();
    account.value = null;
    go('/', true);
}

function Held(): JSX.Element {
    const t = words.value;
    const rows = [
        [t.dataAccount, t.dataAccountUntil],
        [t.dataFollows, t.dataFollowsUntil],
        [t.dataRooms, t.dataRoomsUntil],
        [t.dataSeat, t.dataSeatUntil],
        [t.dataMessages, t.dataMessagesUntil],
        [t.dataNever, t.dataNeverUntil],
    ];
    return (
        <table class="held">
            <thead>
                <tr>
                    <th scope="col">{t.dataWhat}</th>
                    <th scope="col">{t.dataHowLong}</th>
                </tr>
            </thead>
            <tbody>
                {rows.map(([what, until]) => (
                    <tr key={what}>
                        <th scope="row">{what}</th>
                        <td>{until}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

export function Mine({ mine }: { readonly mine: Account }): JSX.Element {
    const t = words.value;
    const [code, setCode] = useState<string | undefined>(undefined);
    const [sure, setSure] = useState(false);
    return (
        <Frame title={t.dataTitle} narrow>
            <WayNotice way={way.value} />
            <section class="card">
                <p class="lead">
                    <Name>{mine.handle}</Name>
                </p>
                <h2>{t.fingerprint}</h2>
                <p>
                    <code class="number">{mine.fingerprint}</code>
                </p>
                <Button
                    expanded={code !== undefined}
                    onClick={() =>
                        code === undefined ? void recoveryCode().then(setCode, () => undefined) : setCode(undefined)
                    }
                >
                    {code === undefined ? t.showCode : t.hideCode}
                </Button>
                {code !== undefined && (
                    <>
                        <p>{t.codeWhy}</p>
                        <Code code={code} handle={mine.handle} />
                    </>
                )}
            </section>
            <section class="card">
                <h2>{t.dataHouse}</h2>
                <Held />
            </section>
            <section class="card">
                <h2>{t.bundle}</h2>
                {pinned.value === undefined ? (
                    <p>{t.bundleNone}</p>
                ) : (
                    <>
                        <p>
                            <BundleNumber of={pinned.value} />
                        </p>
                        <p>{t.bundleWhy}</p>
                    </>
                )}
            </section>
            <section class="card">
                <h2>{t.dataHere}</h2>
                <p>{t.dataHereWhat}</p>
                <Button kind="danger" onClick={() => setSure(true)}>
                    {t.wipe}
                </Button>
            </section>
            {sure && (
                <Dialog title={t.wipe} onClose={() => setSure(false)}>
                    <Notice tone="warning">
                        <p>{t.wipeWhy}</p>
                    </Notice>
                    <div class="row">
                        <Button kind="danger" onClick={() => void wipe()}>
                            {t.wipeSure}
                        </Button>
                        <Button onClick={() => setSure(false)}>{t.cancel}</Button>
                    </div>
                </Dialog>
            )}
        </Frame>
    );
}
