"""Rotary frequencies of HuggingFace transformers for configurations that state them in different ways.

python rope.py OUT.json: for each configuration below, the frequencies (radians a position, one for each pair of dimensions) and the
attention factor that transformers 5.24.0 uses for sequences of some lengths, read from the rotary embedding of a tiny model.
"""

import json
import sys

import torch
import transformers
from transformers import AutoConfig, AutoModel

SIZES = dict(
    hidden_size=64,
    intermediate_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    vocab_size=11,
    max_position_embeddings=64,
)
SHORT, LONG = [1.0 + 0.1 * i for i in range(16)], [2.0 + 0.3 * i for i in range(16)]
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LONGROPE = {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG}

CASES = {
    "theta at the top": dict(model_type="llama", rope_theta=500.0),
    "theta in rope_parameters": dict(model_type="llama", rope_parameters={"rope_theta": 500.0, "rope_type": "default"}),
    "theta beside rope_parameters": dict(model_type="llama", rope_theta=500.0, rope_parameters={"rope_type": "default"}),
    "theta in both": dict(model_type="llama", rope_theta=500.0, rope_parameters={"rope_theta": 700.0, "rope_type": "default"}),
    "theta in rope_scaling": dict(model_type="llama", rope_scaling={"rope_type": "default", "rope_theta": 700.0}),
    "rope_scaling wins": dict(
        model_type="llama",
        rope_theta=500.0,
        rope_scaling={"rope_type": "linear", "factor": 2.0},
        rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 700.0},
    ),
    "empty rope_scaling": dict(
        model_type="llama", rope_scaling={}, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 700.0}
    ),
    "no base": dict(model_type="llama"),
    "share of unscaled rope": dict(model_type="llama", rope_theta=500.0, partial_rotary_factor=0.5),
    "share of scaled rope": dict(
        model_type="llama", rope_theta=500.0, partial_rotary_factor=0.5, rope_scaling={"rope_type": "linear", "factor": 2.0}
    ),
    "share within": dict(
        model_type="mistral", rope_theta=500.0, rope_scaling={"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.25}
    ),
    "dynamic": dict(model_type="llama", rope_theta=500.0, rope_scaling={"type": "dynamic", "factor": 3.0}),
    "llama3 within": dict(model_type="llama", rope_theta=500.0, rope_scaling={**LLAMA3, "original_max_position_embeddings": 16}),
    "llama3 at the top": dict(
        model_type="llama",
        rope_theta=500.0,
        original_max_position_embeddings=8,
        rope_scaling={**LLAMA3, "original_max_position_embeddings": 16},
    ),
    "llama3 without": dict(model_type="llama", rope_theta=500.0, rope_scaling=LLAMA3),
    "yarn": dict(model_type="qwen2", rope_theta=500.0, rope_scaling=YARN),
    "yarn, not truncated": dict(model_type="qwen2", rope_theta=500.0, rope_scaling={**YARN, "truncate": False}),
    "yarn, truncate null": dict(model_type="qwen2", rope_theta=500.0, rope_scaling={**YARN, "truncate": None}),
    "yarn, beta zero": dict(model_type="qwen2", rope_theta=500.0, rope_scaling={**YARN, "beta_fast": 0, "beta_slow": 0}),
    "yarn, betas": dict(model_type="qwen2", rope_theta=500.0, rope_scaling={**YARN, "beta_fast": 16, "beta_slow": 2}),
    "yarn, factor null": dict(model_type="qwen2", rope_theta=500.0, rope_scaling={**YARN, "factor": None}),
    "yarn, mscale": dict(model_type="llama", rope_theta=500.0, rope_scaling={**YARN, "mscale": 0.7, "mscale_all_dim": 0.9}),
    "yarn, attention factor": dict(model_type="llama", rope_theta=500.0, rope_scaling={**YARN, "attention_factor": 1.5}),
    "longrope": dict(model_type="llama", rope_theta=500.0, rope_scaling={**LONGROPE, "original_max_position_embeddings": 16}),
    "longrope, factor": dict(
        model_type="llama", rope_theta=500.0, original_max_position_embeddings=16, rope_scaling={**LONGROPE, "factor": 2.5}
    ),
    "longrope, both lengths": dict(
        model_type="llama",
        rope_theta=500.0,
        original_max_position_embeddings=8,
        rope_scaling={**LONGROPE, "original_max_position_embeddings": 16},
    ),
    "phi3": dict(model_type="phi3", pad_token_id=0, rope_theta=500.0, partial_rotary_factor=0.5),
    "phi3, odd": dict(model_type="phi3", pad_token_id=0, rope_theta=500.0, partial_rotary_factor=0.6),
    "phi3, longrope": dict(
        model_type="phi3", pad_token_id=0, rope_theta=500.0, original_max_position_embeddings=16, rope_scaling={**LONGROPE, "type": "longrope"}
    ),
    "phi3, trained for 4096": dict(
        model_type="phi3", pad_token_id=0, rope_theta=500.0, max_position_embeddings=8192, rope_scaling={**LONGROPE, "type": "longrope"}
    ),
    "gpt_neox": dict(model_type="gpt_neox", rotary_pct=0.5, rotary_emb_base=500),
    "gpt_neox, no share": dict(model_type="gpt_neox", rotary_emb_base=500),
    "gpt_neox, odd": dict(model_type="gpt_neox", rotary_pct=0.3, rotary_emb_base=500),
    "gpt_neox, two bases": dict(model_type="gpt_neox", rotary_pct=0.5, rotary_emb_base=500, rope_theta=700),
    "gpt_neox, rope_parameters": dict(
        model_type="gpt_neox", rotary_pct=0.5, rope_parameters={"rope_type": "default", "rope_theta": 700.0, "partial_rotary_factor": 1.0}
    ),
    "gemma": dict(model_type="gemma", head_dim=32, rope_theta=500.0),
    "gemma2": dict(model_type="gemma2", head_dim=32, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}),
}


def config(stated):
    fields = {**SIZES, **stated}
    if stated["model_type"] == "gpt_neox":
        del fields["num_key_value_heads"]
    return fields


def frequencies(stated, length):
    fields = json.loads(json.dumps(config(stated)))
    read = AutoConfig.for_model(fields.pop("model_type"), **fields)
    torch.manual_seed(0)
    rotary = next(m for n, m in AutoModel.from_config(read).named_modules() if n.endswith("rotary_emb"))
    rotary(torch.zeros(1, length, 4), torch.arange(length)[None])
    return [float(x) for x in rotary.inv_freq.to(torch.float64)], float(rotary.attention_scaling)


def main():
    out = {"transformers": transformers.__version__, "cases": []}
    for name, stated in CASES.items():
        lengths = []
        for length in (4, 64, 100, 5000):
            inverse, factor = frequencies(stated, length)
            lengths.append(dict(length=length, frequencies=inverse, attention_factor=factor))
        out["cases"].append(dict(name=name, config=config(stated), lengths=lengths))
    with open(sys.argv[1], "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
