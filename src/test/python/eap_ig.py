"""Computes the files of golden/methods with the genuine EAP-IG and MIB code.

    python eap_ig.py --eap-ig CLONE --mib CLONE --golden src/test/resources/golden/methods --models data/models --out DIR

CLONEs are checkouts of https://github.com/hannamw/EAP-IG at 795f560 and https://github.com/hannamw/MIB-circuit-track at
b759df3; Python has the packages of requirements-eap-ig.txt. From the golden folder come the checkpoints, the prompts,
the lists of edges of circuits.json and the names of what was recorded; everything else is computed: scores (also in
float32 where the float noise was measured), the library's graphs, information-flow-routes, selections, MIB's curves and
the circuits' metrics. `exact` is methods.py's: the library's own loop loses edges with parallel blocks, and is recorded
as exact-as-published of the tiny models only.

Three things of the libraries are replaced from outside: the device "cuda", which is written into their code, by the CPU;
their tokenisation, which puts a BOS before every prompt; an argument of evaluate_graph that MIB's pinned EAP-IG has.

means.safetensors of the tiny models is EAP under mean ablation, on the prompts that have the most common length.
"mean-positional" is the library's as it is (its means count padding, which prompts of one length do not have). For
"mean" its compute_mean_activations is replaced by the mean it describes, over all tokens, of each node: what it returns
is one vector for all nodes, the mean over them of their outputs at the last token divided by the prompt's length.
"""

import argparse
import contextlib
import io
import json
import math
import os
import sys
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"  # some bars of the libraries cannot be switched off

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.overrides import TorchFunctionMode
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights, convert_llama_weights, convert_neox_weights
from transformers import AutoModelForCausalLM

BATCH = 10


class OnCpu(TorchFunctionMode):
    """device="cuda" means the CPU."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if kwargs.get("device") == "cuda":
            kwargs["device"] = "cpu"
        return func(*args, **kwargs)


def hooked(folder, dtype):
    """The checkpoint in TransformerLens, its weights not processed."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    c = model.config
    common = dict(dtype=dtype, device="cpu", use_attn_result=True, use_split_qkv_input=True, use_hook_mlp_in=True)
    if c.model_type == "gpt2":
        own = dict(
            n_layers=c.n_layer, d_model=c.n_embd, n_heads=c.n_head, n_ctx=c.n_positions, d_mlp=4 * c.n_embd,
            act_fn="gelu_new", eps=c.layer_norm_epsilon, normalization_type="LN",
        )  # fmt: skip
        convert = convert_gpt2_weights
    else:
        own = dict(
            n_layers=c.num_hidden_layers, d_model=c.hidden_size, n_heads=c.num_attention_heads,
            n_ctx=c.max_position_embeddings, d_mlp=c.intermediate_size, positional_embedding_type="rotary",
            rotary_adjacent_pairs=False,
        )  # fmt: skip
        width = c.hidden_size // c.num_attention_heads
        if c.model_type == "llama":
            own |= dict(
                act_fn="silu", eps=c.rms_norm_eps, normalization_type="RMS", final_rms=True, gated_mlp=True,
                n_key_value_heads=c.num_key_value_heads, ungroup_grouped_query_attention=True, rotary_dim=width,
                rotary_base=c.rope_theta,
            )  # fmt: skip
            convert = convert_llama_weights
        else:
            own |= dict(
                act_fn="gelu", eps=c.layer_norm_eps, normalization_type="LN", parallel_attn_mlp=True,
                rotary_dim=int(width * c.rotary_pct), rotary_base=c.rotary_emb_base,
            )  # fmt: skip
            convert = convert_neox_weights
    config = HookedTransformerConfig(
        **common, **own, d_head=own["d_model"] // own["n_heads"], d_vocab=c.vocab_size, attention_dir="causal"
    )
    lens = HookedTransformer(config)
    weights = {name: value.to(dtype) for name, value in convert(model, config).items()}
    weights.setdefault("unembed.b_U", torch.zeros(c.vocab_size, dtype=dtype))
    missing = set(lens.load_state_dict(weights, strict=False).missing_keys)
    constants = "mask", "IGNORE", "rotary_sin", "rotary_cos"
    assert all(name.endswith(constants) for name in missing), missing
    return lens


class Prompts:
    """The pairs as the libraries take them: batches of texts, and labels of the target's and the distractor's id."""

    def __init__(self, file, tokenizer, limit):
        rows = [json.loads(line) for line in file.read_text().splitlines()[:limit]]
        self.encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
        first = lambda text: self.encode(text)[0]
        labels = torch.tensor([[first(row["target"]), first(row["distractor"])] for row in rows])
        self.rows = [([row["clean"]], [row["corrupted"]], label[None]) for row, label in zip(rows, labels)]

    def batches(self, lines=None, size=BATCH):
        rows = self.rows if lines is None else [self.rows[line] for line in lines]
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]
        return [(sum((r[0] for r in p), []), sum((r[1] for r in p), []), torch.cat([r[2] for r in p])) for p in parts]

    def tokenize_plus(self, model, texts, max_length=None):
        """Padded on the right; without a BOS."""
        ids = [self.encode(text) for text in texts]
        lengths = torch.tensor([len(i) for i in ids])
        tokens = torch.zeros(len(ids), int(lengths.max()), dtype=torch.long)
        for row, i in zip(tokens, ids):
            row[: len(i)] = torch.tensor(i)
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        return tokens, mask, lengths, tokens.shape[1]


def last(logits, lengths):
    return logits[torch.arange(len(logits)), lengths - 1]


def logit_difference(logits, other, lengths, labels):
    """[B]"""
    logits = last(logits, lengths)
    return logits.gather(1, labels[:, :1])[:, 0] - logits.gather(1, labels[:, 1:])[:, 0]


def loss(logits, other, lengths, labels):
    return -logit_difference(logits, other, lengths, labels).sum()


def accuracy(logits, other, lengths, labels):
    return (last(logits, lengths).argmax(-1) == labels[:, 0]).double()


def exact_match(logits, full, lengths, labels):
    return (last(logits, lengths).argmax(-1) == last(full, lengths).argmax(-1)).double()


def kl(logits, full, lengths, labels):
    """From the full model to the circuit, in nats."""
    p, q = (last(x, lengths).log_softmax(-1) for x in (full, logits))
    return (p.exp() * (p - q)).sum(-1)


METRICS = {"accuracy": accuracy, "logit_difference": logit_difference, "kl": kl, "exact_match": exact_match}


class Case:
    """A model, its prompts, and what the libraries say of them."""

    def __init__(self, libraries, checkpoint, golden, prompts, limit):
        self.eap, self.golden = libraries, golden
        self.models = {kind: hooked(checkpoint, kind) for kind in (torch.float64, torch.float32)}
        self.model = self.models[torch.float64]
        self.prompts = Prompts(prompts, Tokenizer.from_file(str(checkpoint / "tokenizer.json")), limit)
        for module in (libraries.attribute, libraries.evaluate, libraries.utils):
            module.tokenize_plus = self.prompts.tokenize_plus

    def graph(self, scores=None):
        graph = self.eap.graph.Graph.from_model(self.model)
        if scores is not None:
            graph.scores = scores.clone()
        return graph

    def scores(self, method, kind):
        """[writers, readers], the mean over the prompts."""
        a, model, graph, lines = self.eap.attribute, self.models[kind], self.graph(), None
        name, _, number = method.rpartition("-")
        if method.startswith("EAP-example"):
            name, lines = "EAP", [int(number)]
        data = self.prompts.batches(lines)
        match name if number.isdigit() else method:
            case "EAP":
                return a.get_scores_eap(model, graph, data, loss, quiet=True)
            case "EAP-zero":
                return a.get_scores_eap(model, graph, data, loss, intervention="zero", quiet=True)
            case "EAP-IG-inputs":
                return a.get_scores_eap_ig(model, graph, data, loss, steps=int(number), quiet=True)
            case "EAP-IG-activations":
                return a.get_scores_ig_activations(model, graph, data, loss, steps=int(number), quiet=True)
            case "clean-corrupted":
                return a.get_scores_clean_corrupted(model, graph, data, loss, quiet=True)
            case "information-flow-routes":
                return a.get_scores_information_flow_routes(model, graph, data, quiet=True)
            case "exact-as-published":
                each = lambda *of: -logit_difference(*of)  # it takes the mean itself
                return a.get_scores_exact(model, graph, data, each, quiet=True)

    def all_scores(self):
        tensors = {}
        for name, recorded in load_file(self.golden / "scores/scores.safetensors").items():
            method, _, kind = name.rpartition(".")
            if name == "real_edge_mask":
                tensors[name] = self.graph().real_edge_mask.to(torch.uint8)
            elif method != "exact":
                scores = self.scores(method, {"f64": torch.float64, "f32": torch.float32}[kind])
                absent = math.nan if method == "exact-as-published" else 0  # edges that do not exist
                scores = torch.where(self.graph().real_edge_mask, scores, absent)
                tensors[name] = scores.to(recorded.dtype).contiguous()
        return tensors

    def means(self):
        """EAP under mean ablation, and the lines of the prompts that it is of."""
        lengths = [len(self.prompts.encode(clean[0])) for clean, _, _ in self.prompts.rows]
        common = max(sorted(set(lengths)), key=lengths.count)
        lines = [line for line, length in enumerate(lengths) if length == common]
        data = self.prompts.batches(lines)
        a, tensors = self.eap.attribute, {"lines": torch.tensor(lines)}
        by_position = self.eap.utils.compute_mean_activations
        for intervention in ("mean-positional", "mean"):
            # of prompts of one length, the mean over all tokens is that of the positions' means
            a.compute_mean_activations = lambda *args, per_position: (
                by_position(*args, per_position=True) if per_position else by_position(*args, per_position=True).mean(0)
            )
            graph = self.graph()
            scores = a.get_scores_eap(
                self.model, graph, data, loss, intervention=intervention, intervention_dataloader=data, quiet=True
            )
            tensors["EAP-" + intervention] = torch.where(graph.real_edge_mask, scores, 0).contiguous()
        a.compute_mean_activations = by_position
        return tensors

    def random(self):
        """[writers, readers]"""
        graph = self.graph()
        values = np.random.default_rng(5).standard_normal(len(graph.edges)).astype(np.float32)
        for edge, value in zip(graph.edges.values(), values):
            edge.score = float(value)
        return graph.scores

    def selections(self, scores):
        chosen = {}
        for absolute in (True, False):
            for how in ("topn", "greedy", "threshold"):
                for share in (0.01, 0.05, 0.2):
                    graph, threshold = self.graph(scores), None
                    n = int(share * len(graph.edges))
                    if how == "topn":
                        graph.apply_topn(n, absolute)
                    elif how == "greedy":
                        graph.apply_greedy(n, absolute)
                    else:
                        key = f"threshold/{'absolute' if absolute else 'signed'}/{share}"
                        threshold = json.loads((self.golden / "selection.json").read_text())[key]["threshold"]
                        graph.apply_threshold(threshold, absolute)
                    chosen[f"{how}/{'absolute' if absolute else 'signed'}/{share}"] = {
                        "n": n,
                        "threshold": threshold,
                        "nodes": [name for name, node in graph.nodes.items() if node.in_graph and name != "logits"],
                        "edges": [i for i, edge in enumerate(graph.edges.values()) if edge.in_graph],
                    }
        return chosen

    def curves(self, scores):
        """MIB's, for each name of `scores` ([writers, readers])."""
        recorded = json.loads((self.golden / "scores/mib.json").read_text())
        curves, data = {}, self.prompts.batches()
        for key in recorded["curves"]:
            name, sign = key.split("/")
            graph, absolute, counts = self.graph(scores[name]), sign == "absolute", {"asked": [], "edges": [], "nodes": []}
            for share in recorded["sizes"]:
                sized = self.graph(scores[name])
                n = int(share * len(sized.edges))
                sized.apply_topn(n, absolute, prune=True)
                counts["asked"].append(n)
                counts["edges"].append(int(sized.in_graph.sum()))
                counts["nodes"].append(int(sized.nodes_in_graph.sum()))
            with contextlib.redirect_stdout(io.StringIO()):
                area, log = (
                    self.eap.mib.evaluate_area_under_curve(
                        self.model, graph, data, logit_difference, quiet=True, absolute=absolute, log_scale=scale
                    )
                    for scale in (False, True)
                )
            curves[key] = counts | {
                "cpr": area[1], "cmd": area[2], "average": area[3], "faithfulness": area[4], "cpr_log": log[1], "cmd_log": log[2],
            }  # fmt: skip
        return {"sizes": recorded["sizes"], "curves": curves}

    def select(self, edges, embeddings):
        """The library's graph of a circuit in edgeprune's names, "all" or [writer, reader], ...; `embeddings`: false
        where no edge comes from an embedding, so that every input edge is kept."""
        graph, kept = self.graph(), None if edges == "all" else {tuple(edge) for edge in edges}
        group = self.model.cfg.n_heads // (self.model.cfg.n_key_value_heads or self.model.cfg.n_heads)
        for edge in graph.edges.values():
            reader = edge.child.name
            if edge.qkv is not None:
                head = edge.child.head if edge.qkv == "q" else edge.child.head // group
                reader = f"a{edge.child.layer}.h{head}.{edge.qkv}"
            reader = "resid_post" if reader == "logits" else reader
            writers = ("tok_embeds", "embeds") if edge.parent.name == "input" else (edge.parent.name,)
            edge.in_graph = (
                kept is None
                or any((writer, reader) in kept for writer in writers)
                or (edge.parent.name == "input" and not embeddings)
            )
        graph.nodes_in_graph[:] = True
        return graph

    def evaluate(self, graph, intervention):
        values = self.eap.evaluate.evaluate_graph(
            self.model, graph, self.prompts.batches(), list(METRICS.values()), quiet=True, intervention=intervention,
            skip_clean=False,
        )  # fmt: skip
        return {name: value.tolist() for name, value in zip(METRICS, values)}

    def circuits(self):
        recorded = json.loads((self.golden / "circuits.json").read_text())
        results = {}
        for name, circuit in recorded["circuits"].items():
            graph = self.select(circuit["edges"], circuit["embedding_nodes"])
            before = int(graph.in_graph.sum())
            graph.prune()
            results[name] = {
                "edges": circuit["edges"],
                "embedding_nodes": circuit["embedding_nodes"],
                "eap_edges": before,
                "eap_edges_pruned": int(graph.in_graph.sum()),
                "eap_nodes_pruned": int(graph.nodes_in_graph.sum()),
                "patching": self.evaluate(graph, "patching"),
                "zero": self.evaluate(graph, "zero"),
            }
        return {"examples": recorded["examples"], "order": recorded["order"], "circuits": results}

    def circuit_metrics(self):
        ours = self.select(json.loads((self.golden / "circuit.edges.json").read_text()), True)
        theirs = self.eap.graph.Graph.from_json(str(self.golden / "circuit.eap.json"))
        metrics = {"eap_edges": int(theirs.in_graph.sum()), "eap_nodes": int(theirs.nodes_in_graph.sum())}
        metrics["edgeprune_edges_as_eap"] = int(ours.in_graph.sum())
        for name, graph in ("eap_circuit", theirs), ("edgeprune_circuit", ours):
            metrics[name] = {key: sum(v) / len(v) for key, v in self.evaluate(graph, "patching").items()}
        return metrics

    def write(self, out):
        (out / "scores").mkdir(parents=True)
        tensors = self.all_scores()
        save_file(tensors, out / "scores/scores.safetensors")
        if (self.golden / "scores/means.safetensors").exists():
            save_file(self.means(), out / "scores/means.safetensors")
        doubles = {name.removesuffix(".f64"): value for name, value in tensors.items() if name.endswith(".f64")}
        doubles["random"] = self.random()
        for file in sorted((self.golden / "scores").glob("*.json")):
            if file.stem in doubles:
                self.graph(doubles[file.stem]).to_json(str(out / "scores" / file.name))
        dump = lambda value, name: (out / name).write_text(json.dumps(value))
        dump(self.selections(doubles["EAP-IG-inputs-20"]), "selection.json")
        dump(self.curves(doubles), "scores/mib.json")
        dump(self.circuits(), "circuits.json")
        dump(self.circuit_metrics(), "circuit.metrics.json")


class Libraries:
    def __init__(self, eap_ig, mib):
        sys.path += [str(eap_ig / "src"), str(mib)]
        import eap.attribute
        import eap.evaluate
        import eap.graph
        import eap.utils
        import MIB_circuit_track.evaluation

        self.attribute, self.evaluate, self.graph, self.utils = eap.attribute, eap.evaluate, eap.graph, eap.utils
        self.mib = MIB_circuit_track.evaluation
        self.mib.evaluate_graph = lambda *args, optimal_ablation_path, **named: eap.evaluate.evaluate_graph(*args, **named)
        self.mib.evaluate_baseline = lambda *args: eap.evaluate.evaluate_baseline(*args, quiet=True)


# The models, and how many of the pairs each is scored on.
CASES = ("tiny-neox-parallel", 16), ("tiny-llama-gqa", 16), ("mini-gpt2", 40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, what in (
        ("eap-ig", "a checkout of EAP-IG"),
        ("mib", "a checkout of MIB-circuit-track"),
        ("golden", "the folder of what was recorded"),
        ("models", "the folder of mini-gpt2"),
        ("out", "where to write"),
    ):
        parser.add_argument("--" + name, type=Path, required=True, help=what)
    options = parser.parse_args()
    torch.set_num_threads(1)
    libraries = Libraries(options.eap_ig, options.mib)
    with OnCpu():
        for name, limit in CASES:
            checkpoint = (options.models if name == "mini-gpt2" else options.golden) / name
            case = Case(libraries, checkpoint, options.golden / name, options.golden / "ioi40.jsonl", limit)
            case.write(options.out / name)


if __name__ == "__main__":
    main()
