#!/usr/bin/env python3
"""Runs ours and the peers on the same files, in turn, and checks each against the answer key.

usage: crates/reconciliation/benches/peers/run.py [peers|gbk|scale] [--pairs 1000000 ...] [--runs 5] [--dir /tmp/mingfen-bench]
                                                  [--only ours,duckdb,polars] [--memory-mib N] [--keep] [--drop]

peers   ours, DuckDB and Polars (1, 5 and 10 million pairs)
gbk     ours on the same day in UTF-8 and in GBK (1 million pairs)
scale   ours without a bound and inside of one (1, 10 and 50 million pairs; the last needs 24 GB of disk)

The peers are installed with pip into a virtual environment below --dir, outside of the repository. Wall is from the start of a
process to its end, CPU the seconds of all its threads, the peak its largest resident memory as the kernel counted it; runs in turn.
Files are written anew, because the page cache keeps what was just written in larger pages than what was read back from a disk, and
all should find the same; --keep measures with those that are there. --drop removes the files of a size when it is done.
"""
import argparse
import csv
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
EXAMPLES = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples"
SIZES = {"peers": [1_000_000, 5_000_000, 10_000_000], "gbk": [1_000_000], "scale": [1_000_000, 10_000_000, 50_000_000]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=list(SIZES), default="peers")
    parser.add_argument("--pairs", type=int, nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("/tmp/mingfen-bench"))
    parser.add_argument("--only", default="ours,duckdb,polars")
    parser.add_argument("--memory-mib", type=int, help="the bound of `scale`; otherwise 128, and 1024 from 50 million pairs on")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--drop", action="store_true")
    options = parser.parse_args()
    build = ["cargo", "build", "--release", "--quiet", "-p", "mingfen-reconciliation", "--examples"]
    subprocess.run(build, cwd=ROOT, check=True)
    print(f"{os.cpu_count()} processors, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB, "
          f"load {os.getloadavg()[0]:.1f} at the start")
    first = None
    for pairs in options.pairs or SIZES[options.mode]:
        place = options.dir / str(pairs)
        if not (options.keep and (place / "key.csv").exists()):
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([EXAMPLES / "generate", place, str(pairs)], check=True)
        series = {"peers": peer_series, "gbk": gbk_series, "scale": scale_series}[options.mode](options, place, pairs)
        print(f"\n{pairs} pairs, {size(place, 'bill.csv', 'his.csv') / 1e6:.0f} MB, {options.runs} runs\n")
        seen = run_in_turn(options, place, series)
        rows = table(options.mode, place, pairs, series, seen, first)
        first = first or rows
        if options.drop:
            shutil.rmtree(place)


def ours(place, name, *bound, files=("bill.csv", "his.csv")):
    return [str(EXAMPLES / "compare"), *(str(place / file) for file in files), str(place / f"{name}.csv"), *map(str, bound)]


def peer_series(options, place, _):
    wanted = options.only.split(",")
    python = peers(options.dir) if set(wanted) - {"ours"} else sys.executable
    files = [str(place / "bill.csv"), str(place / "his.csv")]
    commands = {
        "ours": ours(place, "ours"),
        "duckdb": [python, str(HERE / "duckdb_join.py"), *files, str(place / "duckdb.csv")],
        "polars": [python, str(HERE / "polars_join.py"), *files, str(place / "polars.csv")],
    }
    return {name: command for name, command in commands.items() if name in wanted}


def gbk_series(_, place, __):
    for name in ("bill", "his"):
        if not (place / f"{name}-gbk.csv").exists():
            with open(place / f"{name}.csv", encoding="utf-8-sig", newline="") as file, \
                    open(place / f"{name}-gbk.csv", "w", encoding="gb18030", newline="") as out:
                shutil.copyfileobj(file, out, 1 << 20)
    return {"utf-8": ours(place, "utf-8"), "gbk": ours(place, "gbk", files=("bill-gbk.csv", "his-gbk.csv"))}


def scale_series(options, place, pairs):
    bound = options.memory_mib or (1024 if pairs >= 50_000_000 else 128)
    return {"unbounded": ours(place, "unbounded"), f"within {bound} MiB": ours(place, f"within {bound} MiB", bound)}


def run_in_turn(options, place, series):
    """Wall, CPU and peak of each run, after the answers of the last one were checked."""
    seen = {name: [] for name in series}
    for file in place.glob("*.csv"):  # warm the page cache
        subprocess.run(["cat", file], stdout=subprocess.DEVNULL, check=True)
    for _ in range(options.runs):
        for name, command in series.items():
            seen[name].append(measured(command))
    expected = set(map(tuple, read(place / "key.csv")))
    for name in series:
        if answers(place / f"{name}.csv", name) != expected:
            sys.exit(f"{name} does not agree with the answer key")
    print(f"All agree with the {len(expected)} answers of the key.\n")
    return seen


def table(mode, place, pairs, series, seen, first):
    """Prints the rows of a size, and gives back nanoseconds per pair of each series."""
    last = {"peers": ["wall / ours", "ours / its peak"], "gbk": ["MB/s", "time per byte"], "scale": ["ns a pair", "of the smallest"]}
    head = ["", "wall s", "min", "CPU s", "min", "peak MiB", *last[mode]]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    median = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in seen.items()}
    per_pair = {}
    for number, (name, runs) in enumerate(seen.items()):
        (wall, cpu, peak), (low, low_cpu, _) = median[name], map(min, zip(*runs))
        per_pair[number] = low * 1e9 / pairs
        reference = median.get("ours") or next(iter(median.values()))
        if mode == "peers":
            more = [f"{wall / reference[0]:.1f}", f"{reference[2] / peak:.3f}"]
        elif mode == "gbk":
            bytes_of = {name: size(place, *(pathlib.Path(file).name for file in series[name][1:3])) for name in series}
            rate = bytes_of[name] / low / 1e6
            more = [f"{rate:.0f}", f"{bytes_of['utf-8'] / min(seen['utf-8'])[0] / 1e6 / rate:.2f}"]
        else:
            more = [f"{per_pair[number]:.0f}", f"{per_pair[number] / (first or per_pair)[number]:.2f}"]
        cells = [name, f"{wall:.3f}", f"{low:.3f}", f"{cpu:.2f}", f"{low_cpu:.2f}", f"{peak:.0f}", *more]
        print("| " + " | ".join(cells) + " |", flush=True)
    return per_pair


def size(place, *names):
    return sum((place / name).stat().st_size for name in names)


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
    """Wall seconds, CPU seconds and peak MiB of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"{command} ended with {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def answers(path, name):
    rows = read(path)
    if name in ("duckdb", "polars"):
        return set(map(tuple, rows))
    return {(row[1], row[2], row[4]) for row in rows[1:]}


if __name__ == "__main__":
    main()
