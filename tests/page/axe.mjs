// usage: axe.mjs [all]: every page in every state: no fault that axe knows, nothing wider than the window at any width, no
// control too small. Each state by day in English or by lamp in Chinese; with `all` in both. Prints TAP.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, missing, serveGallery, source, widths } from './browser.mjs';
import { tap } from './server.mjs';

const why = missing();
if (why !== undefined) {
    console.log(`1..1\nok 1 - every state of the page # SKIP ${why}`);
    process.exit(0);
}

const all = process.argv[2] === 'all';
const SMALLEST = 320; // 1280 at 400 %: WCAG 1.4.10
const TARGET = 24; // WCAG 2.2, 2.5.8; ours are 44 but for links within a text
const axe = readFileSync(join(source, 'tests/page/node_modules/axe-core/axe.min.js'), 'utf8');
const gallery = await serveGallery();
const browser = await launch();
setTimeout(() => {
    browser.process()?.kill('SIGKILL');
    process.exit(1);
}, 110_000).unref();
const page = await browser.newPage();
const failures = [];
page.on('pageerror', (error) => failures.push(error.message));
page.on('console', (message) => {
    if (message.type() === 'error') failures.push(message.text());
});

const resize = (width) => page.setViewport({ width, height: 844 });

async function show(state, scheme, language) {
    await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.goto(`${gallery.url}/?state=${state}&language=${language}`);
}

/** What axe finds; run from the tests' own world, which the page's policy does not bind. */
async function faults() {
    const found = await page.evaluate(async (script) => {
        if (window.axe === undefined) Function(script)();
        const { violations } = await window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
            resultTypes: ['violations'],
        });
        return violations.map(
            ({ id, nodes }) =>
                `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join('; ')}`,
        );
    }, axe);
    return found;
}

const outside = (target) =>
    page.evaluate((least) => {
        const wide =
            document.documentElement.scrollWidth > innerWidth
                ? [`${document.documentElement.scrollWidth} px wide`]
                : [];
        const small = [...document.querySelectorAll('button, a, input, select, textarea')]
            .filter((one) => {
                const { width, height } = (one.closest('label.choice') ?? one).getBoundingClientRect();
                return width > 0 && (width < least || height < least) && !one.closest('.skip');
            })
            .map((one) => `${one.tagName} ${one.innerText} is small`);
        return [...wide, ...small];
    }, target);

await page.setBypassCSP(true); // for axe itself, which is no part of the page
await page.goto(gallery.url);
const states = await page.evaluate(() => window.states);
const good = await tap(
    Object.fromEntries([
        ...states.map((state, number) => [
            `${state} is without fault`,
            async () => {
                const looks = [
                    ['light', 'en'],
                    ['dark', ['zh-Hans', 'zh-Hant'][number % 2]],
                ];

                for (const [scheme, language] of all ? looks : [looks[number % 3 === 0 ? 1 : 0]]) {
                    await show(state, scheme, language);
                    for (const width of [SMALLEST, ...widths]) {
                        await resize(width);
                        assert.deepEqual(await outside(TARGET), [], `${width} px`);
                    }
                    await resize(widths[number % widths.length]);
                    assert.deepEqual(await faults(), [], scheme);
                }
            },
        ]),
        [
            'axe sees a fault where there is one',
            async () => {
                await page.evaluate(() => document.querySelector('a.brand').replaceChildren());
                assert.match((await faults()).join(), /link-name/);
            },
        ],
        ['no state made a fault of its own', async () => assert.deepEqual(failures, [])],
    ]),
);

await browser.close();
gallery.close();
process.exit(good ? 0 : 1);
