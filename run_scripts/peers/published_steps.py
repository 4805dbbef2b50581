"""Times optimisation steps of the published Edge Pruning code, for published.sh and gpu_check.sh.

    python published_steps.py --clone CLONE --batch-size B --tokens S --padding P --repeat N [--threads T] [--device D]

CLONE is a checkout of https://github.com/princeton-nlp/Edge-Pruning; nothing of it is changed. The model has GPT-2
small's shape and random weights, prompts are random, of S tokens, padded to P. A step is theirs: `compute_loss` of
src/prune/fpt2_ioi.py (full model on the clean and on the corrupted prompts, masked model, KL at the last token, both
regularisers), backward, clip at 1.0, their optimiser. HuggingFace's Trainer, which calls these, is left out: its own
time is not counted. Prints one line of JSON: seconds of each step, and the process's peak of resident memory.
"""

import argparse
import json
import os
import resource
import sys
import time
import types
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clone", type=Path, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--padding", type=int, required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", default="cpu")
    o = parser.parse_args()
    os.chdir(o.clone)  # the scripts look for their modules from the working directory
    sys.path.insert(0, "src/prune")

    import torch
    from transformers import GPT2Config

    torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    import fpt2_ioi as published

    config = GPT2Config()
    make = lambda: published.FPT2LMHeadModel(config, with_embedding_nodes=True)
    model, full = make(), make().eval()
    for m in (model, full):
        m.reset_all_log_alphas()
    full.load_state_dict(model.state_dict())
    model.to(o.device), full.to(o.device)
    published.freeze_all_except_pruning_params(model)
    optimizer, _ = published.get_optimizers(model, 0.8, 0.8, 0.8, 0.8, 1000, disable_node_loss=True)
    trainer = types.SimpleNamespace(
        gpt2_model=full,
        skip_layer_loss_if_higher_sparsity=False,
        state=types.SimpleNamespace(global_step=0),
        get_current_edge_target_sparsity=lambda step: 0.5,
        get_current_layer_target_sparsity=lambda step: 0.5,
    )
    masks = [p for p in model.parameters() if p.requires_grad]

    def batch():
        ids = torch.full((2, o.batch_size, o.padding), config.eos_token_id)
        ids[..., : o.tokens] = torch.randint(config.vocab_size - 1, (2, o.batch_size, o.tokens))
        last = torch.full((o.batch_size,), o.tokens - 1)
        inputs = {
            "input_ids": ids[0],
            "corr_input_ids": ids[1],
            "labels": ids[0].clone(),
            "start_idxes": last,
            "end_idxes": last + 1,
        }
        return {name: tensor.to(o.device) for name, tensor in inputs.items()}

    def wait():
        if o.device.startswith("cuda"):
            torch.cuda.synchronize()

    model.train()
    seconds = []
    for step in range(o.warm_up + o.repeat):
        inputs = batch()
        wait()
        began = time.perf_counter()
        loss = published.FPT2InfoTrainer.compute_loss(trainer, model, inputs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(masks, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        wait()
        if step >= o.warm_up:
            seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"step_s": seconds, "vm_hwm_bytes": peak, "torch": torch.__version__, "threads": o.threads}))


if __name__ == "__main__":
    main()
