"""Computes golden/hf with HuggingFace transformers.

    python hf.py --golden src/test/resources/golden/hf --out DIR [NAME ...]
        every checkpoint of the folder (or those named): the stored weights and prompts, everything else anew
    python hf.py --new NAME --config config.json --out DIR [--about TEXT] [--seed N]
        a new checkpoint with random weights of an architecture, with its golden files: where to start a new one

The prompts, the weights and the texts of recorded fixtures are taken as they are: they were drawn once. What is computed:
logits, residual streams, greedy continuations, cross entropies, and the noise, which is the largest difference to the
same run in float64, norms, rotary angles and softmax included. Files and names are described in the folder's README.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file
from torch.overrides import TorchFunctionMode
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

BATCHES = ("", "short.", "at.", "above.")
NEW_TOKENS = 20


class Float64(TorchFunctionMode):
    """Takes every request for float32 as one for float64, so that nothing on the way is rounded to it."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        wide = lambda value: torch.float64 if value is torch.float32 else value
        kwargs = {name: wide(value) for name, value in (kwargs or {}).items()}
        if function is torch.Tensor.float:
            return args[0].double()
        return function(*(wide(value) for value in args), **kwargs)


def auto_class(config):
    """Some models that also see are no causal language models to transformers."""
    known = type(config) in AutoModelForCausalLM._model_mapping
    return AutoModelForCausalLM if known else AutoModelForImageTextToText


def load(folder, dtype=torch.float32):
    """A model that has run nothing yet: dynamic rope scaling remembers the longest sequence that it saw."""
    auto = auto_class(AutoConfig.from_pretrained(folder))
    model = auto.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    if dtype is torch.float64:
        for module in model.modules():
            if hasattr(module, "reorder_and_upcast_attn"):  # the same numbers, but it insists on float32
                module.reorder_and_upcast_attn = False
    return model


def layers(model):
    """The list of a model's blocks, whatever it is called."""
    inner = model.base_model
    for name in ("decoder", "language_model"):  # OPT; models that also see
        inner = getattr(inner, name, inner)
    for name in ("layers", "h"):
        if hasattr(inner, name):
            return getattr(inner, name)
    raise SystemExit(f"{type(model).__name__}: no list of blocks found under .layers or .h")


@torch.no_grad()
def run(model, ids):
    """Logits [B, T, V], and the residual stream before layer 0 and after each layer [B, T, H]."""
    streams = []
    first = lambda value: value[0] if isinstance(value, tuple) else value

    def enter(module, args, kwargs):
        streams.append(args[0] if args else kwargs["hidden_states"])

    blocks = layers(model)
    hooks = [blocks[0].register_forward_pre_hook(enter, with_kwargs=True)]
    hooks += [block.register_forward_hook(lambda module, args, out: streams.append(first(out))) for block in blocks]
    logits = model(ids, use_cache=False).logits
    for hook in hooks:
        hook.remove()
    return logits, [stream.clone() for stream in streams]


def compute(folder, dtype, batches):
    """Tensors of every batch, each by a model that was just loaded."""
    tensors = {}
    for prefix, ids in batches.items():
        logits, streams = run(load(folder, dtype), ids)
        tensors[prefix + "logits"] = logits
        if not prefix:
            tensors["embeddings"] = streams[0]
            tensors |= {f"layer.{i}": stream for i, stream in enumerate(streams[1:])}
    return tensors


@torch.no_grad()
def greedy(folder, prompt):
    """The tokens that follow, the whole sequence anew for each, and the least distance of the best to the second."""
    tokens, margin = list(prompt), float("inf")
    model = load(folder)
    for _ in range(NEW_TOKENS):
        best = model(torch.tensor([tokens]), use_cache=False).logits[0, -1].topk(2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        tokens.append(best.indices[0].item())
    return tokens[len(prompt) :], margin


def cross_entropy(logits, ids):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).item()


def noise(exact, tensors, residual):
    return max(
        (exact[name] - tensor).abs().max().item()
        for name, tensor in tensors.items()
        if residual != name.endswith("logits")
    )


def tolerance(of_noise):
    return float(f"{max(5e-5, 8 * of_noise):.2g}")


def golden(folder, batches, prompt):
    tensors = compute(folder, torch.float32, batches)
    with Float64():
        exact = compute(folder, torch.float64, batches)
    tokens, margin = greedy(folder, prompt)
    measured = {"logits": noise(exact, tensors, False), "residual": noise(exact, tensors, True)}
    facts = {
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "prompt": prompt,
        "greedy": tokens,
        "greedy_margin": round(margin, 5),
        "cross_entropy": {
            prefix.rstrip(".") or "main": round(cross_entropy(tensors[prefix + "logits"], ids), 7)
            for prefix, ids in batches.items()
        },
        "noise": {name: float(f"{value:.2g}") for name, value in measured.items()},
        "tolerance": {name: tolerance(value) for name, value in measured.items()},
        "logits_std": round(tensors["logits"].std().item(), 3),
        "logits_max": round(tensors["logits"].abs().max().item(), 3),
    }
    return tensors | {prefix + "input_ids": ids for prefix, ids in batches.items()}, facts


def write(folder, tensors, facts):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(facts, indent=1) + "\n")


def again(recorded, out):
    """A recorded fixture's checkpoint and prompts, computed anew."""
    folder = out / recorded.name
    shutil.copytree(recorded, folder, dirs_exist_ok=True)
    before = json.loads((recorded / "golden.json").read_text())
    stored = load_file(recorded / "golden.safetensors")
    batches = {prefix: stored[prefix + "input_ids"] for prefix in BATCHES if prefix + "input_ids" in stored}
    tensors, facts = golden(folder, batches, before["prompt"])
    told = ("about", "model_type", "seed", "stored_dtype", "greedy_same_with_cache", "effects")
    facts = {name: before[name] for name in told if name in before} | facts
    write(folder, tensors, facts)


def new(name, config_file, out, about, seed):
    """Random weights of a size that makes every part of a block show in the logits."""
    torch.manual_seed(seed)
    settings = json.loads(config_file.read_text())
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = auto_class(config).from_config(config, dtype=torch.float32, attn_implementation="eager")
    for parameter_name, parameter in model.named_parameters():
        scale = 0.1 if parameter.dim() == 1 else 0.3
        noise = scale * torch.randn(parameter.shape)
        is_norm = parameter.dim() == 1 and parameter_name.endswith("weight")
        parameter.data = parameter.data + noise if is_norm else noise
    folder = out / name
    model.save_pretrained(folder)
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    lengths = {"": 14, "short.": (window or 8) - 1}
    if window:
        lengths |= {"at.": window, "above.": window + 1}
    rows = {"": 3, "short.": 2, "at.": 1, "above.": 1}
    batches = {p: torch.randint(text.vocab_size, (rows[p], length)) for p, length in lengths.items()}
    prompt = torch.randint(text.vocab_size, (8,)).tolist()
    tensors, facts = golden(folder, batches, prompt)
    write(folder, tensors, {"about": about, "model_type": config.model_type, "seed": seed} | facts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures (default: all of the folder)")
    parser.add_argument("--golden", type=Path, help="the folder of the recorded fixtures")
    parser.add_argument("--out", type=Path, required=True, help="where to write")
    parser.add_argument("--new", metavar="NAME", help="make this fixture")
    parser.add_argument("--config", type=Path, help="config.json of the fixture to make")
    parser.add_argument("--about", default="", help="what is special about it")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if bool(options.new) != bool(options.config) or bool(options.new) == bool(options.golden):
        parser.error("either --golden DIR, or --new NAME with --config FILE")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if options.new:
        new(options.new, options.config, options.out, options.about, options.seed)
        return
    known = {folder.name: folder for folder in sorted(options.golden.iterdir()) if folder.is_dir()}
    for name in options.names or known:
        if name not in known:
            parser.error(f"{name} is no fixture of {options.golden}")
        again(known[name], options.out)


if __name__ == "__main__":
    main()
