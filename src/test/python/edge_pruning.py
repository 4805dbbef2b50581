"""Recomputes golden/edge-pruning with a re-implementation of the published definitions in plain PyTorch.

    python edge_pruning.py --golden src/test/resources/golden/edge-pruning --out DIR

Weights, prompts, noise, log_alphas, multipliers and learning rates are taken from the recorded fixtures, since they were
drawn by the published code; everything that follows from them (masks, forward passes, losses, gradients, optimiser
steps, thresholds, edges) is computed here and written under the same names. The definitions are those of the folder's
README. Nothing is shared with the published code or with edgeprune.

B prompts, S positions, D width, W writers, H heads, K key/value heads.
"""

import argparse
import json
import math
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

BETA = 2 / 3
LOW, HIGH = -0.1, 1.1
# Target sparsities of edges and nodes, outside of the recorded training steps.
TARGETS = 0.65, 0.35
# A mask is exactly zero where the noise stays below this point, shifted by log_alpha.
ZERO_AT = BETA * math.log(-LOW / HIGH)


# ---------------------------------------------------------------------------------------------- hard concrete masks


def sample(log_alpha, u):
    s = torch.sigmoid((torch.log(u) - torch.log(1 - u) + log_alpha) / BETA)
    return (s * (HIGH - LOW) + LOW).clamp(0, 1)


def deterministic(log_alpha, eps):
    """Soft masks of which as many of the smallest are zero as are expected to be."""
    zero_probability = torch.sigmoid(ZERO_AT - log_alpha).clamp(eps, 1 - eps)
    expected = log_alpha.numel() - (1 - zero_probability).sum()
    count = int(torch.round(expected))
    soft = torch.sigmoid(log_alpha * 0.8 / BETA).reshape(-1).clone()
    soft[soft.topk(count, largest=False).indices] = 0
    return soft.view_as(log_alpha), expected.item(), count


# ------------------------------------------------------------------------------------------------------------ models


def attend(q, k, v, causal):
    """[heads, B, S, width] each -> [heads, B, S, width]."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if causal:
        size = scores.shape[-1]
        scores = scores.masked_fill(torch.ones(size, size).triu(1).bool(), -1e30)
    return scores.softmax(-1) @ v


class Gpt2:
    """Pre-norm blocks; a head's output has its share of the output projection's bias."""

    eps = 1e-6
    detached_token_write = False

    def __init__(self, config, weights):
        self.w = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
        self.layers, self.heads, self.kv = config["n_layer"], config["n_head"], config["n_head"]
        self.norm_eps = config["layer_norm_epsilon"]

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], self.norm_eps)

    def embeddings(self, ids):
        positions = self.w["wpe.weight"][: ids.shape[1]].expand(ids.shape[0], -1, -1)
        return [self.w["wte.weight"][ids], positions]

    def attention(self, layer, q, k, v):
        p = f"h.{layer}."
        weight, bias = self.w[p + "attn.c_attn.weight"], self.w[p + "attn.c_attn.bias"]
        width = weight.shape[0]

        def project(x, part):
            """Head h of x [H, B, S, D] with its own columns."""
            x = self.norm(x, p + "ln_1")
            w = weight[:, part * width : (part + 1) * width].view(width, self.heads, -1).permute(1, 0, 2)
            b = bias[part * width : (part + 1) * width].view(self.heads, 1, 1, -1)
            return torch.einsum("hbsd,hdk->hbsk", x, w) + b

        z = attend(project(q, 0), project(k, 1), project(v, 2), True)
        out = self.w[p + "attn.c_proj.weight"].view(self.heads, -1, width)
        return torch.einsum("hbsk,hkd->hbsd", z, out) + self.w[p + "attn.c_proj.bias"] / self.heads

    def mlp(self, layer, x):
        p = f"h.{layer}."
        x = self.norm(x, p + "ln_2")
        x = F.gelu(x @ self.w[p + "mlp.c_fc.weight"] + self.w[p + "mlp.c_fc.bias"], approximate="tanh")
        return x @ self.w[p + "mlp.c_proj.weight"] + self.w[p + "mlp.c_proj.bias"]

    def output(self, residual):
        return self.norm(residual, "ln_f") @ self.w["wte.weight"].T


class Llama:
    eps = 1e-8
    # The published code detaches the embedding's write, so its mask has no gradient of the KL loss.
    detached_token_write = True

    def __init__(self, config, weights):
        self.w = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.kv = config["num_key_value_heads"]
        self.norm_eps, self.theta = config["rms_norm_eps"], config["rope_theta"]

    def norm(self, x, name):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.norm_eps) * self.w[name + ".weight"]

    def embeddings(self, ids):
        return [self.w["embed_tokens.weight"][ids]]

    def rotate(self, x):
        half = x.shape[-1] // 2
        angles = torch.arange(x.shape[-2])[:, None] * self.theta ** (-torch.arange(half) / half)
        cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin

    def attention(self, layer, q, k, v):
        p = f"layers.{layer}."

        def project(x, name, heads):
            x = self.norm(x, p + "input_layernorm")
            w = self.w[p + f"self_attn.{name}_proj.weight"]
            return torch.einsum("hbsd,hkd->hbsk", x, w.view(heads, -1, w.shape[1]))

        group = self.heads // self.kv
        q = self.rotate(project(q, "q", self.heads))
        k = self.rotate(project(k, "k", self.kv)).repeat_interleave(group, 0)
        v = project(v, "v", self.kv).repeat_interleave(group, 0)
        out = self.w[p + "self_attn.o_proj.weight"]
        return torch.einsum("hbsk,dhk->hbsd", attend(q, k, v, True), out.view(out.shape[0], self.heads, -1))

    def mlp(self, layer, x):
        p = f"layers.{layer}."
        x = self.norm(x, p + "post_attention_layernorm")
        gate, up = (x @ self.w[p + f"mlp.{name}_proj.weight"].T for name in ("gate", "up"))
        return (F.silu(gate) * up) @ self.w[p + "mlp.down_proj.weight"].T

    def output(self, residual):
        return self.norm(residual, "norm") @ self.w["lm_head.weight"].T


class Erazr:
    """The shape of compiled Tracr programs: no norms, ReLU, matrices [in, out]; the residual stream where headless."""

    eps = 1e-6
    detached_token_write = False

    def __init__(self, config, weights, headless):
        self.w, self.headless, self.causal = weights, headless, config["causal"]
        self.layers, self.heads, self.kv = config["num_layers"], config["num_heads"], config["num_heads"]

    def embeddings(self, ids):
        return [self.w["token_embed"][ids], self.w["pos_embed"][: ids.shape[1]].expand(ids.shape[0], -1, -1)]

    def attention(self, layer, q, k, v):
        p = f"layer_{layer}.attn."

        def project(x, name):
            w = self.w[p + "w_" + name]
            w = w.view(w.shape[0], self.heads, -1).permute(1, 0, 2)
            return torch.einsum("hbsd,hdk->hbsk", x, w) + self.w[p + "b_" + name].view(self.heads, 1, 1, -1)

        z = attend(project(q, "q"), project(k, "k"), project(v, "v"), self.causal)
        out = self.w[p + "w_o"]
        return torch.einsum("hbsk,hkd->hbsd", z, out.view(self.heads, -1, out.shape[1])) + self.w[p + "b_o"] / self.heads

    def mlp(self, layer, x):
        p = f"layer_{layer}.mlp."
        return F.relu(x @ self.w[p + "w_up"] + self.w[p + "b_up"]) @ self.w[p + "w_down"] + self.w[p + "b_down"]

    def output(self, residual):
        return residual if self.headless else residual @ self.w["unembed"]


# ------------------------------------------------------------------------------------------- masks of a whole model


class Names:
    """The published parameter names of one model's masks."""

    def __init__(self, model, prefix, embedding_nodes):
        erazr = isinstance(model, Erazr)
        block = {Gpt2: "h", Llama: "layers", Erazr: "blocks"}[type(model)]
        attention, mlp = ("attn.", "mlp.") if erazr else ("", "")
        self.model, self.embedding_nodes = model, embedding_nodes
        self.lambdas = {
            (kind, n): f"{prefix}sparsity_lambda_{kind}_{n}" for kind in ("edges", "nodes") for n in (1, 2)
        }
        self.final = prefix + ("final_read_log_alpha" if erazr else "final_read_log_alphas")
        self.read = lambda layer, kind: f"{prefix}{block}.{layer}.{attention}{kind}_read_log_alphas"
        self.mlp_read = lambda layer: f"{prefix}{block}.{layer}.{mlp}mlp_read_log_alphas"
        self.heads_write = lambda layer: f"{prefix}{block}.{layer}.{attention}{'' if erazr else 'attn_'}write_log_alphas"
        self.mlp_write = lambda layer: f"{prefix}{block}.{layer}.{mlp}mlp_write_log_alphas"
        kinds = ["token", "pos"] if not isinstance(model, Llama) else ["token"]
        self.embedding_writes = [f"{prefix}{kind}_write_log_alpha" for kind in kinds] if embedding_nodes else []
        self.embedding_names = {"token": "token_embeds" if erazr else "tok_embeds", "pos": "pos_embeds"}
        if isinstance(model, Llama):
            self.embedding_names = {"token": "embeds"}

    @property
    def first(self):
        """Writers before layer 0."""
        return len(self.embedding_writes)

    def seen(self, layer):
        """Writers that the attention of a layer reads; its MLP also reads the layer's heads."""
        return self.first + layer * (self.model.heads + 1)

    @property
    def writers(self):
        return self.seen(self.model.layers)

    def reads(self):
        """Every read tensor with the number of writers that its readers see, and its readers' names."""
        for layer in range(self.model.layers):
            for kind in "qkv":
                heads = self.model.heads if kind == "q" else self.model.kv
                readers = [f"a{layer}.h{h}.{kind}" for h in range(heads)]
                yield self.read(layer, kind), self.seen(layer), readers
            yield self.mlp_read(layer), self.seen(layer) + self.model.heads, [f"m{layer}"]
        yield self.final, self.writers, ["resid_post"]

    def writes(self):
        """Every write tensor, in the order of the writers."""
        yield from self.embedding_writes
        for layer in range(self.model.layers):
            yield self.heads_write(layer)
            yield self.mlp_write(layer)

    def all(self):
        return [name for name, _, _ in self.reads()] + list(self.writes())

    def writer_names(self):
        names = list(self.embedding_names.values()) if self.embedding_nodes else []
        for layer in range(self.model.layers):
            names += [f"a{layer}.h{h}" for h in range(self.model.heads)] + [f"m{layer}"]
        return names

    def edge_count(self):
        return sum(seen * len(readers) for _, seen, readers in self.reads())


def node_masks(names, masks):
    return torch.cat([masks[name].reshape(-1) for name in names.writes()])


def edge_sparsity(names, masks):
    return 1 - sum(masks[name][:seen].sum() for name, seen, _ in names.reads()) / names.edge_count()


def node_sparsity(names, masks, without_positions=False):
    """The published get_node_sparsity leaves the position embedding out; its forward does not."""
    nodes = node_masks(names, masks)
    if without_positions and len(names.embedding_writes) == 2:
        nodes = torch.cat([nodes[:1], nodes[2:]])
    return 1 - nodes.mean()


def effective_edge_sparsity(names, masks):
    nodes = node_masks(names, masks)
    kept = sum(
        (masks[name][:seen].reshape(seen, len(readers)) * nodes[:seen, None]).sum()
        for name, seen, readers in names.reads()
    )
    return 1 - kept / names.edge_count()


def edge_list(names, masks):
    """[writer, reader] of the edges that are kept and whose writer is: layer by layer, writer by writer."""
    writers, nodes, edges = names.writer_names(), node_masks(names, masks), []

    def kept(column, w):
        return column[w] == 1 and nodes[w] == 1

    for layer in range(names.model.layers):
        readers = []
        for kind in "qkv":
            mask = masks[names.read(layer, kind)]
            readers += [(f"a{layer}.h{h}.{kind}", mask[:, h]) for h in range(mask.shape[1])]
        for w in range(names.seen(layer)):
            edges += [[writers[w], reader] for reader, column in readers if kept(column, w)]
        column = masks[names.mlp_read(layer)]
        edges += [[writers[w], f"m{layer}"] for w in range(names.seen(layer) + names.model.heads) if kept(column, w)]
    edges += [[writers[w], "resid_post"] for w in range(names.writers) if kept(masks[names.final], w)]
    return edges


def forward(names, masks, ids, corrupted=None):
    """Runs the masked model. Returns its output, the final residual stream [B, S, D] and every writer's state
    [W, B, S, D]. `corrupted` has the states that cut edges carry; None: they carry nothing."""
    model = names.model
    embeddings = model.embeddings(ids)
    always = 0 if names.embedding_nodes else sum(embeddings)
    states = []

    def write(mask, outputs):
        """mask [n], outputs [n, B, S, D]"""
        mask = mask.reshape(-1, 1, 1, 1)
        state = mask * outputs
        if corrupted is not None:
            state = state + (1 - mask) * corrupted[len(states) : len(states) + len(outputs)]
        states.extend(state)

    def read(mask):
        """mask [W, readers] -> [readers, B, S, D]"""
        mask = mask[: len(states)]
        readers = mask.shape[1]
        if not states:
            return always.expand(readers, *always.shape)
        result = torch.einsum("wr,wbsd->rbsd", mask, torch.stack(states))
        if corrupted is not None:
            result = result + torch.einsum("wr,wbsd->rbsd", 1 - mask, corrupted[: len(states)])
        return result + always

    for name, embedding in zip(names.embedding_writes, embeddings):
        mask = masks[name].detach() if model.detached_token_write else masks[name]
        write(mask, embedding[None])
    for layer in range(model.layers):
        q, k, v = (read(masks[names.read(layer, kind)]) for kind in "qkv")
        write(masks[names.heads_write(layer)], model.attention(layer, q, k, v))
        write(masks[names.mlp_write(layer)], model.mlp(layer, read(masks[names.mlp_read(layer)][:, None])[0])[None])
    residual = read(masks[names.final][:, None])[0]
    return model.output(residual), residual, torch.stack(states)


# ------------------------------------------------------------------------------------------------- losses, training


def kl(full, masked):
    return (full.log_softmax(-1).exp() * (full.log_softmax(-1) - masked.log_softmax(-1))).sum(-1)


class Objective:
    """KL(full || masked) at the scored positions."""

    def __init__(self, fixture, model):
        self.fixture, self.model = fixture, model

    def __call__(self, full, masked):
        batch = full.shape[0]
        if isinstance(self.model, Erazr):
            if self.model.headless:  # one distribution over positions
                return kl(full[..., 0], masked[..., 0]).sum() / batch
            return kl(full[:, 1:], masked[:, 1:]).sum() / batch
        divergence = kl(full, masked)
        if "kl_idx" in self.fixture:
            starts = self.fixture["kl_idx"].tolist()
            ends = [start + 1 for start in starts]
        else:
            starts, ends = self.fixture["kl_start"].tolist(), self.fixture["kl_end"].tolist()
        return sum(divergence[row, a:b].mean() for row, (a, b) in enumerate(zip(starts, ends))) / batch


def lagrangian(names, lambdas, kind, sparsity, target):
    one, two = (lambdas[names.lambdas[kind, n]].reshape(()) for n in (1, 2))
    gap = sparsity - target
    return one * gap + two * gap * gap


def losses(names, masks, lambdas, full, masked, objective, targets):
    sparsities = {"edges": edge_sparsity(names, masks), "nodes": node_sparsity(names, masks)}
    parts = {"kl_loss": objective(full, masked)}
    for kind, target in zip(("edges", "nodes"), targets):
        parts[kind[:-1] + "_loss"] = lagrangian(names, lambdas, kind, sparsities[kind], target)
        parts[f"model_{kind[:-1]}_sparsity"] = sparsities[kind]
    parts["loss"] = parts["kl_loss"] + parts["edge_loss"] + parts["node_loss"]
    return parts


def threshold(sparsity_at, target):
    low, high, t = 0.0, 1.0, None
    while high - low > 1e-5:
        t = (low + high) / 2
        if sparsity_at(t) > target:
            high = t
        else:
            low = t
    return t


def scalars(parts):
    return {name: value.item() for name, value in parts.items()}


def above(names, masks, edges, nodes):
    """Masks after thresholds: 1 above, else 0."""
    reads = {name for name, _, _ in names.reads()}
    return {name: (mask > (edges if name in reads else nodes)).float() for name, mask in masks.items()}


class Run:
    """One fixture: the recorded inputs, and everything that is computed from them."""

    def __init__(self, model, prefix, embedding_nodes, recorded, recorded_json, interchange):
        self.names = Names(model, prefix, embedding_nodes)
        self.model, self.recorded, self.json_in, self.interchange = model, recorded, recorded_json, interchange
        self.objective = Objective(recorded, model)
        self.tensors, self.json = {}, {}
        for name, tensor in recorded.items():  # what was drawn or given
            if name.startswith(("log_alpha.", "lambda.", "u.", "train.u", "kl_")) or name.endswith("input_ids"):
                self.tensors[name] = tensor
        for key in ("config", "log_alpha_seed", "optimizer_groups", "train_setup", "eval_threshold"):
            if key in recorded_json:
                self.json[key] = recorded_json[key]
        self.clean, self.other = recorded["input_ids"], recorded["corr_input_ids"]
        self.erazr = isinstance(model, Erazr)

    def recorded_under(self, prefix, of):
        return {name: self.recorded[prefix + name].clone() for name in of}

    def compute(self):
        self.full_model()
        self.sampled()
        self.evaluated()
        for name, clip in (("clip1", 1.0), ("noclip", None), ("clip0.25", 0.25)):
            self.train(name, clip)
        self.json["counts"] = {
            "n_readers": sum(len(readers) for _, _, readers in self.names.reads()),
            "n_writers": self.names.writers,
            "n_edges": self.names.edge_count(),
            "n_nodes": self.names.writers,
        }
        self.json["writers"] = self.names.writer_names()
        self.json["readers"] = [reader for _, _, readers in self.names.reads() for reader in readers]

    def full_model(self):
        log_alphas = self.recorded_under("log_alpha.", self.names.all())
        ones = {name: torch.ones_like(value) for name, value in log_alphas.items()}
        tens = {name: deterministic(10 * one, self.model.eps)[0] for name, one in ones.items()}
        for label, masks in (("full", ones), ("full10", tens)):
            if label == "full10" and self.erazr:
                continue
            output, residual, states = forward(self.names, masks, self.clean)
            corr_output, _, corr_states = forward(self.names, masks, self.other)
            if not (self.erazr and self.model.headless):
                self.tensors[label + ".logits"], self.tensors[label + ".corr_logits"] = output, corr_output
            if self.erazr:
                self.tensors[label + ".last_hidden"] = residual
            self.tensors[label + ".writer_states"], self.tensors[label + ".corr_writer_states"] = states, corr_states
            if label == "full":
                self.full = output.detach()
                self.corrupted = corr_states if self.interchange else None

    def parameters(self):
        log_alphas = self.recorded_under("log_alpha.", self.names.all())
        lambdas = self.recorded_under("lambda.", self.names.lambdas.values())
        for parameter in (log_alphas | lambdas).values():
            parameter.requires_grad_(True)
        return log_alphas, lambdas

    def step(self, log_alphas, lambdas, noise, targets):
        masks = {name: sample(a, self.recorded[noise + name]) for name, a in log_alphas.items()}
        output, _, _ = forward(self.names, masks, self.clean, self.corrupted)
        return masks, output, losses(self.names, masks, lambdas, self.full, output, self.objective, targets)

    def sampled(self):
        log_alphas, lambdas = self.parameters()
        parameters = log_alphas | lambdas
        masks, output, parts = self.step(log_alphas, lambdas, "u.", TARGETS)
        for name, mask in masks.items():
            self.tensors["z." + name] = mask.detach()
        self.tensors["sampled.output" if self.erazr else "sampled.logits"] = output.detach()
        for label, loss in (("grad.", parts["loss"]), ("grad_kl.", parts["kl_loss"])):
            gradients = torch.autograd.grad(loss, parameters.values(), retain_graph=True, allow_unused=True)
            for (name, parameter), gradient in zip(parameters.items(), gradients):
                self.tensors[label + name] = torch.zeros_like(parameter) if gradient is None else gradient
        values = scalars(parts) | {"target_edge_sparsity": TARGETS[0], "target_node_sparsity": TARGETS[1]}
        self.tensors |= {"sampled." + name: torch.tensor([value]) for name, value in values.items()}
        named = {name.rsplit(".", 1)[-1]: round(value.item(), 6) for name, value in lambdas.items()}
        self.json["sampled"] = values | {"lambdas": named}
        fixed = {name: mask.detach() for name, mask in masks.items()}
        self.tensors["sampled_zero_ablation.logits"] = forward(self.names, fixed, self.clean)[0]

    @torch.no_grad()
    def evaluated(self):
        names, log_alphas = self.names, self.recorded_under("log_alpha.", self.names.all())
        soft, self.json["det"] = {}, {}
        for name, log_alpha in log_alphas.items():
            soft[name], expected, count = deterministic(log_alpha, self.model.eps)
            self.json["det"][name] = {
                "expected_zeros": expected,
                "num_zeros": count,
                "zeros_in_mask": int((soft[name] == 0).sum()),
            }
            self.tensors["det." + name] = soft[name]
        word = "output" if self.erazr else "logits"
        self.tensors["eval_soft." + word], _, states = forward(names, soft, self.clean, self.corrupted)
        if self.erazr:
            binary = above(names, soft, 0.4, 0.4)
            self.json["edges_threshold_0.4"] = edge_list(names, binary)
        else:
            self.tensors["eval_soft.writer_states"] = states
            edges, nodes = edge_sparsity(names, soft).item(), node_sparsity(names, soft, True).item()
            at_edges = threshold(lambda t: edge_sparsity(names, above(names, soft, t, t)).item(), edges)
            at_nodes = threshold(lambda t: node_sparsity(names, above(names, soft, t, t), True).item(), nodes)
            binary = above(names, soft, at_edges, at_nodes)
            for name, mask in binary.items():
                self.tensors["detbin." + name] = mask
            self.json["eval"] = {
                "edge_sparsity_soft": edges,
                "node_sparsity_soft": nodes,
                "edge_threshold": at_edges,
                "node_threshold": at_nodes,
                "edge_sparsity_at_threshold": edge_sparsity(names, binary).item(),
                "node_sparsity_at_threshold": node_sparsity(names, binary, True).item(),
                "effective_edge_sparsity": effective_edge_sparsity(names, binary).item(),
                "forward_model_edge_sparsity": edge_sparsity(names, binary).item(),
                "forward_model_node_sparsity": node_sparsity(names, binary).item(),
            }
            lambdas = self.recorded_under("lambda.", names.lambdas.values())
            all_nodes = node_sparsity(names, soft)
            self.json["eval_soft"] = {
                "edge_loss": lagrangian(names, lambdas, "edges", edge_sparsity(names, soft), TARGETS[0]).item(),
                "node_loss": lagrangian(names, lambdas, "nodes", all_nodes, TARGETS[1]).item(),
                "model_edge_sparsity": edges,
                "model_node_sparsity": all_nodes.item(),
                "effective_edge_sparsity": effective_edge_sparsity(names, soft).item(),
            }
            self.json["edges"] = edge_list(names, binary)
        self.tensors["eval_binary." + word] = forward(names, binary, self.clean, self.corrupted)[0]

    def train(self, label, clip):
        """Five steps on the same batch, each with its recorded noise."""
        setup = self.json_in["train_setup"]["schedule"]
        log_alphas, lambdas = self.parameters()
        parameters = log_alphas | lambdas
        groups, base = [], []
        for group in self.json_in["optimizer_groups"]:
            base.append(group["lr"])
            groups.append(
                {
                    "params": [parameters[name] for name in group["params"]],
                    "lr": group["lr"],
                    "maximize": group["maximize"],
                }
            )
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
        log = []
        for t in range(5):
            factor = t / 2 if t < setup["warmup_steps"] else (setup["num_training_steps"] - t) / 18
            for group, rate in zip(optimizer.param_groups, base):
                group["lr"] = rate * factor
            progress = min(1, t / setup["sparsity_warmup"])
            targets = [
                setup["start_" + kind] + (setup["target_" + kind] - setup["start_" + kind]) * progress
                for kind in ("edge", "node")
            ]
            _, _, parts = self.step(log_alphas, lambdas, f"train.u{t}.", targets)
            optimizer.zero_grad()
            parts["loss"].backward()
            norm = torch.nn.utils.clip_grad_norm_(parameters.values(), clip or math.inf).item()
            optimizer.step()
            rates = [group["lr"] for group in optimizer.param_groups]
            named = {"step": t, "lrs": rates, "grad_norm": norm, "target_edge": targets[0], "target_node": targets[1]}
            log.append(named | scalars(parts))
            if t in (0, 1, 4):
                for name, parameter in parameters.items():
                    self.tensors[f"train.{label}.after{t + 1}.{name}"] = parameter.detach().clone()
        self.json["train_" + label] = log


def runs(golden):
    """Every fixture: its file's stem, and its run."""
    for family, make, prefix in (("gpt2", Gpt2, "transformer."), ("llama", Llama, "model.")):
        config = json.loads((golden / family / "config.json").read_text())
        weights = load_file(golden / family / "model.safetensors")
        for kind in ("no_emb", "with_emb"):
            stem = f"{family}/fixture_{kind}"
            recorded = load_file(golden / (stem + ".safetensors"))
            recorded_json = json.loads((golden / (stem + ".json")).read_text())
            yield stem, Run(make(config, weights), prefix, kind == "with_emb", recorded, recorded_json, True)
    weights = load_file(golden / "erazr/model.safetensors")
    for kind in ("reverse_corr", "reverse_zero", "causal_reverse_corr", "xproportion_corr"):
        stem = f"erazr/fixture_{kind}"
        recorded = load_file(golden / (stem + ".safetensors"))
        recorded_json = json.loads((golden / (stem + ".json")).read_text())
        headless = kind.startswith("xproportion")
        model = Erazr(recorded_json["config"], weights, headless)
        prefix = "" if headless else "Erazr_model."
        yield stem, Run(model, prefix, True, recorded, recorded_json, not kind.endswith("zero"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, required=True, help="the folder of the recorded fixtures")
    parser.add_argument("--out", type=Path, required=True, help="where to write what is computed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for stem, run in runs(options.golden):
        run.compute()
        target = options.out / stem
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only what the recorded file has: the published code left out some of these for some models.
        tensors = {name: value.detach().contiguous() for name, value in run.tensors.items() if name in run.recorded}
        save_file(tensors, f"{target}.safetensors")
        Path(f"{target}.json").write_text(json.dumps(run.json, indent=1) + "\n")
    for family in ("gpt2", "llama", "erazr"):
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(options.golden / family / name, options.out / family / name)


if __name__ == "__main__":
    main()
