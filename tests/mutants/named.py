#!/usr/bin/env python3
"""Named changes that must be noticed: each takes away one check of a right, a MAC, a counter, a state or an amount, and
the tests of its own crate must fail. Works on a copy of the tree; what it builds stands beside the rest in the target folder.

Usage: tests/mutants/named.py COPY [NAME...]
COPY is the folder for the copy; what is there is used again. Honours CARGO_TARGET_DIR. With names, only these changes; a name that ends
with a colon is all that begin with it. Without names all but those of the proofs (`proof:`), each of which builds half the house anew.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from changes import CHANGES  # noqa: E402  (no byte code beside the sources)

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files():
    """The source tree: as Git knows it, what is not committed yet included; without Git what stands there."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = [str(name) for name in found if name.parts[0] not in ("target", ".git")]
    return [name for name in names if (ROOT / name).is_file()]


def mirror(tree):
    """Brings the copy up to date; a file that is the same keeps its time, so that it is not built again."""
    wanted = set(files())
    for name in wanted:
        source, copy = ROOT / name, tree / name
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    for path in list(tree.rglob("*.rs")):
        if str(path.relative_to(tree)) not in wanted:
            path.unlink()


def cargo(tree, target, crate, tests):
    """Runs the tests of a crate whose names hold one of these words; all that it said, and whether it ended well."""
    environment = dict(
        os.environ,
        CARGO_TARGET_DIR=str(target),
        # our own crates are built twenty times and run for a moment; what they rest on is the same as ever, and there
        CARGO_PROFILE_DEV_OPT_LEVEL="0",
        CARGO_INCREMENTAL="1",
    )
    line = ["cargo", "test", "--package", crate, "--locked", "--test", "it", "--", *tests]
    ran = subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True)
    return ran.stdout + ran.stderr, ran.returncode == 0


def passed(said):
    """How many tests ran and passed."""
    return sum(int(number) for number in re.findall(r"test result: \w+\. (\d+) passed", said))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tree = pathlib.Path(sys.argv[1]).resolve()
    names = sys.argv[2:]
    wanted = lambda change: any(change.name == name or name.endswith(":") and change.name.startswith(name) for name in names)
    changes = [change for change in CHANGES if (wanted(change) if names else not change.name.startswith("proof:"))]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
    tree.mkdir(parents=True, exist_ok=True)
    mirror(tree)
    begun = time.monotonic()
    for crate in sorted({change.crate for change in changes}):
        tests = sorted({test for change in changes if change.crate == crate for test in change.tests})
        said, well = cargo(tree, target, crate, tests)
        if not well or passed(said) < len(tests):
            sys.exit(f"{crate} without any change: the tests {tests} do not pass\n{said[-3000:]}")
    print(f"built, and all tests pass without a change: {time.monotonic() - begun:.0f} s", flush=True)
    survived = []
    for change in sorted(changes, key=lambda change: change.crate):
        path, at = tree / change.file, time.monotonic()
        text = path.read_text()
        if text.count(change.old) != 1:
            sys.exit(f"{change.name}: its text stands {text.count(change.old)} times in {change.file}, not once")
        try:
            path.write_text(text.replace(change.old, change.new))
            said, well = cargo(tree, target, change.crate, change.tests)
        finally:
            path.write_text(text)
        if "test result: FAILED" in said:
            verdict = "noticed"
        elif well:
            verdict = "NOT NOTICED"
            survived.append(change.name)
        else:
            sys.exit(f"{change.name}: what was changed does not build\n{said[-3000:]}")
        print(f"{verdict}: {change.name} ({change.file}, {time.monotonic() - at:.1f} s)", flush=True)
    if survived:
        sys.exit(f"{len(survived)} change(s) were not noticed: {', '.join(survived)}")
    print(f"all {len(changes)} changes are noticed, in {time.monotonic() - begun:.0f} s")


main()
