package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * A run of the full model with its backward down to what each reader sees.
 *
 * <p>With L a loss and in_r what reader r sees, the backward gives {@code g_r = dL / d in_r}: since in the full model
 * every reader sees the same stream x, {@code dL/dx} before a block is dL/dx behind it plus the sum of g_r over the
 * block's readers. Blocks run under autograd by themselves, so that one block's inputs are in memory at a time unless
 * they are kept.
 */
public final class ReaderPass {
    private final FullRun run;
    private final Optional<Tensor> scored;
    private final List<Step> steps;
    private final boolean constantEmbeddings;
    private final Tensor finalResidual;

    /** What takes gradients, block by block, from the last to the first. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes the gradients of some readers that see the same writers.
         *
         * @param first group of the first reader; the others follow it
         * @param gradients dL / d in_r, {@code [readers, tokens, hidden]}, contiguous; freed after the call
         */
        void accept(ReaderGroup first, Tensor gradients);

        /**
         * Takes the gradient of an MLP's neurons, if the run was made for them.
         *
         * @param layer the MLP's layer
         * @param gradients dL / d activation, {@code [tokens, inner]}, on the MLP's device; freed after the call
         */
        default void acceptNeurons(int layer, Tensor gradients) {}
    }

    /**
     * A block that ran.
     *
     * @param stream what its readers saw
     * @param run what it computed; empty where it is to be computed again
     */
    private record Step(FullBlock block, Tensor stream, Optional<Recorded> run) {}

    /**
     * A block's computation under autograd.
     *
     * @param inputs what each reader sees, {@code [readers, tokens, hidden]}
     * @param output what its writers add together, {@code [tokens, hidden]}
     * @param neurons of an MLP, {@code [tokens, inner]}, where their gradient is wanted
     */
    private record Recorded(Tensor inputs, Tensor output, Optional<Tensor> neurons) {
        static Recorded of(FullBlock block, Tensor stream) {
            Tensor inputs = stream.detach()
                    .unsqueeze(0)
                    .expand(block.readers(), stream.size(0), stream.size(1))
                    .requiresGrad_(true);
            try (GradMode _ = GradMode.enabled()) {
                FullBlock.Computed computed = block.compute(inputs);
                return new Recorded(inputs, computed.output(), computed.neurons());
            }
        }

        List<Tensor> tensors() {
            return Stream.concat(Stream.of(inputs, output), neurons.stream()).toList();
        }
    }

    private ReaderPass(
            FullRun run, Optional<Tensor> scored, List<Step> steps, boolean constantEmbeddings, Tensor finalResidual) {
        this.run = run;
        this.scored = scored;
        this.steps = steps;
        this.constantEmbeddings = constantEmbeddings;
        this.finalResidual = finalResidual;
    }

    static ReaderPass forward(FullRun run, GradientPoint point, Tensor scored, boolean kept) {
        TensorScope outer = TensorScope.open();
        try (outer;
                GradMode _ = GradMode.disabled()) {
            double share =
                    switch (point) {
                        case GradientPoint.Embeddings embeddings -> embeddings.share();
                        case GradientPoint.ConstantEmbeddings embeddings -> embeddings.share();
                        case GradientPoint.Output output -> 1;
                    };
            int replaced = run.replaced(point);
            // Up to the first block that sees something else than in the clean run, the clean run's streams stand.
            boolean clean = share == 1;
            Tensor stream = clean ? run.stream(0) : run.embedded(share);
            List<Step> steps = new ArrayList<>();
            List<FullBlock> blocks = run.blocks();
            for (int layer = 0; layer < blocks.size() / 2; layer++) {
                TensorScope scope = TensorScope.open();
                try (scope) {
                    Tensor before = stream;
                    for (int b = 2 * layer; b < 2 * layer + 2; b++) {
                        FullBlock block = blocks.get(b);
                        Tensor seen = run.graph().shape().parallelBlocks() ? before : stream;
                        Tensor added;
                        if (b == replaced) {
                            added = run.replacement(point).orElseThrow();
                            clean = false;
                        } else if (clean) {
                            added = run.output(b, 1);
                            steps.add(new Step(block, seen, Optional.empty()));
                        } else if (kept) {
                            Recorded recorded = Recorded.of(block, seen);
                            added = recorded.output().detach();
                            recorded.tensors().forEach(tensor -> {
                                scope.keep(tensor);
                                outer.keep(tensor);
                            });
                            steps.add(new Step(block, seen, Optional.of(recorded)));
                        } else {
                            added = block.output(seen);
                            steps.add(new Step(block, seen, Optional.empty()));
                        }
                        stream = stream.add(added);
                        scope.keep(stream);
                    }
                }
            }
            steps.forEach(step -> outer.keep(step.stream()));
            Tensor end = stream;
            Tensor last = Optional.ofNullable(scored)
                    .map(tokens -> end.indexSelect(0, tokens))
                    .orElse(end)
                    .detach()
                    .requiresGrad_(true);
            return new ReaderPass(
                    run,
                    Optional.ofNullable(scored),
                    steps,
                    point instanceof GradientPoint.ConstantEmbeddings,
                    outer.keep(last));
        }
    }

    /**
     * What {@code resid_post} reads at the scored tokens; requires gradients, so that a loss on the logits can be
     * differentiated down to it.
     *
     * @return {@code [scored, hidden]}
     */
    public Tensor finalResidual() {
        return finalResidual;
    }

    /**
     * Carries a gradient back to every reader. May be called once.
     *
     * @param gradient of the loss with respect to {@link #finalResidual()}, {@code [scored, hidden]}
     * @param sink takes the readers' gradients
     */
    public void backward(Tensor gradient, Sink sink) {
        TensorScope outer = TensorScope.open();
        try (outer;
                GradMode _ = GradMode.disabled()) {
            Tensor flowing = scored.map(tokens -> Tensor.zeros(
                                    gradient.dtype(),
                                    gradient.device(),
                                    run.batch().tokenCount(),
                                    gradient.size(1))
                            .indexAdd_(0, tokens, gradient))
                    .orElse(gradient)
                    .contiguous();
            sink.accept(run.graph().group(Reader.Kind.RESID_POST, 0), flowing.unsqueeze(0));
            while (!steps.isEmpty()) {
                TensorScope scope = TensorScope.open();
                try (scope) {
                    flowing = scope.keep(layer(flowing, sink));
                }
            }
        }
    }

    /** The gradient before the last layer of which a block is left. */
    private Tensor layer(Tensor behind, Sink sink) {
        Tensor flowing = behind;
        int layer = steps.getLast().block().firstGroup().layer();
        boolean parallel = run.graph().shape().parallelBlocks();
        while (!steps.isEmpty() && steps.getLast().block().firstGroup().layer() == layer) {
            Step step = steps.removeLast();
            TensorScope scope = TensorScope.open();
            try (scope) {
                Recorded recorded = step.run().orElseGet(() -> Recorded.of(step.block(), step.stream()));
                List<Tensor> gradients = Autograd.grad(
                        List.of(recorded.output()),
                        List.of(parallel ? behind : flowing),
                        Stream.concat(Stream.of(recorded.inputs()), recorded.neurons().stream())
                                .toList(),
                        false,
                        false,
                        false);
                Tensor toInputs = gradients.getFirst().contiguous();
                if (recorded.neurons().isPresent()) {
                    sink.acceptNeurons(layer, gradients.get(1));
                }
                boolean unseen =
                        constantEmbeddings && seesOnlyTokens(step.block().firstGroup());
                if (!unseen) {
                    sink.accept(step.block().firstGroup(), toInputs);
                }
                flowing = scope.keep(flowing.add(toInputs.sum(0)));
                recorded.tensors().forEach(Tensor::close);
            }
        }
        return flowing;
    }

    /** Of two embeddings only the tokens' are set: the positions' stay, and readers of both have a gradient. */
    private boolean seesOnlyTokens(ReaderGroup group) {
        return group.visibleWriters() == 1 && run.graph().shape().embeddings().size() == 1;
    }
}
