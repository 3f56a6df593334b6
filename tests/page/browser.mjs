// Headless Chromium for tests of the page, and a server for the gallery with the same policy as a house's.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const here = dirname(fileURLToPath(import.meta.url));
export const source = join(here, '../..');
export const widths = [390, 768, 1440];

/** Why a test cannot be: undefined where all that it needs is there. */
export function missing() {
    if (spawnSync('chromium', ['--version']).status !== 0) return 'there is no chromium';
    if (!existsSync(join(here, 'node_modules/puppeteer-core')) || !existsSync(join(source, 'web/node_modules/preact')))
        return 'npm gave no packages';
    if (!existsSync(join(source, 'build/page/files.json'))) return 'there is no page in build/page';
    return undefined;
}

export async function launch(...more) {
    const { default: puppeteer } = await import('puppeteer-core');
    return puppeteer.launch({
        executablePath: '/usr/bin/chromium',
        headless: true,
        pipe: true, // it ends with us
        args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--use-fake-device-for-media-stream',
            '--lang=en',
            ...more,
        ],
    });
}

/** The gallery's address, and its end. */
export async function serveGallery() {
    const { build } = await import(pathToFileURL(join(source, 'web/node_modules/esbuild/lib/main.js')));
    const {
        outputFiles: [script],
    } = await build({
        entryPoints: [join(here, 'gallery.tsx')],
        bundle: true,
        write: false,
        format: 'esm',
        jsx: 'automatic',
        jsxImportSource: 'preact',
        nodePaths: [join(source, 'web/node_modules')],
        define: { FILES: '{}' },
        logLevel: 'error',
    });
    const {
        outputFiles: [style],
    } = await build({
        entryPoints: [join(source, 'web/src/style/style.css')],
        bundle: true,
        write: false,
        logLevel: 'error',
    });
    const html = readFileSync(join(source, 'web/src/index.html'), 'utf8')
        .replace('STYLE', 'href="/style.css"')
        .replace('MAIN', 'src="/main.js"');
    const files = {
        '/main.js': ['text/javascript', script.contents],
        '/style.css': ['text/css', style.contents],
        '/icon.svg': ['image/svg+xml', readFileSync(join(source, 'web/src/icon.svg'))],
        '/teahouse.webmanifest': [
            'application/manifest+json',
            readFileSync(join(source, 'web/src/teahouse.webmanifest')),
        ],
    };
    const server = createServer((request, response) => {
        const [type, content] = files[new URL(request.url, 'http://localhost').pathname] ?? [
            'text/html; charset=utf-8',
            html,
        ];
        response.writeHead(200, {
            'Content-Type': type,
            'Content-Security-Policy':
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; " +
                "require-trusted-types-for 'script'; trusted-types teahouse",
        });
        response.end(content);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => {
            server.closeAllConnections();
            server.close();
        },
    };
}
