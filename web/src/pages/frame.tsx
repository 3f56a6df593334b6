// What stands around every page: the way between the places, the language, and word of a changed bundle.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { keepLanguage } from '../cupboard.ts';
import { later, offered, pinned, takeOffered, taken } from '../pin.ts';
import { go, place } from '../place.ts';
import { type Language, language, languages, nameOf, words } from '../words/words.ts';
import { Button, Notice } from './parts.tsx';

/** A link of the app's own: a click changes the place, without loading anything. */
export function To({
    to,
    children,
    class: look,
    current = false,
}: {
    readonly to: string;
    readonly children: ComponentChildren;
    readonly class?: string;
    readonly current?: boolean;
}): JSX.Element {
    return (
        <a
            href={to}
            class={look}
            aria-current={current ? 'page' : undefined}
            onClick={(event) => {
                if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
                event.preventDefault();
                go(to);
            }}
        >
            {children}
        </a>
    );
}

function Languages(): JSX.Element {
    return (
        <label class="languages">
            <span class="unseen">{words.value.language}</span>
            <select value={language.value} onChange={(event) => keepLanguage(event.currentTarget.value as Language)}>
                {languages.map((one) => (
                    <option key={one} value={one} lang={one}>
                        {nameOf(one)}
                    </option>
                ))}
            </select>
        </label>
    );
}

/** The bundle's number, as people compare it. */
export function BundleNumber({ of }: { readonly of: string }): JSX.Element {
    return <code class="number">{of.slice(0, 32).match(/.{4}/g)?.join(' ')}</code>;
}

export function Changed(): JSX.Element | null {
    const t = words.value;

    if (taken.value)
        return (
            <Notice tone="alarm" alert title={t.alarm}>
                <p>{t.changedTaken}</p>
            </Notice>
        );
    if (offered.value === undefined) return null;
    return (
        <Notice tone="warning" alert title={t.changedTitle}>
            <p>{t.changedWhy}</p>
            <dl class="numbers">
                <dt>{t.changedOld}</dt>
                <dd>
                    <BundleNumber of={pinned.value ?? ''} />
                </dd>
                <dt>{t.changedNew}</dt>
                <dd>
                    <BundleNumber of={offered.value} />
                </dd>
            </dl>
            <div class="row">
                <Button kind="main" onClick={takeOffered}>
                    {t.changedTake}
                </Button>
                <Button onClick={later}>{t.changedLater}</Button>
            </div>
        </Notice>
    );
}

export function Frame({
    title,
    children,
    places = true,
    narrow = false,
}: {
    readonly title: string;
    readonly children: ComponentChildren;
    readonly places?: boolean;
    readonly narrow?: boolean;
}): JSX.Element {
    const t = words.value,
        at = place.value.at;
    const heading = useRef<HTMLHeadingElement>(null);

    useEffect(() => {
        document.title = `${title} · ${t.appName}`;
        document.documentElement.lang = language.value;
    }, [title, t]);
    useEffect(() => {
        // a new page is read from its beginning, unless it wants to be written in
        if (document.activeElement?.closest('main') == null) heading.current?.focus();
    }, [title]);
    return (
        <div class={`frame ${narrow ? 'narrow' : ''}`}>
            <a
                class="skip"
                href="#content"
                onClick={(event) => {
                    event.preventDefault();
                    heading.current?.focus();
                }}
            >
                {t.skip}
            </a>
            <header class="top">
                <To to="/" class="brand">
                    <img src="/icon.svg" alt="" width="32" height="32" />
                    <span>{t.appName}</span>
                </To>
                {places && (
                    <nav aria-label={t.places}>
                        <To to="/" current={at === 'hallway'}>
                            {t.rooms}
                        </To>
                        <To to="/me" current={at === 'me'}>
                            {t.myData}
                        </To>
                    </nav>
                )}
                <Languages />
            </header>
            <main id="content">
                <Changed />
                <h1 ref={heading} tabIndex={-1}>
                    {title}
                </h1>
                {children}
            </main>
        </div>
    );
}
