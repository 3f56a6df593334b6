#!/usr/bin/env python3
"""The core does no input or output and has no clock, no threads and no randomness of its own.

So the libraries of the browser's build may ask for nothing but the primitives of src/crypto and for the part of the C
library that only computes.
"""

import re
import subprocess
import sys

COMPUTES = re.compile(
    r"^(mem(cpy|cmp|set|move|chr)|str(len|cmp|ncmp|chr|nlen)|malloc|calloc|realloc|free|aligned_alloc|explicit_bzero"
    r"|qsort|bsearch|snprintf|inet_(ntop|pton)|abort|__assert_fail|__stack_pointer|__indirect_function_table"
    r"|__multi3|__(u?div|u?mod)ti3|__(ashl|lshr|ashr)ti3|__memory_base|__table_base)$"
)


def symbols(nm, option, library):
    lines = subprocess.run([nm, "--quiet", option, library], check=True, capture_output=True, text=True).stdout
    return {words[-1] for words in map(str.split, lines.splitlines()) if len(words) >= 2}


def main(nm, *libraries):
    wanted, given = set(), set()
    for library in libraries:
        wanted |= symbols(nm, "--undefined-only", library)
        given |= symbols(nm, "--defined-only", library)
    foreign = sorted(name for name in wanted - given if not name.startswith("crypto_") and not COMPUTES.match(name))
    print("1..2")
    print(f"{'ok' if given else 'not ok'} 1 - {len(libraries)} libraries for browsers define {len(given)} symbols")
    print(f"{'not ok' if foreign else 'ok'} 2 - they ask for primitives and computing alone")
    for name in foreign:
        print(f"# asks for {name}")
    return 1 if foreign or not given else 0


sys.exit(main(*sys.argv[1:]))
