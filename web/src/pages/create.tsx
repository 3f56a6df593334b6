// A new room: its rules are signed once and hold for good, so each stands here in one plain sentence.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { make } from '../door.ts';
import { go } from '../place.ts';
import { type Kind, type Plan, Refused } from '../visit.ts';
import { words } from '../words/words.ts';
import { Frame } from './frame.tsx';
import { Button, Choices, CopyButton, Field, Notice, Switch, Waiting } from './parts.tsx';

type State = { readonly at: 'writing' | 'waiting' } | { readonly at: 'refused'; readonly why: string };

export function Made({ link, title }: { readonly link: string; readonly title: string }): JSX.Element {
    const t = words.value;
    return (
        <Frame title={t.linkTitle} narrow>
            <div class="card">
                <p class="lead">
                    <bdi>{title}</bdi>
                </p>
                <p>{t.linkWhy}</p>
                <p class="link-text">
                    <code>{link}</code>
                </p>
                <div class="row">
                    <Button kind="main" icon="door" onClick={() => go(link)}>
                        {t.goIn}
                    </Button>
                    <CopyButton text={link} />
                </div>
            </div>
        </Frame>
    );
}

export function Create(): JSX.Element {
    const t = words.value;
    const [plan, setPlan] = useState<Plan>({
        title: '',
        kind: 'open',
        everyone: false,
        deniable: false,
        pseudonyms: false,
    });
    const [judged, setJudged] = useState(false); // the person has chosen what recordings prove
    const [state, setState] = useState<State>({ at: 'writing' });
    const [missing, setMissing] = useState(false);
    const [link, setLink] = useState<string | undefined>(undefined);
    const set = (change: Partial<Plan>): void => setPlan({ ...plan, ...change });
    const setKind = (kind: Kind): void => set(judged ? { kind } : { kind, deniable: kind === 'private' });

    async function submit(): Promise<void> {
        setMissing(plan.title.trim() === '');
        if (plan.title.trim() === '') return;
        setState({ at: 'waiting' });
        try {
            setLink(await make({ ...plan, title: plan.title.trim() }));
        } catch (error) {
            setState({ at: 'refused', why: error instanceof Refused ? error.message : t.offlineWhy });
        }
    }

    if (link !== undefined) return <Made link={link} title={plan.title} />;
    return (
        <Frame title={t.newTitle} narrow>
            <form
                class="card"
                onSubmit={(event) => {
                    event.preventDefault();
                    void submit();
                }}
            >
                <Field
                    label={t.title}
                    hint={t.titleHint}
                    value={plan.title}
                    onInput={(title) => set({ title })}
                    maxLength={240}
                    wrong={missing ? t.titleMissing : undefined}
                />
                <Choices
                    legend={t.kind}
                    value={plan.kind}
                    onChange={setKind}
                    choices={[
                        { value: 'open', name: t.kindOpen, why: t.kindOpenWhy },
                        { value: 'social', name: t.kindSocial, why: t.kindSocialWhy },
                        { value: 'private', name: t.kindPrivate, why: t.kindPrivateWhy },
                    ]}
                />
                <Choices
                    legend={t.whoSpeaks}
                    value={plan.everyone ? 'everyone' : 'invited'}
                    onChange={(who) => set({ everyone: who === 'everyone' })}
                    choices={[
                        { value: 'invited', name: t.invited, why: t.invitedWhy },
                        { value: 'everyone', name: t.everyone, why: t.everyoneWhy },
                    ]}
                />
                <Choices
                    legend={t.proof}
                    value={plan.deniable ? 'deniable' : 'proven'}
                    onChange={(proof) => {
                        setJudged(true);
                        set({ deniable: proof === 'deniable' });
                    }}
                    choices={[
                        { value: 'deniable', name: t.deniable, why: t.deniableWhy },
                        { value: 'proven', name: t.proven, why: t.provenWhy },
                    ]}
                />
                <Switch
                    name={t.pseudonyms}
                    why={t.pseudonymsWhy}
                    on={plan.pseudonyms}
                    onChange={(pseudonyms) => set({ pseudonyms })}
                />
                {state.at === 'refused' && (
                    <Notice tone="warning" title={t.makeFailed} alert>
                        <p>{state.why}</p>
                    </Notice>
                )}
                <button class="button main wide" disabled={state.at === 'waiting'}>
                    {t.makeRoom}
                </button>
                {state.at === 'waiting' && <Waiting>{t.making}</Waiting>}
            </form>
        </Frame>
    );
}
