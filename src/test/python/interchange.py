"""Computes golden/hf/NAME/interchange.*: a circuit in a tiny model, by brute force through the modules of HuggingFace transformers.

    python interchange.py --golden src/test/resources/golden/hf [NAME ...]

Every reader (a head's query, key or value, an MLP, the end of the residual stream) has an input of its own: the sum over
the writers before it of z times what the writer writes in this run and (1 - z) times what it writes for the corrupted
prompt. For each reader the genuine block is run on that reader's input as a whole; hooks take its part of the projections
out, and put the parts of all readers together into one more run. In float64; results are stored as float32.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from hf import Float64, layers, load
from safetensors.torch import load_file, save_file


class Hooks:
    """Forward hooks that are taken away at the end of a block."""

    def __init__(self):
        self.handles = []

    def before(self, module, function):
        self.handles.append(module.register_forward_pre_hook(function, with_kwargs=True))

    def after(self, module, function):
        self.handles.append(module.register_forward_hook(lambda m, args, out: function(out)))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()


def first(value):
    return value[0] if isinstance(value, tuple) else value


class Layer:
    """One genuine block, with the arguments that the model calls it with."""

    def __init__(self, block, args, kwargs, config):
        self.block, self.args, self.kwargs = block, args, kwargs
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.width = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.factor = getattr(config, "residual_multiplier", 1.0)
        names = ("self_attn", "self_attention", "attn", "attention")
        attention = next(getattr(block, name) for name in names if hasattr(block, name))
        self.modules = {name.split(".")[-1]: module for name, module in attention.named_modules()}
        self.out = next(self.modules[n] for n in ("o_proj", "out_proj", "dense", "c_proj") if n in self.modules)
        # gemma 2 and 3, olmo 2
        self.norm = block.post_attention_layernorm if hasattr(block, "post_feedforward_layernorm") else None

    def run(self, x):
        return first(self.block(x, *self.args, **self.kwargs))

    def join(self, parts):
        """q, k and v [B, T, heads * width] as the outputs of the projections, by module name."""
        q, k, v = parts
        if "q_proj" in self.modules:
            return {"q_proj": q, "k_proj": k, "v_proj": v}
        if "query_key_value" in self.modules:  # head by head
            split = lambda x: x.unflatten(-1, (self.heads, self.width))
            return {"query_key_value": torch.stack([split(q), split(k), split(v)], -2).flatten(-3)}
        return {"qkv_proj" if "qkv_proj" in self.modules else "c_attn": torch.cat(parts, -1)}

    def split(self, outputs):
        """The same backwards."""
        if "q_proj" in outputs:
            return [outputs["q_proj"], outputs["k_proj"], outputs["v_proj"]]
        if "query_key_value" in outputs:
            x = outputs["query_key_value"].unflatten(-1, (self.heads, 3, self.width))
            return [x[..., i, :].flatten(-2) for i in range(3)]
        q, kv = self.heads * self.width, self.kv_heads * self.width
        return list(next(iter(outputs.values())).split((q, kv, kv), -1))

    PROJECTIONS = ("q_proj", "k_proj", "v_proj", "query_key_value", "qkv_proj", "c_attn")

    def projected(self, x):
        """q, k, v of the block's attention on one input."""
        outputs = {}
        with Hooks() as hooks:
            for name in self.PROJECTIONS:
                if name in self.modules:
                    hooks.after(self.modules[name], lambda out, name=name: outputs.__setitem__(name, out))
            self.run(x)
        return self.split(outputs)

    def attention(self, inputs):
        """What each head writes, and the bias: inputs by kind q, k, v are lists of [B, T, H], one a head of the kind."""
        parts = []
        for kind, xs in enumerate(inputs):
            own = [self.projected(x)[kind].unflatten(-1, (len(xs), self.width))[..., h, :] for h, x in enumerate(xs)]
            parts.append(torch.cat(own, -1))
        joined, mixed, written = self.join(parts), [], []
        with Hooks() as hooks:
            for name, value in joined.items():
                hooks.after(self.modules[name], lambda out, value=value: value)
            hooks.before(self.out, lambda module, args, kwargs: mixed.append(args[0]))
            hooks.after(self.norm or self.out, lambda out: written.append(out))
            self.run(inputs[0][0])
        weight = self.out.weight if type(self.out).__name__ == "Conv1D" else self.out.weight.T
        each = [z @ w for z, w in zip(mixed[0].split(self.width, -1), weight.split(self.width, 0))]
        bias = self.out.bias if self.out.bias is not None else torch.zeros_like(each[0][0, 0])
        if self.norm is not None:
            total = sum(each)
            eps = getattr(self.norm, "eps", None) or self.norm.variance_epsilon
            scale = self.norm.weight if "Gemma" not in type(self.norm).__name__ else 1 + self.norm.weight
            each = [x * (total.pow(2).mean(-1, keepdim=True) + eps).rsqrt() * scale for x in each]
        assert torch.allclose(sum(each) + bias, written[0], atol=1e-9), "heads do not add up to their layer"
        return [self.factor * x for x in each], self.factor * bias

    def mlp(self, x):
        """What the MLP writes: what the block adds where its attention writes nothing."""
        with Hooks() as hooks:
            hooks.after(self.out, torch.zeros_like)
            return self.run(x) - x


class Model:
    def __init__(self, folder, ids):
        self.model = load(folder, torch.float64)
        self.config = self.model.config.get_text_config()
        self.ids = ids
        calls, tables = [], {}
        blocks = layers(self.model)

        def call(module, args, kwargs):
            kwargs = dict(kwargs)
            hidden = args[0] if args else kwargs.pop("hidden_states")
            calls.append((hidden, args[1:], kwargs))

        with Hooks() as hooks:
            for block in blocks:
                hooks.before(block, call)
            for name, module in self.model.named_modules():
                if name.split(".")[-1] in ("wte", "wpe", "embed_tokens", "embed_positions"):
                    hooks.after(module, lambda out, name=name.split(".")[-1]: tables.__setitem__(name, out))
            hooks.after(blocks[-1], lambda out: tables.__setitem__("end", first(out)))
            self.model(ids, use_cache=False)
        self.end = tables["end"]
        self.layers = [Layer(b, args, kwargs, self.config) for b, (_, args, kwargs) in zip(blocks, calls)]
        positions = next((tables[n] for n in ("wpe", "embed_positions") if n in tables), None)
        if positions is None:
            self.embeddings = {"embeds": calls[0][0]}
        else:
            tokens = next(tables[n] for n in ("wte", "embed_tokens") if n in tables)
            self.embeddings = {"tok_embeds": tokens, "pos_embeds": positions.expand_as(tokens)}
        block = blocks[0]
        norms = ("post_attention_layernorm", "ln_2", "final_layer_norm", "post_feedforward_layernorm")
        self.parallel = not any(getattr(block, name, None) is not None for name in norms) or getattr(
            self.config, "use_parallel_residual", False
        )

    def run(self, circuit):
        """The residual stream's end, and what each writer wrote; circuit(writers, reader) makes a reader's input."""
        writers, constant = dict(self.embeddings), 0
        for i, layer in enumerate(self.layers):
            before = dict(writers)
            read = lambda visible, name: constant + circuit(visible, name)
            inputs = [
                [read(before, f"a{i}.h{h}.{kind}") for h in range(layer.heads if kind == "q" else layer.kv_heads)]
                for kind in "qkv"
            ]
            heads, bias = layer.attention(inputs)
            early = read(before, f"m{i}") if self.parallel else None
            writers |= {f"a{i}.h{h}": x for h, x in enumerate(heads)}
            constant = constant + bias
            writers[f"m{i}"] = layer.mlp(early if self.parallel else read(writers, f"m{i}"))
        return constant + circuit(writers, "resid_post"), writers


def interchange(folder):
    stored = load_file(folder / "golden.safetensors")
    clean = stored["input_ids"]
    text = json.loads((folder / "config.json").read_text())
    vocabulary = text.get("text_config", text)["vocab_size"]
    generator = torch.Generator().manual_seed(7)
    corrupted = torch.randint(vocabulary, clean.shape, generator=generator)
    whole = lambda writers, reader: sum(writers.values())
    with torch.no_grad(), Float64():
        other = Model(folder, corrupted)
        end, corrupt = other.run(whole)
        assert torch.allclose(end, other.end, atol=1e-9), f"{folder.name}: writers do not add up to the model"
        edges = []

        def circuit(writers, reader):
            total = 0
            for name, x in writers.items():
                draw = torch.rand(2, generator=generator).tolist()
                z = 1.0 if draw[0] < 0.5 else 0.0 if draw[0] < 0.8 else round(draw[1], 3)
                edges.append([name, reader, z])
                total = total + z * x + (1 - z) * corrupt[name]
            return total

        residual, _ = Model(folder, clean).run(circuit)
    save_file({"corrupted_ids": corrupted, "residual": residual.float().contiguous()}, folder / "interchange.safetensors")
    rows = ",\n".join(" " + json.dumps(edge) for edge in edges)
    (folder / "interchange.json").write_text("[\n" + rows + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures (default: those that have an interchange.json)")
    parser.add_argument("--golden", type=Path, required=True, help="the folder of the fixtures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recorded = sorted(file.parent.name for file in options.golden.glob("*/interchange.json"))
    for name in options.names or recorded:
        interchange(options.golden / name)
        print(name)


if __name__ == "__main__":
    main()
