"""Times the genuine EAP-IG on the CPU, for eap_ig.sh.

    python eap_ig_scores.py --eap-ig CLONE --model DIR --data PAIRS.jsonl --prompts N --steps K --out FILE.safetensors

CLONE is a checkout of https://github.com/hannamw/EAP-IG; nothing of it is changed, but its device "cuda" means the CPU
and its prompts get no BOS (see src/test/python/eap_ig.py, which does both). Scores are of EAP-IG-inputs with K steps,
the logit difference as metric, F32, prompts in batches of one length, as edgeprune takes them. Prints one line of JSON:
seconds from the loaded model to the scores, seconds with loading, and the process's peak of resident memory.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src/test/python"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eap-ig", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, required=True)
    o = parser.parse_args()
    began = time.perf_counter()

    import eap_ig
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    sys.path.append(str(o.eap_ig / "src"))
    import eap.attribute
    from eap.graph import Graph

    torch.set_num_threads(o.threads)
    with eap_ig.OnCpu():
        model = eap_ig.hooked(o.model, torch.float32)
        prompts = eap_ig.Prompts(o.data, Tokenizer.from_file(str(o.model / "tokenizer.json")), o.prompts)
        eap.attribute.tokenize_plus = prompts.tokenize_plus
        by_length = {}
        for line, (clean, _, _) in enumerate(prompts.rows):
            by_length.setdefault(len(prompts.encode(clean[0])), []).append(line)
        batches = [batch for lines in by_length.values() for batch in prompts.batches(lines, o.batch_size)]
        graph = Graph.from_model(model)
        loaded = time.perf_counter()
        scores = eap.attribute.get_scores_eap_ig(model, graph, batches, eap_ig.loss, steps=o.steps, quiet=True)
        ended = time.perf_counter()
    scores = torch.where(graph.real_edge_mask, scores, 0)
    names = {"writers": [name for name in graph.nodes if name != "logits"], "readers": graph.get_dst_nodes()}
    save_file({"scores": scores}, o.out, {key: json.dumps(value) for key, value in names.items()})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": ended - loaded, "whole_s": ended - began, "vm_hwm_bytes": peak}))


if __name__ == "__main__":
    main()
