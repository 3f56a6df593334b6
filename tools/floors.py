"""Reads every #include of src/ against src/floors: strictly downward, never sideways, and through a door's one header.

A folder of the kind `door` may be entered through FOLDER/FOLDER.h alone; a `shelf` has a public header per file.
"""

import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_floors():
    folders = {}
    for line in (SOURCE / "floors").read_text().splitlines():
        words = line.split()
        if not words or words[0] == "#" or line.startswith("#"):
            continue
        floor, folder, kind, *may = words
        folders[folder] = (int(floor), kind, may)
    return folders


def faults_of_table(folders):
    for folder, (floor, kind, may) in folders.items():
        if kind not in ("door", "shelf"):
            yield f"src/floors: {folder} is neither door nor shelf"
        for lower in may:
            if lower not in folders:
                yield f"src/floors: {folder} may include {lower}, which is no folder of the table"
            elif folders[lower][0] >= floor:
                yield f"src/floors: {folder} (floor {floor}) may not reach {lower} (floor {folders[lower][0]})"
    for entry in SOURCE.iterdir():
        if entry.is_dir() and entry.name not in folders:
            yield f"src/{entry.name} has no line in src/floors"


def faults_of_file(path, folders):
    folder = path.relative_to(SOURCE).parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        place, target = f"{path.relative_to(SOURCE.parent)}:{number}", match.group(1)
        other = target.split("/")[0]
        if "/" not in target or ".." in target:
            yield f'{place}: "{target}" is not named from src/'
        elif other == folder:
            continue
        elif other not in folders[folder][2]:
            yield f"{place}: {folder} may not include {other}"
        elif folders[other][1] == "door" and target != f"{other}/{other}.h":
            yield f"{place}: {other} is a door, entered by {other}/{other}.h alone"


def main():
    folders = read_floors()
    faults = list(faults_of_table(folders))
    for path in sorted(SOURCE.rglob("*.[ch]")):
        if path.relative_to(SOURCE).parts[0] in folders:
            faults.extend(faults_of_file(path, folders))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
