// The page's own files. Their names end in a hash of what is in them; web/build.mjs fills the names in.

declare const FILES: Readonly<Record<string, string>>;

interface Policy {
    createScriptURL(url: string): string;
}
type PolicyFactory = { createPolicy(name: string, rules: Policy): Policy };

/** The one Trusted Types policy there is: scripts are the page's own, named by the build. */
const policy = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes?.createPolicy('teahouse', {
    createScriptURL(url) {
        if (!Object.values(FILES).includes(url))
            throw new TypeError('no script of this page');
        return url;
    },
});

/** Where a file lies: `seal.worker.js`, `teahouse.wasm`, `keeper.js`. */
export function fileUrl(name: string): string {
    const url = FILES[name];
    if (url === undefined)
        throw new RangeError(`the page has no ${name}`);
    return url;
}

/** As a script's address, for workers: a TrustedScriptURL where there is such a thing, which the types do not know. */
export function scriptUrl(name: string): string {
    return policy?.createScriptURL(fileUrl(name)) ?? fileUrl(name);
}
