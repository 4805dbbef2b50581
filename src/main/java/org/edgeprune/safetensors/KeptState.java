package org.edgeprune.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * A file with what a computation has so far, from which it goes on after an interruption. It has a digest of its
 * contents, and names the computation that it belongs to. It is replaced atomically.
 *
 * @param file the file, which is there while the computation is under way
 * @param identity what the computation is made from, such as a digest of its inputs and options
 * @param every how many steps of the computation lie between two states; 0 for no states
 */
public record KeptState(Path file, String identity, int every) {
    private static final String IDENTITY = "run";

    /**
     * Whether the state is to be kept.
     *
     * @param steps that were made, from 0 on
     * @return whether a multiple of {@link #every} were; false if no states are kept
     */
    public boolean isDue(int steps) {
        return every > 0 && steps % every == 0;
    }

    /**
     * Replaces the state.
     *
     * @param tensors of the state
     * @param metadata of the state
     */
    public void write(Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, String> all = new HashMap<>(metadata);
        all.put(IDENTITY, identity);
        SafeTensorsWriter.writeWithDigest(file, tensors, all);
    }

    /**
     * Reads the state that an interrupted computation left behind.
     *
     * @param reader makes the state of the file
     * @param <T> the state
     * @return the state; empty if there is no file
     * @throws InputException if the file is damaged, or belongs to another computation
     */
    public <T> Optional<T> read(Function<SafeTensorsFile, T> reader) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (SafeTensorsFile tensors = SafeTensorsFile.open(file);
                TensorScope _ = TensorScope.open()) {
            requireDigest(tensors);
            if (!identity.equals(tensors.metadata().get(IDENTITY))) {
                throw new Complaint(file).about("belongs to another run", "choose another --out");
            }
            return Optional.of(reader.apply(tensors));
        }
    }

    private void requireDigest(SafeTensorsFile tensors) {
        try {
            tensors.requireDigest();
        } catch (InputException e) {
            InputException damaged = new Complaint(file)
                    .about("is damaged: it is not what the digest in its header says", "remove it to begin anew");
            damaged.initCause(e);
            throw damaged;
        }
    }

    /**
     * Removes the state, which is of no use once the computation is done.
     *
     * @throws InputException if it cannot be removed
     */
    public void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be removed: " + Complaint.reason(e) + ": remove it by hand", e);
        }
    }
}
