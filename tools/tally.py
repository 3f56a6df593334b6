"""Adds up test runs: reads meson's testlog.json files, names what failed, says how many published vectors each build has
run, and closes with one line of counts."""

import json
import pathlib
import re
import sys

VECTORS = re.compile(r"^# vectors: (\d+) of (.+)$", re.MULTILINE)
RESULT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$")


def subtests(entry):
    """(name, outcome) of each line of TAP; a program that died or gave none counts as one test."""
    counted = 0
    for line in entry.get("stdout", "").splitlines():
        match = RESULT.match(line)
        if not match:
            continue
        counted += 1
        failed, name = bool(match.group(1)), match.group(3)
        if "# SKIP" in line or "# skip" in line:
            yield name, "skipped"
        else:
            yield name, "failed" if failed else "passed"
    if entry["result"] not in ("OK", "SKIP", "FAIL") or (entry["result"] == "FAIL" and counted == 0):
        yield entry["result"].lower(), "failed"
    elif counted == 0:
        yield "", "skipped" if entry["result"] == "SKIP" else "passed"


def main(paths):
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    vectors = {}
    for path in map(pathlib.Path, paths):
        if not path.exists():
            continue
        build = path.parent.parent.name
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            program = entry["name"].split(" / ")[-1]
            outcomes = list(subtests(entry))
            ran = {name: int(count) for count, name in VECTORS.findall(entry.get("stdout", ""))}
            vectors[build] = vectors.get(build, 0) + sum(ran.values())
            if entry["result"] == "FAIL" and all(outcome != "failed" for _, outcome in outcomes):
                outcomes.append(("exit status", "failed"))
            for name, outcome in outcomes:
                totals[outcome] += 1
                if outcome != "passed":
                    print(f"{outcome}: {build} {program} {name}".rstrip())
    for build, count in vectors.items():
        if count:
            print(f"{build}: ran {count} published vectors")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**totals))
    return 1 if totals["failed"] or not totals["passed"] else 0


sys.exit(main(sys.argv[1:]))
