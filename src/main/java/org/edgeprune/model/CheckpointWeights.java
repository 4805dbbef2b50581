package org.edgeprune.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Parameters from a safetensors checkpoint, mapped without a copy, under whichever names they were saved. */
final class CheckpointWeights implements Weights {
    /** Elements that are looked at together for values that are not finite. */
    private static final long SLICE = 1 << 20;

    private final Checkpoint checkpoint;
    private final CheckpointNames names;
    private final Set<String> wanted;
    private final List<String> notes;
    private final Set<String> finite = ConcurrentHashMap.newKeySet();

    /**
     * Takes ownership of the checkpoint.
     *
     * @param decoder which asks for parameters
     * @param assumed what was assumed in reading the configuration
     * @throws InputException if the checkpoint has tensors whose absence from the model would make it another
     */
    CheckpointWeights(Checkpoint checkpoint, Decoder decoder, List<String> assumed) {
        this.checkpoint = checkpoint;
        this.names = new CheckpointNames(checkpoint.names());
        this.wanted = Blueprint.of(
                        decoder,
                        name -> names.find(name).isPresent()
                                || names.findTied(name, Set.of()).isPresent())
                .shapes()
                .keySet();
        Set<String> used =
                wanted.stream().map(this::find).flatMap(Optional::stream).collect(Collectors.toSet());
        List<String> all = new ArrayList<>(assumed);
        all.addAll(names.unused(checkpoint.toString(), used));
        this.notes = List.copyOf(all);
    }

    private Optional<String> find(String name) {
        return names.find(name).or(() -> names.findTied(name, wanted));
    }

    private String stored(String name) {
        return find(name)
                .orElseThrow(() -> new InputException(
                        checkpoint + ": tensor '" + name + "' is missing: " + names.whyMissing(name)));
    }

    @Override
    public boolean has(String name) {
        return find(name).isPresent();
    }

    /** As transformers 5 does: a tied flag beside two different weights does not count. 4.x ties them nevertheless. */
    @Override
    public boolean apart(String head, String embedding) {
        Optional<String> one = names.find(head);
        Optional<String> other = names.find(embedding);
        if (one.isEmpty() || other.isEmpty() || one.equals(other)) {
            return false;
        }
        if (!Arrays.equals(
                checkpoint.info(one.get()).shape(), checkpoint.info(other.get()).shape())) {
            return true;
        }
        try (TensorScope _ = TensorScope.open()) {
            Tensor difference = checkpoint.tensor(one.get()).sub(checkpoint.tensor(other.get()));
            return difference.abs().gt(0).any().toBooleans()[0];
        }
    }

    @Override
    public Tensor get(String name, long... shape) {
        String stored = stored(name);
        long[] found = checkpoint.info(stored).shape();
        if (!Arrays.equals(found, shape)) {
            String assumed = notes.stream()
                    .filter(note -> note.contains(" states no "))
                    .map(note -> "; " + note)
                    .collect(Collectors.joining());
            throw new InputException(checkpoint + ": tensor '" + stored + "' has shape " + Arrays.toString(found)
                    + ", config.json asks for " + Arrays.toString(shape) + assumed);
        }
        return checkpoint.tensor(stored);
    }

    @Override
    public void requireFinite(String name, Tensor tensor) {
        if (!finite.add(name)) {
            return;
        }
        if (!isFinite(tensor)) {
            throw new InputException(checkpoint + ": tensor '" + stored(name)
                    + "' has values that are NaN or infinite, so that every logit is: choose a checkpoint from before"
                    + " the training diverged");
        }
    }

    /** Slice by slice: what a whole embedding matrix takes for it would stay with the allocator. */
    static boolean isFinite(Tensor tensor) {
        long rows = tensor.rank() == 0 ? 1 : tensor.size(0);
        long rowsOfSlice = Math.max(1, SLICE * rows / Math.max(1, tensor.elementCount()));
        for (long first = 0; first < rows; first += rowsOfSlice) {
            try (TensorScope _ = TensorScope.open()) {
                Tensor slice =
                        tensor.rank() == 0 ? tensor : tensor.narrow(0, first, Math.min(rowsOfSlice, rows - first));
                if (!slice.isFinite().all().toBooleans()[0]) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    /** What all tensors of a checkpoint take in a dtype. */
    static long bytes(Checkpoint checkpoint, DType dtype) {
        return checkpoint.names().stream()
                .mapToLong(name -> checkpoint.info(name).elementCount() * dtype.byteSize())
                .sum();
    }

    /** What copies take in a dtype, of all tensors that are stored in another one. */
    static long bytesUnless(Checkpoint checkpoint, DType dtype) {
        return checkpoint.names().stream()
                .map(checkpoint::info)
                .filter(info -> !info.dtype().tensorType().equals(Optional.of(dtype)))
                .mapToLong(info -> info.elementCount() * dtype.byteSize())
                .sum();
    }

    @Override
    public void prefetch(String name) {
        find(name).ifPresent(checkpoint::prefetch);
    }

    @Override
    public void unload(String name) {
        find(name).ifPresent(checkpoint::unload);
    }

    @Override
    public void requireUnchanged() {
        checkpoint.requireUnchanged();
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
