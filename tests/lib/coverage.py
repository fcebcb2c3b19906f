"""Line coverage of the rooms that decide, from gcov's JSON."""

import collections
import glob
import json
import os
import subprocess

ROOMS = ("base/", "acme/")


def clear(directory):
    for path in glob.glob(os.path.join(directory, "**/*.gcda"), recursive=True):
        os.unlink(path)


def _objects(directory):
    """Notes of the room libraries, so that a file no test links counts as well."""
    for path in glob.glob(os.path.join(directory, "**/*.gcno"), recursive=True):
        room, library = os.path.relpath(path, directory).split("/")[:2]
        if library.endswith(".a.p") and (room in ("base", "acme") or "core" in library):
            yield path


def measure(directory, checkout):
    """File → {line → executed} for base, acme and daemon's core."""
    lines = collections.defaultdict(dict)
    for path in _objects(directory):
        done = subprocess.run(["gcov", "--json-format", "--stdout", path], cwd=directory, capture_output=True, text=True)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"]:
                name = os.path.relpath(os.path.join(directory, file["file"]), checkout)
                if name.startswith(ROOMS + ("daemon/",)):
                    for line in file["lines"]:
                        seen = lines[name].get(line["line_number"], 0)
                        lines[name][line["line_number"]] = seen + line["count"]
    return lines


def show(directory, checkout):
    """Prints a line for each file and returns the percentage of all."""
    all_lines, all_run = 0, 0
    for name, lines in sorted(measure(directory, checkout).items()):
        run = sum(1 for count in lines.values() if count)
        all_lines += len(lines)
        all_run += run
        if lines:
            print(f"# {100.0 * run / len(lines):5.1f} %  {name} ({run} of {len(lines)} lines)")
    total = 100.0 * all_run / all_lines if all_lines else 0.0
    print(f"# {total:5.1f} %  of all {all_lines} lines")
    return total
