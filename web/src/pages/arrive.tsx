// A person without an account on this device: a new one, or one from paper.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { freshCode, recover, signUp } from '../door.ts';
import { NAME_BAD, NAME_TAKEN, Refused, UNKNOWN } from '../visit.ts';
import { words } from '../words/words.ts';
import { Frame } from './frame.tsx';
import { Button, CopyButton, Field, Waiting } from './parts.tsx';

type Doing = 'writing' | 'waiting';

/** What went wrong, in words for people. */
function reasonOf(error: unknown): string {
    const t = words.value;
    if (!(error instanceof Refused))
        return error instanceof Error && error.name === 'CoreError' ? t.codeWrong : t.offlineWhy;
    switch (error.reason) {
        case NAME_TAKEN:
            return t.nameTaken;
        case NAME_BAD:
            return `${t.nameBad} ${error.message}`;
        case UNKNOWN:
            return t.unknownAccount;
        default:
            return error.message;
    }
}

function Paper({
    value,
    onValue,
    wrong,
    doing,
    onDone,
}: {
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly wrong: string | undefined;
    readonly doing: Doing;
    readonly onDone: (work: () => Promise<void>) => void;
}): JSX.Element {
    const t = words.value;
    return (
        <form
            onSubmit={(event) => {
                event.preventDefault();
                onDone(() => recover(value));
            }}
        >
            <p>{t.recoverWhy}</p>
            <Field
                label={t.code}
                hint={t.codeHint}
                value={value}
                onInput={onValue}
                wrong={wrong}
                lines={3}
                class="code"
                autoFocus
            />
            <button class="button main wide" disabled={doing === 'waiting'}>
                {t.recover}
            </button>
            {doing === 'waiting' && <Waiting>{t.recovering}</Waiting>}
        </form>
    );
}

function NewName({ value, onValue, wrong, doing, onDone }: Parameters<typeof Paper>[0]): JSX.Element {
    const t = words.value;
    return (
        <form
            onSubmit={(event) => {
                event.preventDefault();
                if (value.trim() !== '') onDone(() => signUp(value.trim()));
            }}
        >
            <Field
                label={t.handle}
                hint={t.handleHint}
                value={value}
                onInput={onValue}
                wrong={wrong}
                maxLength={64}
                autoFocus
            />
            <button class="button main wide" disabled={doing === 'waiting'}>
                {t.signUp}
            </button>
            {doing === 'waiting' && <Waiting>{t.signingUp}</Waiting>}
        </form>
    );
}

export function Arrive({
    toRoom,
    paper: startWithPaper = false,
}: {
    readonly toRoom: boolean;
    readonly paper?: boolean;
}): JSX.Element {
    const t = words.value;
    const [paper, setPaper] = useState(startWithPaper);
    const [value, setValue] = useState('');
    const [wrong, setWrong] = useState<string | undefined>(undefined);
    const [doing, setDoing] = useState<Doing>('writing');
    const props = {
        value,
        wrong,
        doing,
        onValue: setValue,
        async onDone(work: () => Promise<void>) {
            setDoing('waiting');
            setWrong(undefined);
            try {
                await work();
            } catch (error) {
                setWrong(reasonOf(error));
                setDoing('writing');
            }
        },
    };

    return (
        <Frame title={paper ? t.recoverTitle : t.arriveTitle} places={false} narrow>
            <div class="card arrive">
                {!paper && <p class="lead">{toRoom ? t.arriveToRoom : t.tagline}</p>}
                {!paper && <p>{t.arriveWhy}</p>}
                {paper ? <Paper {...props} /> : <NewName {...props} />}
                <Button
                    kind="quiet"
                    class="wide"
                    onClick={() => {
                        setPaper(!paper);
                        setValue('');
                        setWrong(undefined);
                    }}
                >
                    {paper ? t.noCode : t.haveCode}
                </Button>
            </div>
        </Frame>
    );
}

export function Code({ code, handle }: { readonly code: string; readonly handle: string }): JSX.Element {
    return (
        <div class="paper">
            <p class="paper-for">{words.value.codeFor(handle)}</p>
            <code>
                {code.split('-').map((group, number) => (
                    <span key={number}>{group}</span>
                ))}
            </code>
            <p class="paper-house">{location.host}</p>
        </div>
    );
}

/** Shown once, after signing up. */
export function KeepCode({ code, handle }: { readonly code: string; readonly handle: string }): JSX.Element {
    const t = words.value;
    return (
        <Frame title={t.codeTitle} places={false} narrow>
            <div class="card">
                <p>{t.codeWhy}</p>
                <Code code={code} handle={handle} />
                <div class="row">
                    <Button onClick={() => print()}>{t.print}</Button>
                    <CopyButton text={code} />
                </div>
                <Button
                    kind="main"
                    class="wide"
                    onClick={() => {
                        freshCode.value = undefined;
                    }}
                >
                    {t.codeKept}
                </Button>
            </div>
        </Frame>
    );
}
