#!/usr/bin/env python3
"""Kills `edgeprune prune` with SIGKILL at random moments, continues it with --resume until it is done, and compares every file with an
undisturbed run's, byte for byte (but for times in the metrics):
run_scripts/soak/kill_loop.py [--ranks N,N...] [--kills N] [--seconds N] [--seed N] [--steps N]
--ranks: numbers of ranks (default: 1, without MPI). Each process of a run is started with one of them, under mpirun; one of its ranks is
killed, the ranks in turn, and the whole job must end within a minute. --kills: end after so many. --seconds: no new run is begun after
that (default: 600). Runs are in turn published ones and default ones, which rank the edges before their first step. Half of the kills fall
at any moment of the run, half right after one of its files is there. Needs Linux, what the build needs, and for ranks Open MPI. Exit code
0: all runs ended with the same bits; 1: not; the last line counts."""
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
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
       "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
JOB_ENDS = 60  # seconds after the kill of a rank
KINDS = {"published": ["--published"], "default": []}
RANKING = "ranking.safetensors"  # is there only while a default run ranks
FILES = ["run.json", RANKING, "metrics.jsonl", "masks.safetensors", "edges.json", "metrics.json", "examples.jsonl"]


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
                found[str(name)] = re.sub(rb'"(seconds|ranks|gathered_bytes|gather_seconds)"\s*:\s*[-+.eE0-9]+,?', b"", found[str(name)])
    return found


def started(command, ranks, log, environment):
    """A process of a run, or the mpirun of several."""
    whole = command if ranks == 1 else ["mpirun", "-n", str(ranks), *command]
    return subprocess.Popen(whole, stdout=log, stderr=log, start_new_session=True, env=environment)


def process_of(rank, mpirun):
    """The process of a rank, or None where there is none yet, or no longer."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass  # it has ended
    for process, parent in parents.items():
        if parent == mpirun.pid:
            try:
                variables = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"OMPI_COMM_WORLD_RANK=%d" % rank in variables:
                return process
    return None


def killed(process, ranks, victim):
    """Kills a process, or one of its ranks. Whether there was one; a job that goes on without the rank is an error."""
    if ranks == 1:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    rank = process_of(victim, process)
    if rank is None:
        return False
    os.kill(rank, signal.SIGKILL)
    try:
        process.wait(JOB_ENDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        sys.exit(f"kill_loop: the job did not end within {JOB_ENDS} s after the kill of rank {victim} of {ranks}")
    return True


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
    parser.add_argument("--ranks", type=lambda text: [int(number) for number in text.split(",")], default=[1])
    parser.add_argument("--kills", type=int, default=sys.maxsize)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    end = time.monotonic() + args.seconds
    chance = random.Random(args.seed)
    runs = kills = failures = 0
    where, victims = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        model, data = scratch / "model", scratch / "data"
        tool("train-mini", "--out", model, "--steps", 2, "--layers", 2, "--heads", 2, "--width", 16, "--batch-size", 8)
        tool("data", "ioi", "--train", 32, "--validation", 8, "--test", 16, "--model", model, "--out", data)

        def prune(out, kind):
            # the same options each time: --resume begins where there is nothing
            return [LAUNCHER, "prune", *KINDS[kind], "--resume", "--out", str(out), "--model", str(model), "--data", str(data),
                    "--steps", str(args.steps), "--batch-size", "8", "--save-every", "5", "--evaluate-every", "10",
                    "--threads", "1", "--micro-batch", "40", "--edge-sparsity", "0.8", "--minimal", "0.1"]

        environment = {**os.environ, **MPI, "TMPDIR": str(scratch), "EDGEPRUNE_JAVA_OPTIONS": f"-Djava.io.tmpdir={scratch}"}
        if max(args.ranks) > 1:
            library = scratch / "mpi.so"
            subprocess.run([ROOT / "run_scripts" / "build_mpi.sh", library], check=True, stdout=subprocess.DEVNULL)
            environment["EDGEPRUNE_MPI"] = str(library)
        expected, usual = {}, {}
        for kind in KINDS:
            tool(*prune(scratch / kind, kind)[1:])
            expected[kind] = contents(scratch / kind)
            for ranks in set(args.ranks):
                began = time.monotonic()
                started(prune(scratch / f"{kind}-{ranks}", kind), ranks, subprocess.DEVNULL, environment).wait()
                usual[kind, ranks] = time.monotonic() - began
        while time.monotonic() < end and kills < args.kills:
            out = scratch / f"run-{runs}"
            kind = list(KINDS)[runs % len(KINDS)]
            log = (scratch / "log").open("w+")
            left = chance.randint(1, 4)
            while True:
                ranks = chance.choice(args.ranks)
                process = started(prune(out, kind), ranks, log, environment)
                moment = chance.uniform(0.2, usual[kind, ranks]) if chance.random() < 0.5 else out / chance.choice(FILES)
                if kind == "published" and moment == out / RANKING:
                    moment = out / FILES[0]
                victim = victims.setdefault(ranks, [0] * ranks).index(min(victims[ranks]))
                if left and kills < args.kills and until(process, moment) and killed(process, ranks, victim):
                    victims[ranks][victim] += 1
                    left -= 1
                    kills += 1
                    there = [name for name in FILES if (out / name).exists()]
                    phase = there[-1] if there else "nothing"
                    where[phase] = where.get(phase, 0) + 1
                    continue
                process.wait(600)
                break
            runs += 1
            found = contents(out) if process.returncode == 0 else {}
            differ = sorted(name for name in expected[kind].keys() | found.keys()
                            if expected[kind].get(name) != found.get(name))
            if differ:
                failures += 1
                log.seek(0)
                print(f"run {runs - 1}, {kind}: exit code {process.returncode}, differs in {differ}; it said:\n{log.read()[-2000:]}",
                      flush=True)
            shutil.rmtree(out, ignore_errors=True)
    if max(args.ranks) > 1:
        print("kill_loop: killed of", ", ".join(f"{ranks} ranks {killed}" for ranks, killed in sorted(victims.items())), "(rank 0 first)")
    print(f"kill_loop: {kills} kills in {runs} runs, {failures} failures; killed when the newest of a run's files was {json.dumps(where)}")
    sys.exit(0 if kills and not failures else 1)


if __name__ == "__main__":
    main()
