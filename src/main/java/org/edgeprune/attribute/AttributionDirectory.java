package org.edgeprune.attribute;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.safetensors.SafeTensorsFile;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The files of an attribution.
 *
 * <ul>
 *   <li>{@code run.json}: what the scores are made from ({@link AttributionRecord})
 *   <li>{@code scores.safetensors}: the scores ({@link EdgeScores})
 *   <li>{@code edges.json}: the circuit, where the method finds one ({@link Acdc})
 *   <li>{@code partial.safetensors}: what exact patching, a search or a training has so far, until it is done, to
 *       resume from
 * </ul>
 *
 * All are replaced atomically. Whoever writes holds the directory's {@link org.edgeprune.io.FolderLock}.
 *
 * @param path the folder
 */
public record AttributionDirectory(Path path) {
    /** The names of the files that are read where an attribution is continued. */
    public static final List<String> READ = List.of("run.json", "scores.safetensors", "partial.safetensors");

    private static final String SUMS = "sums";
    private static final String LOSSES = "losses";
    private static final String DONE = "done";

    /**
     * Where the record is.
     *
     * @return {@code run.json}
     */
    public Path runFile() {
        return path.resolve("run.json");
    }

    /**
     * Where the scores are.
     *
     * @return {@code scores.safetensors}
     */
    public Path scoresFile() {
        return path.resolve("scores.safetensors");
    }

    Path partialFile() {
        return path.resolve("partial.safetensors");
    }

    /**
     * Refuses a folder with files that are not this attribution's, and one that holds some already unless it is to be
     * continued.
     *
     * @param resume whether it is to be continued
     * @throws InputException naming what is there
     */
    public void requireUsable(boolean resume) {
        List<Path> files = Folders.visible(path);
        if (files.isEmpty()) {
            return;
        }
        if (!Files.exists(runFile())) {
            throw new InputException(path + ": holds files but no attribution, such as "
                    + files.getFirst().getFileName() + ": choose another --out, or an empty folder");
        }
        if (!resume) {
            throw new InputException(
                    path + ": holds a run already: continue it with --resume, or choose another --out");
        }
    }

    /**
     * Writes {@code run.json}.
     *
     * @param record what scores are made from
     */
    public void write(AttributionRecord record) {
        Json.write(runFile(), Json.SNAKE_CASE.tree(record));
    }

    /**
     * Whether a record is there.
     *
     * @return whether an attribution was begun
     */
    public boolean holdsRecord() {
        return Files.exists(runFile());
    }

    /**
     * Reads {@code run.json}.
     *
     * @return what scores are made from
     * @throws InputException if it is no record of an attribution
     */
    public AttributionRecord readRecord() {
        JsonNode tree = Json.read(runFile(), path + " is not the folder of an attribution");
        if (!AttributionRecord.COMMAND.equals(tree.path("command").asText())) {
            throw new InputException(runFile() + ": is of no attribution: name a folder of edgeprune attribute");
        }
        return Json.SNAKE_CASE.value(runFile().toString(), tree, AttributionRecord.class, "is it of an attribution?");
    }

    /**
     * The state of exact patching that a run left behind, or that of a run that begins.
     *
     * @param patching what is run
     * @param record what scores are made from
     * @param everySeconds how often the state is written
     * @return the state, which writes itself
     * @throws InputException if the file is damaged, or of another run
     */
    public ExactState exactState(ExactPatching patching, AttributionRecord record, double everySeconds) {
        Pace pace = new Pace(everySeconds);
        ExactState.Keeper keeper = state -> {
            if (pace.isDue()) {
                keep(state, record);
            }
        };
        return read(record, file -> new ExactState(file.tensor(SUMS).toDoubles(), number(file, DONE), keeper))
                .orElseGet(() -> new ExactState(new double[patching.sums()], 0, keeper));
    }

    /**
     * The losses that a search left behind, or none where it begins.
     *
     * @param record what the circuit is made from
     * @param everySeconds how often the journal is written
     * @return the journal, which writes itself
     * @throws InputException if the file is damaged, or of another run
     */
    public LossJournal lossJournal(AttributionRecord record, double everySeconds) {
        Pace pace = new Pace(everySeconds);
        LossJournal.Keeper keeper = journal -> {
            if (pace.isDue()) {
                double[] losses = journal.losses();
                try (TensorScope _ = TensorScope.open()) {
                    keep(record, Map.of(LOSSES, Tensor.of(losses, losses.length)), losses.length);
                }
            }
        };
        return read(record, file -> new LossJournal(file.tensor(LOSSES).toDoubles(), keeper))
                .orElseGet(() -> new LossJournal(new double[0], keeper));
    }

    /** Says when some seconds have passed since it last said so. */
    private static final class Pace {
        private final double seconds;
        private long last = System.nanoTime();

        Pace(double seconds) {
            this.seconds = seconds;
        }

        boolean isDue() {
            boolean due = (System.nanoTime() - last) / 1e9 >= seconds;
            last = due ? System.nanoTime() : last;
            return due;
        }
    }

    private void keep(ExactState state, AttributionRecord record) {
        double[] sums = state.sums();
        try (TensorScope _ = TensorScope.open()) {
            keep(record, Map.of(SUMS, Tensor.of(sums, sums.length)), state.done());
        }
    }

    /**
     * Where a training keeps its state.
     *
     * @param record what scores are made from
     * @param every steps between two states; 0 for none
     * @return the file that is there until scores are written
     */
    public KeptState trainingState(AttributionRecord record, int every) {
        return new KeptState(partialFile(), record.identity(), every);
    }

    private void keep(AttributionRecord record, Map<String, Tensor> tensors, long done) {
        partial(record).write(tensors, Map.of(DONE, Long.toString(done)));
    }

    private <T> Optional<T> read(AttributionRecord record, Function<SafeTensorsFile, T> reader) {
        return partial(record).read(reader);
    }

    /** What exact patching or a search has so far. */
    private KeptState partial(AttributionRecord record) {
        return new KeptState(partialFile(), record.identity(), 0);
    }

    private static long number(SafeTensorsFile file, String name) {
        return Long.parseLong(file.metadata().get(name));
    }

    /**
     * Writes a circuit.
     *
     * @param circuit what was found
     * @param name of the file
     */
    public void write(Circuit circuit, String name) {
        circuit.write(path.resolve(name));
    }

    /**
     * Writes the scores, after which nothing is left to resume.
     *
     * @param scores the result
     */
    public void write(LevelScores scores) {
        scores.write(scoresFile());
        new KeptState(partialFile(), "", 0).remove();
    }
}
