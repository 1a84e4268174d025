#!/usr/bin/env python3
"""Runs ours and the peers on the same files, in turn, and checks each against the answer key.

usage: crates/reconciliation/benches/peers/run.py [--pairs 1000000] [--runs 5] [--dir /tmp/mingfen-bench]
                                                  [--memory-mib N] [--only ours,duckdb,polars]

The peers are installed with pip into a virtual environment below --dir, outside of the repository. Wall is from the start of a
process to its end, the peak is its largest resident memory as the kernel counted it; medians of all runs, page cache warm.
"""
import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("/tmp/mingfen-bench"))
    parser.add_argument("--memory-mib", type=int)
    parser.add_argument("--only", default="ours,duckdb,polars")
    options = parser.parse_args()
    wanted = options.only.split(",")
    build = ["cargo", "build", "--release", "--quiet", "-p", "mingfen-reconciliation", "--examples"]
    subprocess.run(build, cwd=ROOT, check=True)
    python = peers(options.dir) if set(wanted) - {"ours"} else sys.executable
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    examples = target / "release" / "examples"
    for pairs in options.pairs:
        place = options.dir / str(pairs)
        if not (place / "key.csv").exists():
            subprocess.run([examples / "generate", place, str(pairs)], check=True)
        files = [str(place / "bill.csv"), str(place / "his.csv")]
        bound = [str(options.memory_mib)] if options.memory_mib else []
        commands = {
            "ours": [str(examples / "compare"), *files, str(place / "ours.csv")],
            "duckdb": [python, str(HERE / "duckdb_join.py"), *files, str(place / "duckdb.csv")],
            "polars": [python, str(HERE / "polars_join.py"), *files, str(place / "polars.csv")],
        }
        if bound:
            commands["bounded"] = [*commands["ours"][:3], str(place / "bounded.csv"), *bound]
            wanted = [*wanted, "bounded"]
        expected = set(map(tuple, read(place / "key.csv")))
        seen = {name: [] for name in commands if name in wanted}
        for name in files:  # warm the page cache
            subprocess.run(["cat", name], stdout=subprocess.DEVNULL, check=True)
        for _ in range(options.runs):
            for name in seen:
                seen[name].append(measured(commands[name]))
        size = sum(os.path.getsize(name) for name in files)
        print(f"\n{pairs} pairs, {size / 1e6:.0f} MB, {len(expected)} answers, median of {options.runs} runs")
        print(f"{'':<10}{'wall s':>10}{'min s':>10}{'peak MiB':>10}{'wall of ours':>14}{'ours of its peak':>18}  answers")
        ours = seen.get("ours")
        for name, runs in seen.items():
            wall, peak = (statistics.median(column) for column in zip(*runs))
            best = min(wall for wall, _ in runs)
            right = answers(place / f"{name}.csv", name) == expected
            ratio = share = ""
            if ours:
                our_wall, our_peak = (statistics.median(column) for column in zip(*ours))
                ratio, share = f"{wall / our_wall:.1f}x", f"{our_peak / peak:.3f}"
            print(f"{name:<10}{wall:>10.3f}{best:>10.3f}{peak:>10.0f}{ratio:>14}{share:>18}  {'all right' if right else 'WRONG'}")
            if not right:
                sys.exit(f"{name} does not agree with the answer key")


def peers(directory):
    """A virtual environment with the peers in it."""
    place = directory / "venv"
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "duckdb", "polars"], check=True)
    print(subprocess.run(
        [python, "-c", "import duckdb, polars; print('DuckDB', duckdb.__version__, 'Polars', polars.__version__)"],
        check=True, capture_output=True, text=True).stdout.strip())
    return str(python)


def measured(command):
    """Wall seconds and peak MiB of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"{command} ended with {status}")
    return wall, usage.ru_maxrss / 1024


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def answers(path, name):
    rows = read(path)
    if name in ("ours", "bounded"):
        return {(row[1], row[2], row[4]) for row in rows[1:]}
    return set(map(tuple, rows))


if __name__ == "__main__":
    main()
