#!/usr/bin/env python3
"""Kills `edgeprune prune` with SIGKILL at random moments, continues it with --resume until it is done, and compares every file with an
undisturbed run's, byte for byte (but for the seconds in the metrics): run_scripts/soak/kill_loop.py [--seconds N] [--seed N] [--steps N]
--seconds: no new run is begun after that (default: 600). Half of the kills fall at any moment of the run, half right after a file of its
end is there. Needs Linux and what the build needs. Exit code 0: all runs ended with the same bits; 1: not; the last line counts."""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = str(ROOT / "run_scripts" / "edgeprune")
ENDING = ["run.json", "metrics.jsonl", "masks.safetensors", "edges.json", "metrics.json", "examples.jsonl"]


def tool(*arguments):
    ended = subprocess.run([LAUNCHER, *map(str, arguments)], capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"kill_loop: {arguments[0]} failed: {ended.stderr}")


def contents(folder):
    """Every file that is not hidden, by name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            found[str(name)] = path.read_bytes()
            if path.name.startswith("metrics.json"):
                found[str(name)] = re.sub(rb'"seconds"\s*:\s*[-+.eE0-9]+', b"", found[str(name)])
    return found


def until(process, moment):
    """Waits for a moment, seconds or a file, or the end of the process. Whether the process is to be killed."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < 120:
        if moment.exists() if isinstance(moment, pathlib.Path) else time.monotonic() - began >= moment:
            return process.poll() is None
        time.sleep(0.001)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    end = time.monotonic() + args.seconds
    chance = random.Random(args.seed)
    runs = kills = failures = 0
    where = {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        model, data, whole = scratch / "model", scratch / "data", scratch / "whole"
        tool("train-mini", "--out", model, "--steps", 2, "--layers", 2, "--heads", 2, "--width", 16, "--batch-size", 8)
        tool("data", "ioi", "--train", 32, "--validation", 8, "--test", 16, "--model", model, "--out", data)

        def prune(out):
            # the same options each time: --resume begins where there is nothing
            return [LAUNCHER, "prune", "--resume", "--out", str(out), "--model", str(model), "--data", str(data),
                    "--steps", str(args.steps), "--batch-size", "8", "--save-every", "5", "--evaluate-every", "10",
                    "--threads", "1", "--edge-sparsity", "0.8", "--minimal", "0.1"]

        began = time.monotonic()
        tool(*prune(whole)[1:])
        usual = time.monotonic() - began
        expected = contents(whole)
        while time.monotonic() < end:
            out = scratch / f"run-{runs}"
            log = (scratch / "log").open("w+")
            left = chance.randint(1, 4)
            while True:
                process = subprocess.Popen(prune(out), stdout=log, stderr=log, start_new_session=True)
                moment = chance.uniform(0.2, usual) if chance.random() < 0.5 else out / chance.choice(ENDING)
                if left and until(process, moment):
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    left -= 1
                    kills += 1
                    there = [name for name in ENDING if (out / name).exists()]
                    phase = there[-1] if there else "nothing"
                    where[phase] = where.get(phase, 0) + 1
                    continue
                process.wait(600)
                break
            runs += 1
            found = contents(out) if process.returncode == 0 else {}
            differ = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            if differ:
                failures += 1
                log.seek(0)
                print(f"run {runs - 1}: exit code {process.returncode}, differs in {differ}; it said:\n{log.read()[-2000:]}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
    print(f"kill_loop: {kills} kills in {runs} runs, {failures} failures; killed when the newest of a run's files was {json.dumps(where)}")
    sys.exit(0 if kills and not failures else 1)


if __name__ == "__main__":
    main()
