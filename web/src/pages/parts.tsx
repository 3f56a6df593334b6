// What pages are made of.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { words } from '../words/words.ts';

type Children = { readonly children: ComponentChildren };

const paths = {
    microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3',
    muted: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3M4 4l16 16',
    hand: 'M7 12V6.5a1.5 1.5 0 0 1 3 0V11m0-1V4.5a1.5 1.5 0 0 1 3 0V11m0-5a1.5 1.5 0 0 1 3 0v6m0-3a1.5 1.5 0 0 1 3 0v5a7 7 0 0 1-7 7h-1a6 6 0 0 1-5-2.7L4 15a1.6 1.6 0 0 1 2.6-1.8L7 14',
    door: 'M13 4h5a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-5M9 8l-4 4 4 4M5 12h9',
    chat: 'M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-8l-4 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z',
    seal: 'M12 3 5 6v5c0 4.500 3 8 7 10 4-2 7-5.500 7-10V6l-7-3Zm-3 9 2 2 4-4',
    stage: 'M4 13h16M6 13l1 7m10-7-1 7M12 4a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5Z',
    down: 'M12 5v13m-5-5 5 5 5-5',
    link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1m2 4a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
    search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4 4',
    more: 'M5 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2Zm7 0a1 1 0 1 1 0 2 1 1 0 0 1 0-2Zm7 0a1 1 0 1 1 0 2 1 1 0 0 1 0-2Z',
    plus: 'M12 5v14M5 12h14',
    warning: 'M12 4 3 20h18L12 4Zm0 6v4m0 3v.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={paths[name]} />
        </svg>
    );
}

export interface ButtonProps extends Partial<Children> {
    readonly onClick: () => void;
    readonly kind?: 'main' | 'plain' | 'quiet' | 'danger';
    readonly icon?: IconName;
    readonly disabled?: boolean;
    readonly pressed?: boolean;
    readonly expanded?: boolean;
    readonly label?: string; // where the text is not all
    readonly class?: string;
}

export function Button({
    kind = 'plain',
    icon,
    pressed,
    expanded,
    label,
    children,
    ...rest
}: ButtonProps): JSX.Element {
    return (
        <button
            type="button"
            {...rest}
            class={`button ${kind} ${rest.class ?? ''}`}
            aria-pressed={pressed}
            aria-expanded={expanded}
            aria-label={label}
        >
            {icon !== undefined && <Icon name={icon} />}
            {children !== undefined && <span>{children}</span>}
        </button>
    );
}

/** A name as its owner wrote it, in its own direction. */
export function Name({ children }: Children): JSX.Element {
    return <bdi class="name">{children}</bdi>;
}

const SHADES = 8;

/** Where somebody sits: the first letter, in a shade that stays with them. */
export function Cup({
    of,
    shade,
    class: more = '',
}: {
    readonly of: string;
    readonly shade: string;
    readonly class?: string;
}): JSX.Element {
    const letter = [...of.trim()][0] ?? '·';
    let sum = 0;
    for (const one of shade) sum = (sum * 31 + (one.codePointAt(0) ?? 0)) % 9973;
    return (
        <span class={`cup shade-${sum % SHADES} ${more}`} aria-hidden="true">
            {letter.toLocaleUpperCase()}
        </span>
    );
}

/** Something that is so. `alert` is read out at once. */
export function Notice({
    tone = 'calm',
    title,
    children,
    alert = false,
}: Children & {
    readonly tone?: 'calm' | 'warning' | 'alarm';
    readonly title?: string;
    readonly alert?: boolean;
}): JSX.Element {
    return (
        <div class={`notice ${tone}`} role={alert ? 'alert' : undefined}>
            {tone !== 'calm' && <Icon name="warning" />}
            <div>
                {title !== undefined && <p class="notice-title">{title}</p>}
                {children}
            </div>
        </div>
    );
}

export function Waiting({ children }: Children): JSX.Element {
    return (
        <p class="waiting" role="status">
            <span class="steam" aria-hidden="true">
                <i />
                <i />
                <i />
            </span>
            {children}
        </p>
    );
}

export interface FieldProps {
    readonly label: string;
    readonly hint?: string;
    readonly wrong?: string | undefined;
    readonly value: string;
    readonly onInput: (value: string) => void;
    readonly maxLength?: number;
    readonly lines?: number;
    readonly autoFocus?: boolean;
    readonly class?: string;
}

export function Field({ label, hint, wrong, value, onInput, lines, autoFocus, ...rest }: FieldProps): JSX.Element {
    const id = useId();
    const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
    const described = [hint !== undefined && `${id}-hint`, wrong !== undefined && `${id}-wrong`]
        .filter(Boolean)
        .join(' ');
    const props = {
        id,
        ref: field,
        value,
        ...rest,
        dir: 'auto' as const,
        spellcheck: false,
        autocomplete: 'off',
        'aria-invalid': wrong !== undefined,
        'aria-describedby': described || undefined,
        onInput: (event: { readonly currentTarget: { readonly value: string } }) => onInput(event.currentTarget.value),
    };

    useLayoutEffect(() => {
        // before the first letter is typed
        if (autoFocus) field.current?.focus();
    }, [autoFocus]);
    return (
        <div class="field">
            <label for={id}>{label}</label>
            {lines === undefined ? <input type="text" {...props} /> : <textarea rows={lines} {...props} />}
            {hint !== undefined && (
                <p class="hint" id={`${id}-hint`}>
                    {hint}
                </p>
            )}
            {wrong !== undefined && (
                <p class="wrong" id={`${id}-wrong`} role="alert">
                    {wrong}
                </p>
            )}
        </div>
    );
}

export interface Choice<T extends string> {
    readonly value: T;
    readonly name: string;
    readonly why?: string;
}

export function Choices<T extends string>({
    legend,
    value,
    choices,
    onChange,
}: {
    readonly legend: string;
    readonly value: T;
    readonly choices: readonly Choice<T>[];
    readonly onChange: (value: T) => void;
}): JSX.Element {
    const group = useId();
    return (
        <fieldset class="choices">
            <legend>{legend}</legend>
            {choices.map((one) => (
                <label class="choice" key={one.value}>
                    <input
                        type="radio"
                        name={group}
                        checked={one.value === value}
                        onChange={() => onChange(one.value)}
                    />
                    <span>
                        <b>{one.name}</b>
                        {one.why !== undefined && <small>{one.why}</small>}
                    </span>
                </label>
            ))}
        </fieldset>
    );
}

export function Switch({
    name,
    why,
    on,
    onChange,
}: {
    readonly name: string;
    readonly why: string;
    readonly on: boolean;
    readonly onChange: (on: boolean) => void;
}): JSX.Element {
    return (
        <label class="choice switch">
            <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
            <span>
                <b>{name}</b>
                <small>{why}</small>
            </span>
        </label>
    );
}

/** Lies over the page until it is closed; the browser keeps the focus inside. */
export function Dialog({
    title,
    onClose,
    children,
}: Children & {
    readonly title: ComponentChildren;
    readonly onClose: () => void;
}): JSX.Element {
    const dialog = useRef<HTMLDialogElement>(null);
    const id = useId();

    useEffect(() => {
        const shown = dialog.current;
        shown?.showModal();
        return () => shown?.close();
    }, []);
    return (
        <dialog
            ref={dialog}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                onClose();
            }}
            onClick={(event) => {
                if (event.target === dialog.current) onClose();
            }}
        >
            <div class="sheet">
                <header>
                    <h2 id={id} tabIndex={-1} autofocus>
                        {title}
                    </h2>
                    <Button kind="quiet" onClick={onClose}>
                        {words.value.close}
                    </Button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

export function CopyButton({ text, children }: { readonly text: string; readonly children?: string }): JSX.Element {
    const clipboard = navigator.clipboard as Clipboard | undefined; // a page without TLS has none
    const [copied, setCopied] = useState(false);
    return (
        <>
            <Button icon="link" onClick={() => void clipboard?.writeText(text).then(() => setCopied(true))}>
                {copied ? words.value.copied : (children ?? words.value.copy)}
            </Button>
            <span class="unseen" role="status">
                {copied ? words.value.copied : ''}
            </span>
        </>
    );
}
