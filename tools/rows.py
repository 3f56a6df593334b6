"""Holds the table "The review, row by row" of docs/threat-model.md against the tests: every row from F1 to F39 is there
once, whatever test it names exists, and a row without a test says why in its third column. And every field report that a
room must stand is a test by its number.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| (F\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$")
TEST = re.compile(r"\b(?:cmocka_unit_test\w*|TEST|in_a_room)\(\s*([a-z0-9_]+)")
REPORTS = [*range(32, 38), *range(41, 52), *range(53, 57)]
ROWS = [f"F{number}" for number in range(1, 40)]


def read_tests():
    names = set()
    for path in (HERE / "tests").rglob("test_*.c"):
        names.update(TEST.findall(path.read_text()))
    return names


def faults(text, tests):
    seen = []
    for line in text.splitlines():
        match = ROW.match(line)
        if match is None:
            continue
        row, _, became, named = match.groups()
        seen.append(row)
        names = re.findall(r"`([a-z0-9_]+)`", named)
        for name in names:
            if name not in tests:
                yield f"{row} names {name}, which is no test"
        if not names and "not built" not in became and "no client" not in became and "as yet" not in became:
            yield f"{row} has no test, and does not say why"
    for report in REPORTS:
        if not any(re.search(rf"(?:^|_)g{report}_", name) for name in tests):
            yield f"field report G{report} is no test"
    if seen != ROWS:
        yield f"the rows are not F1 to F39, each once and in order: {' '.join(seen)}"


def main():
    found = list(faults((HERE / "docs" / "threat-model.md").read_text(), read_tests()))
    for fault in found:
        print(f"rows: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
