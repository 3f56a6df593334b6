#!/usr/bin/env bash
# The browser's side keeps to its types.
cd "$(dirname "$0")/../../web" || exit 1
[ -x node_modules/.bin/tsc ] || exit 77
node_modules/.bin/tsc -p . && node_modules/.bin/tsc -p tsconfig.worker.json
