"""Recomputes the edge scores of golden/methods in plain PyTorch, in float64.

    python methods.py --golden src/test/resources/golden/methods --models data/models --out DIR

The recorded scores are those of the genuine EAP-IG library on TransformerLens; here the same definitions (see the
folder's README) are written out on transformers of our own, so that nothing but the checkpoints and the prompts is
shared. Computed: EAP, EAP-zero, EAP-example-0..2, EAP-IG-inputs, EAP-IG-activations, clean-corrupted, exact. Not
computed: information-flow-routes, the library's own way of exact patching, its graphs, MIB's curves and the circuits'
metrics, for which the genuine code is needed.

A score matrix is [writers, readers]: rows input, a0.h0, ..., m0, ...; columns a0.h0<q>, ..., a0.h0<k>, ..., m0, ...,
logits. B prompts of one length, S positions, D width.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from edge_pruning import Gpt2, Llama, attend
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer


class UngroupedLlama(Llama):
    """Each query head with a key and a value of its own, copies of its group's: TransformerLens scores those."""

    def __init__(self, config, weights):
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        weights = dict(weights)
        for name in weights:
            if name.endswith(("k_proj.weight", "v_proj.weight")):
                w = weights[name]
                weights[name] = w.view(groups, -1, w.shape[1]).repeat_interleave(heads // groups, 0).flatten(0, 1)
        super().__init__(config | {"num_key_value_heads": heads}, weights)


class NeoX:
    """Parallel blocks: attention and MLP read the same stream through norms of their own."""

    def __init__(self, config, weights):
        self.w = {name.removeprefix("gpt_neox."): tensor for name, tensor in weights.items()}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.eps, self.theta = config["layer_norm_eps"], config["rotary_emb_base"]
        self.rotary = int(config["hidden_size"] // self.heads * config["rotary_pct"])

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], self.eps)

    def embeddings(self, ids):
        return [self.w["embed_in.weight"][ids]]

    def rotate(self, x):
        x, rest = x[..., : self.rotary], x[..., self.rotary :]
        half = self.rotary // 2
        angles = torch.arange(x.shape[-2])[:, None] * self.theta ** (-torch.arange(half) / half)
        cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
        turned = x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin
        return torch.cat([turned, rest], -1)

    def attention(self, layer, q, k, v):
        p = f"layers.{layer}."
        weight = self.w[p + "attention.query_key_value.weight"]
        weight = weight.view(self.heads, 3, -1, weight.shape[1])
        bias = self.w[p + "attention.query_key_value.bias"].view(self.heads, 3, 1, 1, -1)

        def project(x, part):
            x = self.norm(x, p + "input_layernorm")
            return torch.einsum("hbsd,hkd->hbsk", x, weight[:, part]) + bias[:, part]

        z = attend(self.rotate(project(q, 0)), self.rotate(project(k, 1)), project(v, 2), True)
        out = self.w[p + "attention.dense.weight"]
        out = out.view(out.shape[0], self.heads, -1)
        return torch.einsum("hbsk,dhk->hbsd", z, out) + self.w[p + "attention.dense.bias"] / self.heads

    def mlp(self, layer, x):
        p = f"layers.{layer}."
        x = self.norm(x, p + "post_attention_layernorm")
        x = F.gelu(x @ self.w[p + "mlp.dense_h_to_4h.weight"].T + self.w[p + "mlp.dense_h_to_4h.bias"])
        return x @ self.w[p + "mlp.dense_4h_to_h.weight"].T + self.w[p + "mlp.dense_4h_to_h.bias"]

    def output(self, residual):
        return self.norm(residual, "final_layer_norm") @ self.w["embed_out.weight"].T


def attention_bias(model, layer):
    """The output projection's bias, which the library counts to no head."""
    name = {Gpt2: f"h.{layer}.attn.c_proj.bias", NeoX: f"layers.{layer}.attention.dense.bias"}.get(type(model))
    return model.w[name] if name else torch.zeros(())


@dataclass
class Pairs:
    """Prompts of one length; `lines` says where they stand in the file."""

    lines: list
    clean: torch.Tensor
    corrupted: torch.Tensor
    target: torch.Tensor
    distractor: torch.Tensor

    def loss(self, logits):
        """[B]"""
        last = logits[:, -1]
        return (last.gather(1, self.distractor[:, None]) - last.gather(1, self.target[:, None]))[:, 0]


def run(model, embedding, cut=None, replaced=None):
    """Logits; the writers' outputs [W, B, S, D]; every reader's input, in the order of the columns.
    `cut` = (writer, reader, state): that reader sees `state` in place of what the writer puts out.
    `replaced` = (first writer, outputs): what those writers put out instead."""
    states, inputs = [], []

    def write(outputs):
        if replaced is not None and replaced[0] == len(states):
            outputs = replaced[1]
        states.extend(outputs)

    def read(number):
        stream = sum(states)
        for _ in range(number):
            x = stream.clone()
            if cut is not None and cut[1] == len(inputs):
                x = x + cut[2] - states[cut[0]]
            inputs.append(x)
        return inputs[-number:]

    write(embedding[None])
    for layer in range(model.layers):
        q, k, v = (torch.stack(read(model.heads)) for _ in range(3))
        if isinstance(model, NeoX):
            (x,) = read(1)
            write(model.attention(layer, q, k, v))
        else:
            write(model.attention(layer, q, k, v))
            (x,) = read(1)
        write(model.mlp(layer, x)[None])
    return model.output(*read(1)), torch.stack(states), inputs


def embed(model, ids):
    return sum(model.embeddings(ids))


def gradients(model, pairs, embedding, replaced=None):
    """dL/d input of every reader, [R, B, S, D], L summed over prompts."""
    logits, _, inputs = run(model, embedding.requires_grad_(True), replaced=replaced)
    # Readers of what is replaced have no effect: their gradients are zero.
    return torch.stack(torch.autograd.grad(pairs.loss(logits).sum(), inputs, materialize_grads=True)).detach()


def source_groups(model):
    """First writer and number of writers: the input, the heads of each layer, each MLP."""
    yield 0, 1
    for layer in range(model.layers):
        first = 1 + layer * (model.heads + 1)
        yield first, model.heads
        yield first + model.heads, 1


def scores(model, pairs):
    """Per prompt scores of every method, [B, W, R] each, edges that do not exist included."""
    clean, corrupted = (embed(model, ids).detach() for ids in (pairs.clean, pairs.corrupted))
    with torch.no_grad():
        _, states, _ = run(model, clean)
        _, other, _ = run(model, corrupted)
    difference = other - states
    at_clean, at_corrupted = gradients(model, pairs, clean.clone()), gradients(model, pairs, corrupted.clone())
    score = lambda delta, gradient: torch.einsum("wbsd,rbsd->bwr", delta, gradient)

    def along_inputs(steps):
        points = (corrupted + k / steps * (clean - corrupted) for k in range(steps))
        return sum(gradients(model, pairs, point) for point in points) / steps

    def along_activations(steps):
        total = 0
        for first, number in source_groups(model):
            part = slice(first, first + number)
            for k in range(1, steps + 1):
                outputs = k / steps * states[part] + (1 - k / steps) * other[part]
                gradient = gradients(model, pairs, clean.clone(), (first, outputs.requires_grad_(True)))
                if first == 0 and not isinstance(model, Gpt2):
                    # The library has no gradient at readers of nothing but a constant: those of layer 0, where
                    # positions are not embedded.
                    gradient[: 3 * model.heads + isinstance(model, NeoX)] = 0
                total = total + gradient
        return total / (steps * (1 + 2 * model.layers))

    zero = -states.clone()
    zero[0] = -model.embeddings(pairs.clean)[0]  # the library's input is the tokens' alone: positions are never cut
    for layer in range(model.layers):
        first = 1 + layer * (model.heads + 1)
        zero[first : first + model.heads] += attention_bias(model, layer) / model.heads
    return {
        "EAP": score(difference, at_clean),
        "EAP-zero": score(zero, at_clean),
        "clean-corrupted": score(difference, (at_clean + at_corrupted) / 2),
        "EAP-IG-inputs-5": score(difference, along_inputs(5)),
        "EAP-IG-inputs-20": score(difference, along_inputs(20)),
        "EAP-IG-activations-5": score(difference, along_activations(5)),
    }


@torch.no_grad()
def exact(model, pairs, edges):
    """L with an edge cut less L, per prompt, for edges (writer, reader): [B, edges]."""
    clean, corrupted = (embed(model, ids) for ids in (pairs.clean, pairs.corrupted))
    whole = pairs.loss(run(model, clean)[0])
    other = run(model, corrupted)[1]
    return torch.stack([pairs.loss(run(model, clean, (w, r, other[w]))[0]) - whole for w, r in edges], 1)


def read_pairs(file, tokenizer, limit):
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    by_length = {}
    for number, line in enumerate(file.read_text().splitlines()[:limit]):
        row = json.loads(line)
        by_length.setdefault(len(encode(row["clean"])), []).append((number, row))
    for rows in by_length.values():
        columns = {key: torch.tensor([encode(row[key]) for _, row in rows]) for key in rows[0][1]}
        lines = [number for number, _ in rows]
        yield Pairs(
            lines, columns["clean"], columns["corrupted"], columns["target"][:, 0], columns["distractor"][:, 0]
        )


# The models, and how many of the pairs each is scored on.
CASES = ("tiny-neox-parallel", NeoX, 16), ("tiny-llama-gqa", UngroupedLlama, 16), ("mini-gpt2", Gpt2, 40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, required=True, help="the folder of the recorded scores")
    parser.add_argument("--models", type=Path, required=True, help="the folder of mini-gpt2")
    parser.add_argument("--out", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name, kind, limit in CASES:
        checkpoint = (options.models if kind is Gpt2 else options.golden) / name
        weights = {key: value.double() for key, value in load_file(checkpoint / "model.safetensors").items()}
        model = kind(json.loads((checkpoint / "config.json").read_text()), weights)
        tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        recorded = options.golden / name / "scores"
        names = json.loads((recorded / "names.json").read_text())
        rows, columns = names["src_nodes"], names["dst_nodes"]
        exists = load_file(recorded / "scores.safetensors")["real_edge_mask"]
        patched = [edge.split("->") for edge in names["exact_edges"]]
        patched = [(rows.index(writer), columns.index(reader)) for writer, reader in patched]
        total, tensors = {}, {"real_edge_mask": exists}
        for pairs in read_pairs(options.golden / "ioi40.jsonl", tokenizer, limit):
            values = scores(model, pairs)
            values["exact"] = torch.full_like(values["EAP"], math.nan)
            values["exact"][:, *zip(*patched)] = exact(model, pairs, patched)
            for method, value in values.items():
                total[method] = total.get(method, 0) + value.sum(0)
            for row, line in enumerate(pairs.lines):
                if line < 3:
                    tensors[f"EAP-example-{line}.f64"] = values["EAP"][row] * exists
        for method, value in total.items():
            absent = math.nan if method == "exact" else 0  # edges that do not exist
            tensors[method + ".f64"] = torch.where(exists.bool(), value / limit, absent)
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        (options.out / name / "scores").mkdir(parents=True, exist_ok=True)
        save_file(tensors, options.out / name / "scores" / "scores.safetensors")


if __name__ == "__main__":
    main()
