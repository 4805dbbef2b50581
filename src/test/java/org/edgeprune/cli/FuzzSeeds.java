package org.edgeprune.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.stream.Stream;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.Json;

/** Makes a valid file of every kind that the tool reads, for {@link FuzzTest} to damage. */
final class FuzzSeeds {
    private final Path seeds;
    private final Function<String[], String> tool;

    /** Takes the folder to fill, and what runs a command, which has to succeed, and returns what it printed. */
    FuzzSeeds(Path seeds, Function<String[], String> tool) {
        this.seeds = seeds;
        this.tool = tool;
    }

    void make() throws IOException {
        models();
        prompts();
        runs();
        scores();
        compiledModels();
        foreignFiles();
    }

    /** Runs a command line in which SEEDS is the folder, and which has no spaces within an argument. */
    private String ok(String command) {
        return tool.apply(Stream.of(command.split(" "))
                .map(word -> word.replace("SEEDS", seeds.toString()))
                .toArray(String[]::new));
    }

    private void write(String name, String text) throws IOException {
        Path file = seeds.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void models() throws IOException {
        var config = Json.read(BundledModel.directory().resolve("config.json"), "");
        write("shape.json", """
                {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 16, "n_positions": 64, "vocab_size": %d}
                """.formatted(config.get("vocab_size").asInt()));
        String init = "init --config SEEDS/shape.json --tokenizer " + BundledModel.NAME;
        ok(init + " -o SEEDS/model");
        write("model/generation_config.json", "{\"eos_token_id\": [0, 1], \"bos_token_id\": 0}");
        write("model/tokenizer_config.json", """
                {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": false, "bos_token": {"content": "<|endoftext|>"},
                 "eos_token": "<|endoftext|>", "model_max_length": 64, "clean_up_tokenization_spaces": false}
                """);
        ok(init + " --shard-size 30KB -o SEEDS/sharded");
        Files.createDirectories(seeds.resolve("vocab"));
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(
                    seeds.resolve("model").resolve(file), seeds.resolve("vocab").resolve(file));
        }
        var tokenizer = Json.read(BundledModel.directory().resolve("tokenizer.json"), "");
        write("vocab/vocab.json", tokenizer.at("/model/vocab").toString());
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        tokenizer.at("/model/merges").forEach(merge -> merges.append(
                        merge.isArray()
                                ? merge.get(0).asText() + " " + merge.get(1).asText()
                                : merge.asText())
                .append('\n'));
        write("vocab/merges.txt", merges.toString());
        write("vocab/special_tokens_map.json", """
                {"bos_token": "<|endoftext|>", "unk_token": {"content": "<|endoftext|>", "lstrip": false}}
                """);
    }

    private void prompts() throws IOException {
        ok("data ioi --train 8 --validation 4 --test 4 --out SEEDS/data");
        write("custom/c.jsonl", """
                {"clean": "When Mary and John", "corrupted": "When Mary and Anna", "answer": " Mary", "wrong": " John"}
                {"clean": "Then Mary and John", "corrupted": "Then Mary and Anna", "answer": " Mary", "wrong": " John"}
                """);
        write("custom/c.csv", """
                clean,corrupted,answer,distractor
                When Mary and John,When Mary and Anna," Mary"," John"
                "Then Mary, and John","Then Mary, and Anna"," Mary"," John"
                """);
        write("lists/names.txt", "Mary\nJohn\nAnna\nPaul\nTom\nSara\n");
        write("lists/templates.txt", """
                Then, {A} and {B} went to the {PLACE}. {B} gave a {OBJECT} to {A}
                When {A} and {B} went to the {PLACE}, {B} gave the {OBJECT} to {A}
                After {A} and {B} went to the {PLACE}, {B} gave a {OBJECT} to {A}
                """);
        write("lists/mine.json", """
                {"lists": {"NAME": ["Mary", "John", "Tom", "Anna"], "THING,KIND": [["ring", "gold"], ["box", "tin"]]},
                 "corrupt": ["NAME1"],
                 "templates": [{"clean": "When {NAME1} and {NAME2} went with a {THING},", "answer": " {NAME1}"},
                               {"clean": "Then {NAME1} and {NAME2} went with {KIND},", "answer": " {NAME1}"},
                               {"clean": "While {NAME1} sat,", "corrupted": "While {NAME1} ran,",
                                "answer": " {NAME1}", "distractor": " {NAME2}"}]}
                """);
    }

    private void runs() throws IOException {
        String prune = "prune --published --model SEEDS/model --data SEEDS/data --steps 3 --batch-size 2 --save-every 2"
                + " --evaluate-every 2 --threads 1";
        ok(prune + " --minimal 0.1 --out SEEDS/run");
        ok("heads SEEDS/run --max-samples 1 --threads 1");
        ok(prune + " --out SEEDS/cut");
        for (String late : new String[] {"masks.safetensors", "edges.json", "metrics.json", "examples.jsonl"}) {
            Files.delete(seeds.resolve("cut").resolve(late));
        }
        ok(prune + " --level edges,neurons --out SEEDS/neurons");
        ok("sweep --published --model SEEDS/model --data SEEDS/data --steps 1 --batch-size 2 --threads 1"
                + " --target-edge-sparsity 0.5,0.6 --out SEEDS/sweep");
        ok("edges SEEDS/run --checkpoint SEEDS/published");
        Files.createDirectories(seeds.resolve("eap-ig"));
        ok("edges SEEDS/run --format eap-ig -o SEEDS/eap-ig/graph.json");
    }

    private void scores() throws IOException {
        String of = " --model SEEDS/model --data SEEDS/data --threads 1";
        ok("attribute --method random --out SEEDS/scores" + of);
        ok("attribute --method eap-ig-inputs --level edges,nodes,neurons --steps 1 --max-samples 1 --out SEEDS/levels"
                + of);
        ok("acdc --threshold 1000 --max-samples 1 --out SEEDS/acdc" + of);
        ok("edges SEEDS/scores --format eap-ig -o SEEDS/eap-ig/scores.json");
        write("curve/curve.json", ok("eval --curve SEEDS/scores --json --max-samples 2" + of));
    }

    private void compiledModels() throws IOException {
        ok("tracr compile reverse --vocab 1,2,3 --max-len 3 -o SEEDS/tracr");
        write("tracr/edges.json", "[[\"tok_embeds\", \"a0.h0.q\"], [\"m0\", \"resid_post\"]]");
        write("rasp/p.rasp", """
                before = select(indices, indices, <=)
                share = aggregate(before, numerical(tokens == "a"), 0)
                both = select(tokens, tokens, ==) and not select(indices, 1, (x, y) -> x + y > 2)
                return selector_width(both) + 1 * 2
                """);
    }

    private void foreignFiles() throws IOException {
        Path golden = Path.of("src/test/resources/golden/convert");
        Files.createDirectories(seeds.resolve("gguf"));
        Files.copy(golden.resolve("gpt2-tied.gguf"), seeds.resolve("gguf/m.gguf"));
        Files.createDirectories(seeds.resolve("torch"));
        Files.copy(golden.resolve("torch/zip.bin"), seeds.resolve("torch/pytorch_model.bin"));
        Files.copy(seeds.resolve("model/config.json"), seeds.resolve("torch/config.json"));
    }
}
