// usage: told.mjs: what a screen reader is told, and what it is spared; whose key has changed. Prints TAP.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { tap } from './server.mjs';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../web');
if (!existsSync(join(web, 'node_modules/preact'))) {
    console.log('1..1\nok 1 - what people are told # SKIP npm gave no packages');
    process.exit(0);
}
const { build } = await import(pathToFileURL(join(web, 'node_modules/esbuild/lib/main.js')));
const {
    outputFiles: [made],
} = await build({
    stdin: {
        contents:
            "export { changes } from './pages/announcer.tsx'; export { en } from './words/en.ts'; " +
            "export { languageOf } from './words/words.ts'; export * as known from './known.ts';",
        resolveDir: join(web, 'src'),
    },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    banner: { js: "globalThis.navigator ??= { languages: ['en'] };" },
});
const { changes, en, known, languageOf } = await import(
    `data:text/javascript;base64,${Buffer.from(made.contents).toString('base64')}`
);

const seat = (leaf, handle, more = {}) => ({
    leaf,
    handle,
    self: false,
    speaker: false,
    maySpeak: false,
    muted: false,
    ...more,
});
const state = (more = {}) => ({
    seats: [],
    hands: new Set(),
    microphone: 'closed',
    mayI: false,
    amMuted: false,
    ...more,
});
const said = (before, now, moderates = false) => changes(state(before), state(now), moderates, en);
const ann = seat(1, 'ann'),
    onStage = { ...ann, speaker: true };

process.exit(
    (await tap({
        'who comes on stage, and who leaves it'() {
            assert.deepEqual(said({ seats: [ann] }, { seats: [onStage] }), ['ann came on stage']);
            assert.deepEqual(said({ seats: [onStage] }, { seats: [ann] }), ['ann left the stage']);
            assert.deepEqual(said({ seats: [{ ...ann, self: true }] }, { seats: [{ ...onStage, self: true }] }), []);
        },
        'nobody who comes to listen, or goes'() {
            assert.deepEqual(
                said({ seats: [] }, { seats: Array.from({ length: 100 }, (_, leaf) => seat(leaf, `one ${leaf}`)) }),
                [],
            );
            assert.deepEqual(said({ seats: [ann] }, { seats: [] }), []);
        },
        'hands, for those who can invite'() {
            const up = { seats: [ann], hands: new Set([1]) };
            assert.deepEqual(said({ seats: [ann] }, up, true), ['ann raises a hand']);
            assert.deepEqual(said({ seats: [ann] }, up), []);
            assert.deepEqual(said(up, up, true), []);
        },
        'how it stands with the own microphone'() {
            assert.deepEqual(said({ microphone: 'muted' }, { microphone: 'open' }), ['You can be heard']);
            assert.deepEqual(said({ microphone: 'open' }, { microphone: 'muted' }), ['You are muted']);
            assert.deepEqual(said({ microphone: 'open' }, { microphone: 'muted', amMuted: true }), [
                'A moderator muted you',
            ]);
            assert.deepEqual(said({}, { mayI: true }), ['You may speak now']);
            assert.deepEqual(said({}, {}), []);
        },
        async 'a name under another key than before'() {
            const ming = { handle: 'ming', bound: true, fingerprint: 'aaaa' };
            const other = { ...ming, fingerprint: 'bbbb' };
            known.lookAt([ming, { handle: 'ann', bound: true, fingerprint: 'cccc' }]);
            known.lookAt([ming, { handle: 'ming', bound: false }]); // a pseudonym has no key of its own to change
            assert.deepEqual(known.changes.value, []);
            known.lookAt([other]);
            known.lookAt([other]); // said once
            assert.deepEqual(known.changes.value, [{ handle: 'ming', before: 'aaaa', now: 'bbbb' }]);
            await known.accept(known.changes.value[0]);
            known.lookAt([other]);
            assert.deepEqual(known.changes.value, []);
            known.lookAt([ming]); // back again is a change as well
            assert.equal(known.changes.value.length, 1);
        },
        'the browser’s language is taken, in the script that it names'() {
            const taken = {
                'zh-CN': 'zh-Hans',
                zh: 'zh-Hans',
                'zh-TW': 'zh-Hant',
                'zh-HK': 'zh-Hant',
                'zh-Hant-MO': 'zh-Hant',
                'en-GB': 'en',
            };
            for (const [tag, language] of Object.entries(taken)) assert.equal(languageOf([tag]), language, tag);
            assert.equal(languageOf(['de', 'zh-TW', 'en']), 'zh-Hant');
            assert.equal(languageOf(['de', 'fr']), 'en');
            assert.equal(languageOf(['zha']), 'en');
        },
    }))
        ? 0
        : 1,
);
