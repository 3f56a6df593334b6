// The words of the page, in the language that is chosen. A table that lacks a word, or has one too many, fails the build.
import { computed, signal } from '@preact/signals';
import { en } from './en.ts';
import { zhHans } from './zh_hans.ts';
import { zhHant } from './zh_hant.ts';

export type Words = typeof en;
export type Language = 'en' | 'zh-Hans' | 'zh-Hant';

const tables: Readonly<Record<Language, Words>> = { en, 'zh-Hans': zhHans, 'zh-Hant': zhHant };
export const languages = Object.keys(tables) as readonly Language[];

/** The first of the browser's languages that there is a table for. */
export function languageOf(wanted: readonly string[]): Language {
    for (const tag of wanted.map((one) => one.toLowerCase())) {
        if (/^zh\b.*\b(hant|tw|hk|mo)\b/.test(tag))
            return 'zh-Hant';
        if (/^zh\b/.test(tag))
            return 'zh-Hans';
        if (/^en\b/.test(tag))
            return 'en';
    }
    return 'en';
}

export const language = signal<Language>(languageOf(navigator.languages));
export const words = computed(() => tables[language.value]);
export const nameOf = (one: Language): string => tables[one].languageName;
