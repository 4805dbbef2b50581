#!/usr/bin/env python3
"""Times pruning steps of 1, 2 and 3 ranks on this machine, and compares them with the model of the site's page on performance:
run_scripts/ranks.py [--ranks N,N...] [--shape gpt2|codellama-graph] [--batch-size N] [--steps N] [--micro-batch N]
[--project SECONDS,N,BYTES] [--json FILE]
--shape: gpt2, GPT-2 small's shape (the default), or codellama-graph, the 3.9 million edges of CodeLlama-13B in layers as narrow as can be,
whose steps are little else than the exchange. Each rank has one worker of one thread. A step is the mean of the second half of a run's
steps, whose prompts are cached. One rank's steps at two batch sizes give the terms of the computation, the two ranks' steps that waited
least those of the exchange; the rest is predicted. --project SECONDS,N,BYTES: also prints what the model says of up to 64 ranks that each
take so many seconds for one of N micro-batches, and so many bytes a second from the network, with the other terms of this machine. Needs
Open MPI and an otherwise idle machine."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
EDGEPRUNE = str(ROOT / "run_scripts" / "edgeprune")
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
       "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
NARROW = {"model_type": "gpt2", "n_layer": 40, "n_head": 40, "n_embd": 40, "n_inner": 8, "vocab_size": 50257, "n_positions": 64,
          "n_ctx": 64}


def tool(*arguments):
    ended = subprocess.run([EDGEPRUNE, *map(str, arguments)], capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"ranks.py: {arguments[0]} failed: {ended.stderr}")
    return ended.stdout


def run(scratch, args, ranks, batch_size, environment):
    """The lines of the second half of a run's steps."""
    out = scratch / f"{ranks}-ranks-{batch_size}"
    command = [EDGEPRUNE, "prune", "--published", "--task", "ioi", "--model", scratch / "model", "--data", scratch / "data", "--out", out,
               "--batch-size", batch_size, "--max-train-samples", batch_size, "--steps", args.steps, "--micro-batch", args.micro_batch,
               "--workers", 1, "--threads", 1, "--evaluate-every", 0, "--save-every", 0]
    command = list(map(str, command if ranks == 1 else ["mpirun", "-n", ranks, *command]))
    ended = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if ended.returncode:
        sys.exit(f"ranks.py: {ranks} ranks: {ended.stderr}")
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return lines[len(lines) // 2:]


def seconds(lines):
    return statistics.mean(line["seconds"] for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=lambda text: [int(number) for number in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--shape", choices=["gpt2", "codellama-graph"], default="gpt2")
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--micro-batch", type=int, default=80)
    parser.add_argument("--project", type=lambda text: [float(number) for number in text.split(",")])
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "narrow.json").write_text(json.dumps(NARROW))
        config = "gpt2" if args.shape == "gpt2" else scratch / "narrow.json"
        tool("init", "--config", config, "--tokenizer", "mini-gpt2", "--out", scratch / "model")
        tool("data", "ioi", "--train", args.batch_size, "--validation", 2, "--test", 2, "--model", scratch / "model",
             "--out", scratch / "data")
        environment = {**os.environ, **MPI, "EDGEPRUNE_MPI": str(scratch / "mpi.so"), "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([ROOT / "run_scripts" / "build_mpi.sh", environment["EDGEPRUNE_MPI"]], check=True, stdout=subprocess.DEVNULL)
        steps = {(ranks, size): run(scratch, args, ranks, size, environment)
                 for ranks, size in [(1, args.batch_size // 2), (2, args.batch_size // 2),
                                     *((ranks, args.batch_size) for ranks in sorted({1, 2, *args.ranks}))]}
        found = json.loads((scratch / f"2-ranks-{args.batch_size}" / "metrics.json").read_text())
        edges, nodes = found["total_edges"], found["total_nodes"]
    result = report(args, cores, edges, nodes, steps)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


def received(masks, micro_batches, ranks):
    """The bytes that rank 0 receives in a step: its slice of every micro-batch, with loss and two lengths, and all slices of the sum."""
    return micro_batches * (16 + 4 * (masks // ranks)) + 4 * masks if ranks > 1 else 0


def report(args, cores, edges, nodes, steps):
    masks = edges + nodes
    gathered = {size: steps[2, size][0]["gathered_bytes"] for size in (args.batch_size // 2, args.batch_size)}
    fewer, count = (next((n for n in range(1, size + 1) if received(masks, n, 2) == gathered[size]), None) for size in sorted(gathered))
    if fewer is None or count is None or fewer == count:
        sys.exit(f"ranks.py: {gathered} bytes were gathered, not those of two numbers of micro-batches: give a larger --batch-size")
    micro_batch = (seconds(steps[1, args.batch_size]) - seconds(steps[1, args.batch_size // 2])) / (count - fewer)
    micro_batch = min(micro_batch, seconds(steps[1, args.batch_size]) / count)  # steps vary, and an update takes no negative time
    update = seconds(steps[1, args.batch_size]) - count * micro_batch
    byte = min(line["gather_seconds"] for line in steps[2, args.batch_size]) / gathered[args.batch_size]
    print(f"{edges:,} edges and {nodes:,} nodes; a step of {count} micro-batches; {cores} cores")
    print(f"terms: micro-batch {micro_batch:.4f} s, update {update:.4f} s, exchange {1e9 * byte:.3f} ns a byte\n")
    print("| ranks | step, s | by the model, s | times as fast as one | by the model | gathered, bytes | exchange with waiting, s |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    one = seconds(steps[1, args.batch_size])
    for ranks in sorted(ranks for ranks, size in steps if size == args.batch_size):
        lines = steps[ranks, args.batch_size]
        bytes_by_model = received(masks, count, ranks)
        shared = max(1.0, ranks / cores)  # ranks that have less than a core each
        by_model = shared * (micro_batch * -(-count // ranks) + update + byte * bytes_by_model)
        row = {"ranks": ranks, "step_s": seconds(lines), "step_s_by_model": by_model, "speed_up": one / seconds(lines),
               "speed_up_by_model": one / by_model, "gathered_bytes": lines[0].get("gathered_bytes", 0),
               "gather_s": statistics.mean(line.get("gather_seconds", 0) for line in lines)}
        rows.append(row)
        print("| {ranks} | {step_s:.3f} | {step_s_by_model:.3f} | {speed_up:.2f} | {speed_up_by_model:.2f} | {gathered_bytes:,}"
              " | {gather_s:.4f} |".format(**row))
    result = {"edges": edges, "nodes": nodes, "micro_batches": count, "micro_batch_s": micro_batch, "update_s": update,
              "exchange_s_per_byte": byte, "rows": rows}
    if args.project:
        result["projected"] = projected(*args.project, masks, update, byte)
    return result


def projected(micro_batch, count, link, masks, update, byte):
    """Steps of other machines: seconds of a micro-batch on one of their ranks, micro-batches of a step, bytes a second of their network."""
    count = int(count)
    print(f"\n{count} micro-batches of {micro_batch} s each, a network of {link / 1e9:g} GB/s a rank\n")
    print("| ranks | computation, s | network, s | copying and adding, s | update, s | step, s | times as fast as one |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for ranks in (1, 2, 4, 8, 16, 32, 64):
        exchanged = received(masks, count, ranks)
        parts = [micro_batch * -(-count // ranks), (ranks - 1) / ranks * exchanged / link, byte * exchanged, update]
        rows.append([ranks, *parts, sum(parts)])
        print(f"| {ranks} |", *(f"{part:.2f} |" for part in parts), f"{sum(parts):.2f} | {rows[0][-1] / sum(parts):.1f} |")
    return rows


if __name__ == "__main__":
    main()
