package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.RandomCheckpoint;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.torch.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune init}: writes a model of random weights, of any size. */
@Command(
        name = "init",
        description = {
            "Write a model directory with random weights for a config.json, to measure the time and memory of a model size.",
            "Only one tensor at a time is in memory, so models larger than memory can be written."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune init --config gpt2 -o out/gpt2-random",
            "  edgeprune init --config codellama-13b --layers 4 --dtype bf16 --shard-size 1GB -o out/codellama-4",
            "  edgeprune init --config path/to/model --tokenizer path/to/model -o out/random"
        })
final class InitCommand implements Callable<Integer> {
    private static final List<String> TOKENIZER_FILES = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja");
    private static final long MEGABYTE = 1_000_000;

    @Mixin
    private ShapeOptions shape;

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            defaultValue = "f32",
            description = "f32, bf16 or f16 (default: ${DEFAULT-VALUE}).")
    private DType dtype;

    @Mixin
    private ShardOption shard;

    @Option(names = "--tokenizer", paramLabel = "MODEL", description = "Model whose tokenizer files are copied.")
    private Optional<String> tokenizer = Optional.empty();

    @Mixin
    private SeedOption seed;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Directory of the new model.")
    private Path out;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (!shape.given()) {
            throw new InputException(
                    "--config is missing: name a config.json, or one of " + String.join(", ", ConfigTemplate.NAMES));
        }
        long shardBytes = shard.bytes();
        compute.start();
        RandomCheckpoint checkpoint = new RandomCheckpoint(shape.template("gpt2"), dtype, seed.value());
        List<Path> copied = tokenizer
                .map(name -> tokenizerFiles(name, checkpoint.sizes().vocabulary()))
                .orElse(List.of());
        List<String> files;
        try (Progress progress = new Progress("init", "MB", checkpoint.byteSize() / MEGABYTE)) {
            files = checkpoint.write(out, shardBytes, copied, bytes -> progress.at(bytes / MEGABYTE, out::toString));
        }
        GraphShape graph = checkpoint.sizes().graph();
        Result result = new Result(
                out.toString(),
                checkpoint.sizes().architecture(),
                graph.layers(),
                graph.heads(),
                checkpoint.parameters(),
                dtype.name(),
                checkpoint.byteSize(),
                files.size(),
                new ComputationGraph(graph).edgeCount());
        results.print(
                result, () -> "%s: %s, %d layers of %d heads, %,d parameters in %s, %,.1f MB in %d file%s, %,d edges"
                        .formatted(
                                out,
                                result.architecture(),
                                result.layers(),
                                result.heads(),
                                result.parameters(),
                                result.dtype(),
                                result.bytes() / 1e6,
                                result.files(),
                                result.files() == 1 ? "" : "s",
                                result.edges()));
        return 0;
    }

    private static List<Path> tokenizerFiles(String model, int vocabulary) {
        Path directory = ModelOption.directory(model);
        try (PromptTokenizer opened = PromptTokenizer.open(directory)) {
            if (opened.vocabSize() > vocabulary) {
                throw new InputException(
                        "--tokenizer " + model + ": has " + opened.vocabSize() + " tokens, but the model only "
                                + vocabulary + "; name a smaller one, or raise vocab_size in the configuration");
            }
        }
        return TOKENIZER_FILES.stream()
                .map(directory::resolve)
                .filter(Files::exists)
                .toList();
    }

    private record Result(
            String out,
            String architecture,
            int layers,
            int heads,
            long parameters,
            String dtype,
            long bytes,
            int files,
            int edges) {}
}
