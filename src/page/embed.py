"""Makes a C source of the page: embed.py FOLDER OUT.

FOLDER/files.json, by web/build.mjs, lists what is there. Without it the table is empty. OUT stays untouched where it
would not change.
"""

import gzip
import hashlib
import json
import pathlib
import sys

LINE = 32


def array(name, content):
    yield f"static const uint8_t {name}[] = {{\n"
    for at in range(0, len(content), LINE):
        yield "    " + "".join(f"{byte}," for byte in content[at : at + LINE]) + "\n"
    yield "};\n\n"


def source(folder):
    listing = folder / "files.json"
    files = json.loads(listing.read_text()) if listing.exists() else []
    rows = []
    yield '#include "page/files.h"\n\n'
    for number, file in enumerate(files):
        plain = (folder / file["file"]).read_bytes()
        packed = gzip.compress(plain, 9, mtime=0)
        etag = hashlib.sha256(plain).hexdigest()[:32]
        yield from array(f"plain_{number}", plain)
        yield from array(f"gzip_{number}", packed)
        rows.append(
            f'    {{"{file["path"]}", "{file["type"]}", "\\"{etag}\\"", {int(file["document"])}, {int(file["hashed"])},\n'
            f"     {{plain_{number}, sizeof plain_{number}}}, {{gzip_{number}, sizeof gzip_{number}}}}},\n"
        )
    yield "const struct page_file page_files[] = {\n" + ("".join(rows) or "    {0},\n") + "};\n"
    yield f"const size_t page_file_count = {len(rows)};\n"


def main():
    folder, out = map(pathlib.Path, sys.argv[1:])
    made = "".join(source(folder))
    if not out.exists() or out.read_text() != made:
        out.write_text(made)


main()
