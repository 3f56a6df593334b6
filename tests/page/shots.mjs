// usage: shots.mjs OUT [STATE...]: pictures of the gallery at every width, by day; by lamp as well at the largest.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, serveGallery, widths } from './browser.mjs';

const [out, ...wanted] = process.argv.slice(2);
const language = process.env.SHOT_LANGUAGE ?? 'en';
mkdirSync(out, { recursive: true });
const gallery = await serveGallery();
const browser = await launch();
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(error.message));
page.on('console', (message) => {
    if (message.type() === 'error') console.error(message.text());
});
await page.goto(gallery.url);
const states = await page.evaluate(() => window.states);
for (const state of states.filter((one) => wanted.length === 0 || wanted.includes(one)))
    for (const [width, scheme] of [...widths.map((one) => [one, 'light']), [1440, 'dark'], [390, 'dark']]) {
        await page.setViewport({ width, height: width === 390 ? 844 : 900 });
        await page.emulateMediaFeatures([
            { name: 'prefers-color-scheme', value: scheme },
            { name: 'prefers-reduced-motion', value: 'reduce' },
        ]);
        await page.goto(`${gallery.url}/?state=${state}&language=${language}`);
        await page.screenshot({
            path: join(out, `${state}-${width}-${scheme}.png`),
            fullPage: !state.startsWith('room'),
        });
    }
await browser.close();
gallery.close();
