"""Compiles golden/tracr with the published Tracr compiler.

    python tracr_weights.py --tracr CLONE --out DIR

CLONE is a checkout of https://github.com/google-deepmind/tracr, which is not on PyPI; requirements-tracr.txt has what it
needs. The program reverses a sequence of 1, 2, 3 of up to five tokens.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy
from safetensors.numpy import save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracr", type=Path, required=True, help="a checkout of Tracr")
    parser.add_argument("--out", type=Path, required=True, help="where to write")
    options = parser.parse_args()
    sys.path.insert(0, str(options.tracr))
    from tracr.compiler import assemble, compiling
    from tracr.rasp import rasp

    # The compiled model has its unembedding only inside a function: it is the projection from the residual stream.
    projections = []
    project = assemble.vectorspace_fns.project

    def recorded(*spaces):
        projections.append(project(*spaces))
        return projections[-1]

    assemble.vectorspace_fns.project = recorded
    # As in lib.make_reverse, but without names: they would order the directions of the residual stream otherwise.
    length = rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, rasp.Comparison.TRUE))
    opposite = length - rasp.indices - 1
    program = rasp.Aggregate(rasp.Select(rasp.indices, opposite, rasp.Comparison.EQ), rasp.tokens)
    model = compiling.compile_rasp_to_model(program, {1, 2, 3}, max_seq_len=5, compiler_bos="BOS")
    width = len(model.residual_labels)
    weights = {"unembedding_mtx": [p.matrix for p in projections if p.matrix.shape[0] == width][-1]}
    for module, parameters in model.params.items():
        for name, value in parameters.items():
            weights[f"{module}_{name}"] = value
    weights = {name: numpy.ascontiguousarray(value, dtype=numpy.float32) for name, value in weights.items()}
    config = model.model_config
    settings = {
        name: getattr(config, name)
        for name in ("num_heads", "num_layers", "mlp_hidden_size", "dropout_rate", "layer_norm", "causal")
    }
    settings |= {"max_seq_len": 5, "bos": "BOS", "pad": compiling.COMPILER_PAD}
    vocab = {str(token): number for token, number in model.input_encoder.encoding_map.items()}
    shapes = {name: list(weights[name].shape) for name in sorted(weights)}
    options.out.mkdir(parents=True, exist_ok=True)
    save_file(weights, options.out / "reverse.safetensors")
    text = json.dumps({"config": settings, "vocab": vocab, "shapes": shapes}, indent=1)
    (options.out / "reverse.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
