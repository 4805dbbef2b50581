"""Logits of HuggingFace transformers for small models with the config.json files of published ones.

python configs.py src/test/resources/configs OUT.json: each configuration that transformers has a causal language model for is made small
(sizes alone change), given weights by the rule of `weight` below, and run over one sequence. OUT.json has the small configuration,
the tokens, and the logits at the last two positions. PublishedConfigsTest makes the same weights.
"""

import json
import sys
import tempfile
import zlib
from pathlib import Path

import numpy
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

IDS = [3, 17, 22, 5, 5, 9, 1, 12, 7, 30, 19, 4]
LAYERS = 3


def small(config):
    """Two or three layers, four heads, 32 tokens; all else as published."""
    c = json.loads(json.dumps(config))
    share = c.get("partial_rotary_factor") or c.get("rotary_pct") or 1.0
    dim = 16 if share < 1 or "rotary_dim" in c else 8
    heads = c.get("num_attention_heads", c.get("n_head", 4))
    kv = c.get("num_key_value_heads") or heads
    sizes = dict(
        hidden_size=4 * dim, n_embd=4 * dim, word_embed_proj_dim=4 * dim, intermediate_size=40, ffn_dim=40, n_inner=40,
        num_attention_heads=4, n_head=4, num_heads=4, num_hidden_layers=LAYERS, n_layer=LAYERS, num_layers=LAYERS,
        num_key_value_heads=1 if kv == 1 else 4 if kv == heads else 2, head_dim=dim, vocab_size=32, n_positions=64, n_ctx=64,
        sliding_window=5, window_size=5, max_window_layers=1, rotary_dim=8,
    )
    for name, value in sizes.items():
        if c.get(name) is not None:
            c[name] = value
    for name in ("layer_types", "no_rope_layers"):
        if c.get(name):
            c[name] = c[name][:LAYERS]
    if "attention_types" in c:
        c["attention_types"] = [[["global", "local"], 1], [["global"], 1]]
        c["attention_layers"] = ["global", "local", "global"]
    for rope in (c.get("rope_scaling"), c.get("rope_parameters")):
        for name in ("short_factor", "long_factor"):
            if rope and name in rope:
                rope[name] = rope[name][: int(dim * share) // 2]
    return c


def weight(name, shape):
    """The same in Java: exact in float32."""
    count = int(numpy.prod(shape))
    mixed = (zlib.crc32(name.encode()) + numpy.arange(count, dtype=numpy.uint64) * 2654435761) % 2**32
    uniform = (mixed >> numpy.uint64(8)).astype(numpy.float32) / numpy.float32(2**24) - numpy.float32(0.5)
    centre = 1 if len(shape) == 1 and not name.endswith("bias") else 0
    return torch.from_numpy((uniform * numpy.float32(0.5) + numpy.float32(centre)).reshape(shape))


@torch.no_grad()
def logits(config):
    told = {"model_type": "gpt2", **config, "pad_token_id": 0}  # which must be of the small vocabulary
    told.pop("auto_map", None)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(told))
        read = AutoConfig.from_pretrained(folder)
    read.dtype = torch.float32
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(read, attn_implementation="eager", dtype=torch.float32).eval()
    for name, parameter in model.named_parameters():
        stored = "embed_out.weight" if name == "lm_head.weight" and read.model_type == "gpt_neox" else name
        parameter.copy_(weight(stored, tuple(parameter.shape)))
    return model(torch.tensor([IDS]), use_cache=False).logits[0, -2:]


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    models = {}
    for file in sorted(source.glob("*.json")):
        config = small(json.loads(file.read_text()))
        try:
            computed = logits(config)
        except Exception as e:  # no such class, or not in this form: then there is nothing to compare with
            print(f"{file.stem}: {type(e).__name__}: {str(e).splitlines()[0]}", file=sys.stderr)
            continue
        models[file.stem] = dict(config=config, logits=[[float(x) for x in row] for row in computed])
    with open(out, "w") as file:
        json.dump(dict(transformers=transformers.__version__, ids=IDS, models=models), file, separators=(",", ":"))
        file.write("\n")


main()
