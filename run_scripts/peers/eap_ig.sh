#!/usr/bin/env bash
# Times EAP-IG (inputs) of the genuine library and of edgeprune by turns, on the CPU, and compares their scores:
#   run_scripts/peers/eap_ig.sh CLONE [--python PYTHON] [--model DIR] [--prompts N] [--steps N] [--rounds N] [--json FILE]
# CLONE is your checkout of https://github.com/hannamw/EAP-IG, which stays as it is; PYTHON has the packages of
# src/test/python/requirements-eap-ig.txt. Without --model: random weights of GPT-2 small's shape. Prompts are of IOI;
# 100 and 20 steps unless said. Each figure is a process of its own, the median of its rounds (3): the whole command, and
# without start-up and loading. Leave the machine alone meanwhile.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
fail() { echo "eap_ig.sh: $1" >&2; exit 2; }

clone= python=python3 model= prompts=100 steps=20 rounds=3 json=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --python | --model | --prompts | --steps | --rounds | --json)
            [ $# -ge 2 ] || fail "$1 needs a value"
            declare "${1#--}=$2"
            shift 2 ;;
        -*) fail "unknown option $1: see --help" ;;
        *) clone=$1; shift ;;
    esac
done
[ -n "$clone" ] || { usage >&2; exit 2; }
[ -d "$clone/src/eap" ] || fail "$clone has no src/eap: it is no checkout of hannamw/EAP-IG"
"$python" -c 'import torch, transformers, transformer_lens' 2>/dev/null ||
    fail "$python lacks torch, transformers or transformer_lens: name one that has them with --python"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
edgeprune=$here/../edgeprune
if [ -z "$model" ]; then
    model=$results/model
    "$edgeprune" init --config gpt2 --tokenizer mini-gpt2 -o "$model" >/dev/null
fi
"$edgeprune" data ioi --model "$model" --train "$prompts" --validation 1 --test 1 --out "$results/data" >/dev/null
for ((round = 1; round <= rounds; round++)); do
    echo "eap_ig.sh: round $round of $rounds" >&2
    "$python" "$here/eap_ig_scores.py" --eap-ig "$clone" --model "$model" --data "$results/data/train.jsonl" \
        --prompts "$prompts" --steps "$steps" --out "$results/theirs.safetensors" >>"$results/theirs" 2>"$results/theirs.log" ||
        { cat "$results/theirs.log" >&2; fail "the library's run failed"; }
    rm -rf "$results/ours.dir"
    "$python" - "$edgeprune" attribute --model "$model" --task ioi --data "$results/data" --method eap-ig-inputs \
        --steps "$steps" --out "$results/ours.dir" --json >>"$results/ours" <<'END'
import json, resource, subprocess, sys, time
began = time.perf_counter()
said = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE).stdout
whole = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"seconds": json.loads(said)["seconds"], "whole_s": whole, "vm_hwm_bytes": peak}))
END
done
"$python" - "$results" "$prompts prompts, $steps steps" "${json:-/dev/null}" <<'END'
import json, statistics, sys
from safetensors import safe_open
folder, size, out = sys.argv[1:]
found = {}
for name in ("theirs", "ours"):
    runs = [json.loads(line) for line in open(f"{folder}/{name}")]
    found[name] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    found[name]["spread"] = max(r["seconds"] for r in runs) / min(r["seconds"] for r in runs)
print(f"| EAP-IG, {size} | s | whole command, s | slowest / fastest round | peak memory, GB |")
print("|---|---|---|---|---|")
for name, text in (("theirs", "hannamw/EAP-IG"), ("ours", "edgeprune")):
    f = found[name]
    print(f"| {text} | {f['seconds']:.2f} | {f['whole_s']:.2f} | {f['spread']:.2f} | {f['vm_hwm_bytes'] / 1e9:.2f} |")
ratio = lambda key: found["theirs"][key] / found["ours"][key]
print(f"| ratio | {ratio('seconds'):.1f} | {ratio('whole_s'):.1f} | | {ratio('vm_hwm_bytes'):.1f} |")
if max(f["spread"] for f in found.values()) > 1.3:
    print("\nThe machine was not quiet: rounds of the same figure differ by more than 30%.")


def scores(file):
    """(writer, reader) in our names -> score."""
    with safe_open(file, "pt") as f:
        matrix, meta = f.get_tensor("scores"), f.metadata()
    names = {"input": "tok_embeds", "logits": "resid_post"}
    clean = lambda name: names.get(name, name.replace("<", ".").replace(">", ""))
    rows, columns = ([clean(name) for name in json.loads(meta[key])] for key in ("writers", "readers"))
    return {(w, r): matrix[i, j].item() for i, w in enumerate(rows) for j, r in enumerate(columns)}


theirs, ours = scores(f"{folder}/theirs.safetensors"), scores(f"{folder}/ours.dir/scores.safetensors")
worst = max(abs(value - ours[edge]) for edge, value in theirs.items())
largest = max(map(abs, theirs.values()))
print(f"\nLargest difference of a score: {worst:.2g}, where scores reach {largest:.2g}.")
found["difference"], found["largest_score"] = worst, largest
json.dump(found, open(out, "w"))
END
