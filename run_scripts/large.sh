#!/usr/bin/env bash
# Commands on runs of 3.9 million masks: run_scripts/large.sh [--forecast]
# Makes a model with the layers and heads of CodeLlama-13B in narrow layers, and with random weights, and a run of three steps on it, which
# keeps nearly all edges. Prints wall time and largest resident memory of each command on that run, and the time of a checkpoint of so
# many masks: with its digest and fsync, without the digest, and of a bare write and fsync of as many bytes. About two minutes on two
# idle cores. --forecast: instead compares forecast steps (bench --forecast) with measured ones at shapes that fit here, the last of which
# has 8 GB of weights. Eight minutes.
# Files go to a new folder in $EDGEPRUNE_SCRATCH, $TMPDIR or /tmp, and are deleted at the end. Needs /usr/bin/time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d "${EDGEPRUNE_SCRATCH:-${TMPDIR:-/tmp}}/large.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
edgeprune=$here/edgeprune

cat >"$scratch/narrow.json" <<'JSON'
{"model_type": "llama", "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 40, "hidden_size": 80,
 "intermediate_size": 16, "vocab_size": 50257, "max_position_embeddings": 128, "hidden_act": "silu", "rms_norm_eps": 1e-05,
 "tie_word_embeddings": false}
JSON

# forecast_row LABEL OPTIONS...: a step that is measured and forecast, by one worker.
forecast_row() {
    local label=$1 json
    shift
    json=$("$edgeprune" bench --forecast --workers 1 --threads 1 --warm-up 6 --repeat 5 --json "$@")
    field() { sed -n "s/^ *\"$1\" : \([-0-9.eE+]*\),\{0,1\}\$/\1/p" <<<"$json"; }
    printf '| %s | %.2f | %.2f | %.2f |\n' "$label" "$(field step_s)" "$(field forecast_s)" "$(field forecast_ratio)"
}

if [ "${1:-}" = --forecast ]; then
    printf '| shape | step, s | forecast, s | ratio |\n|---|---|---|---|\n'
    forecast_row 'GPT-2 small, 8 x 20' --batch-size 8 --tokens 20
    forecast_row 'GPT-2 small, 32 x 20, cached' --batch-size 32 --tokens 20 --cached
    forecast_row 'llama-mid, 8 x 20' --config llama-mid --batch-size 8 --tokens 20
    forecast_row '40 x 40 heads, width 80, 4 x 17' --config "$scratch/narrow.json" --batch-size 4 --tokens 17
    sed -e 's/"num_hidden_layers": 40/"num_hidden_layers": 5/; s/"hidden_size": 80/"hidden_size": 5120/' \
        -e 's/"intermediate_size": 16/"intermediate_size": 13824/; s/"vocab_size": 50257/"vocab_size": 32016/' "$scratch/narrow.json" \
        >"$scratch/wide.json"
    forecast_row '5 x 40 heads, width 5,120, 2 x 20, two threads' --config "$scratch/wide.json" --batch-size 2 --tokens 20 --threads 2 --warm-up 3
    exit
fi

# row COMMAND...: wall time and memory of a command.
row() {
    /usr/bin/time -o "$scratch/time" -f '%e %M' "$edgeprune" "$@" >"$scratch/out" 2>"$scratch/err" ||
        { cat "$scratch/err" >&2; exit 1; }
    local shown="$*"
    shown=${shown/--task*--out/... --steps 3 --out}
    awk -v what="${shown//$scratch\//}" '{ printf "| %s | %.1f | %.2f |\n", what, $1, $2 * 1024 / 1e9 }' "$scratch/time"
}

"$edgeprune" init --config "$scratch/narrow.json" --tokenizer mini-gpt2 --out "$scratch/model" >"$scratch/out"
"$edgeprune" data ioi --train 8 --validation 2 --test 2 --model "$scratch/model" --out "$scratch/data" >"$scratch/out"
printf '| command | s | peak memory, GB |\n|---|---|---|\n'
row prune --published --task ioi --model "$scratch/model" --data "$scratch/data" --embedding-nodes --batch-size 4 --steps 3 --evaluate-every 0 \
    --out "$scratch/run"
row edges "$scratch/run" --count
row edges "$scratch/run" --out "$scratch/edges.json"
row edges "$scratch/run" --edges-kept 2000 --out "$scratch/few.json"
row draw "$scratch/run" --out "$scratch/run.html"
row draw "$scratch/run" --max-edges 1000 --out "$scratch/run.svg"
row report "$scratch/run"
row heads "$scratch/run" --max-samples 2 --max-nodes 20

. "$here/find_java"
find_java java
cat >"$scratch/Checkpoint.java" <<'JAVA'
import java.io.FileOutputStream;
import java.nio.file.*;
import java.util.*;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.*;

class Checkpoint {
    static final int MASKS = 3_877_661, TIMES = 7;

    interface Body { void run() throws Exception; }

    static void time(String what, Body body) throws Exception {
        double[] seconds = new double[TIMES];
        for (int i = 0; i < TIMES; i++) {
            long began = System.nanoTime();
            body.run();
            seconds[i] = (System.nanoTime() - began) / 1e9;
        }
        Arrays.sort(seconds);
        System.out.printf("| %s | %.3f |%n", what, seconds[TIMES / 2]);
    }

    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[0], "step-000001.safetensors");
        LibTorch.load();
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : List.of("edges.log_alpha", "optimizer.m.0", "optimizer.v.0")) {
                tensors.put(name, Tensor.empty(DType.F32, Device.CPU, MASKS).normal_(0, 1));
            }
            byte[] bytes = new byte[12 * MASKS];
            new Random(1).nextBytes(bytes);
            System.out.printf("%n| %,d masks and their optimiser's moments, %.1f MB | s |%n|---|---|%n", MASKS, bytes.length / 1e6);
            time("checkpoint, with digest and fsync", () -> SafeTensorsWriter.writeWithDigest(file, tensors, Map.of()));
            time("the same without the digest", () -> SafeTensorsWriter.write(file, tensors, Map.of()));
            time("a bare write and fsync of as many bytes", () -> {
                try (FileOutputStream out = new FileOutputStream(file + ".raw")) {
                    out.write(bytes);
                    out.getFD().sync();
                }
            });
        }
    }
}
JAVA
"$java_home/bin/java" --enable-native-access=ALL-UNNAMED -cp "$(<"$here/../target/classpath.txt"):$here/../target/classes" \
    "$scratch/Checkpoint.java" "$scratch"
