package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.convert.Converter;
import org.edgeprune.hub.Hub;
import org.edgeprune.hub.HubSettings;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune convert}: a HuggingFace model directory from a checkpoint in another format. */
@Command(
        name = "convert",
        description = {
            "Convert PyTorch's pickle files or a GGUF file to a HuggingFace model directory.",
            "The directory has config.json, safetensors and the tokenizer. Pickles are read without executing code in them;",
            "quantised weights become floating-point numbers."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune convert path/to/model -o out/model              pytorch_model.bin and config.json",
            "  edgeprune convert roneneldan/TinyStories-1M -o out/tiny   the same, downloaded from the Hub",
            "  edgeprune convert model-Q4_1.gguf --dtype bf16 -o out/model"
        })
final class ConvertCommand implements Callable<Integer> {
    private static final long MEGABYTE = 1_000_000;

    @Parameters(
            paramLabel = "SOURCE",
            description = "A directory with pytorch_model.bin or a GGUF file, or such a file; or a name on the Hub"
                    + " such as roneneldan/TinyStories-1M, whose pickles are downloaded.")
    private String source;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Directory of the new model; it must not exist or be empty.")
    private Path out;

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            description = "f32, bf16 or f16 for all weights (default: unchanged; quantised weights become f32).")
    private Optional<DType> dtype = Optional.empty();

    @Mixin
    private ShardOption shard;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR",
            description = "Directory of tokenizer files to copy in place of the source's own.")
    private Optional<Path> tokenizer = Optional.empty();

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Converter.Options options = new Converter.Options(dtype, shard.bytes(), tokenizer);
        Converter.Result made;
        try (LazyProgress progress = new LazyProgress()) {
            made = Converter.convert(located(), out, options, progress::at);
        }
        made.notes().forEach(note -> results.note("edgeprune: " + note));
        Result result = new Result(
                source,
                out.toString(),
                made.format(),
                made.tensors(),
                made.parameters(),
                made.bytes(),
                made.files(),
                made.notes());
        results.print(result, () -> "%s: %,d tensors of %,d parameters from %s, %,.1f MB, with %s"
                .formatted(
                        out,
                        made.tensors(),
                        made.parameters(),
                        made.format(),
                        made.bytes() / 1e6,
                        String.join(", ", made.files())));
        return 0;
    }

    private Path located() {
        Path path = Path.of(source);
        int at = source.indexOf('@');
        String repository = at < 0 ? source : source.substring(0, at);
        if (Files.exists(path) || !repository.contains("/") || !Hub.isName(repository)) {
            return path;
        }
        AtomicDirectory.requireNew(out);
        String revision = at < 0 ? Hub.MAIN : source.substring(at + 1);
        try (DownloadProgress progress = new DownloadProgress()) {
            return new Hub(HubSettings.fromEnvironment())
                    .downloadPickles(repository, revision, progress)
                    .directory();
        } catch (InputException e) {
            throw new InputException(source + ": no such file or directory; on the Hub: " + e.getMessage(), e);
        }
    }

    /** Progress whose total is known only after the source has been opened. */
    private final class LazyProgress implements AutoCloseable {
        private Progress progress;

        void at(long total, long done) {
            if (progress == null) {
                progress = new Progress("convert", "MB", total / MEGABYTE);
            }
            progress.at(done / MEGABYTE, out::toString);
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
            }
        }
    }

    private record Result(
            String source,
            String out,
            String format,
            int tensors,
            long parameters,
            long bytes,
            List<String> files,
            List<String> notes) {}
}
