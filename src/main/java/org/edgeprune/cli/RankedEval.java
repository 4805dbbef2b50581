package org.edgeprune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.edgeprune.Version;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.engine.Packing;
import org.edgeprune.engine.Ranks;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.io.Digest;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunInputs;
import org.edgeprune.prune.SameRun;
import org.edgeprune.task.Example;
import org.edgeprune.torch.LibTorch;

/**
 * What the numbers of an evaluation depend on: the ranks compare it before they share the examples.
 *
 * @param reference what means are taken of, and prompts resampled from; {@link ReferencePrompts#NONE} where the
 *     ablation needs none
 */
record RankedEval(LoadedModel model, List<Example> examples, ReferencePrompts reference, Evaluator evaluator) {
    /**
     * Compares the ranks.
     *
     * @param masks the circuit; empty for the full model or for curves
     * @param curves circuits and scores of curves
     * @throws org.edgeprune.io.InputException naming a rank that differs from rank 0
     */
    void requireSame(Optional<MaskValues> masks, Collection<ScoredCircuit> curves) {
        Ranks ranks = evaluator.workers().ranks();
        if (ranks.size() == 1) {
            return; // digests of large models take time
        }
        Execution execution = model.model().execution();
        ObjectNode record = Json.object()
                .put("version", Version.number())
                .put("libtorch", LibTorch.version())
                .put("model_sha256", model.sha256())
                .put("architecture", model.architectureSha256())
                .put("tokenizer", model.tokenizer().sha256())
                .put("examples_sha256", RunInputs.digest(examples))
                .put("circuits_sha256", circuits(masks, curves))
                .put("ablation", evaluator.ablation().kind().name())
                .put("reference_sha256", RunInputs.digest(reference.examples()))
                .put("reference_seed", reference.seed())
                .put("batch_size", evaluator.batchSize())
                .put("micro_batch", execution.microBatchOf(model.model().sizes()))
                .put("threads", LibTorch.threads())
                .put("device", execution.copies().getFirst().kind())
                .put("compute_dtype", execution.dtype().toString());
        SameRun.require(record, ranks);
    }

    private static String circuits(Optional<MaskValues> masks, Collection<ScoredCircuit> curves) {
        Digest digest = Digest.sha256();
        masks.ifPresent(circuit -> {
            add(digest, circuit.edges());
            add(digest, circuit.nodes());
            add(digest, circuit.neurons());
        });
        curves.forEach(curve -> {
            curve.circuit()
                    .ifPresent(circuit -> add(digest, MaskValues.of(circuit).edges()));
            curve.scores().ifPresent(scores -> add(digest, scores.toArray()));
        });
        return digest.hex();
    }

    private static void add(Digest digest, float[] values) {
        digest.update(ByteBuffer.wrap(Packing.FLOATS.pack(values)));
    }
}
