package org.edgeprune.mini;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.edgeprune.model.Execution;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.prune.AdamW;
import org.edgeprune.prune.GradientClipping;
import org.edgeprune.prune.LearningRateSchedule;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.TrainingCorpus;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Trains a small GPT-2, one optimisation step at a time. Owns the model. */
final class MiniTrainer implements AutoCloseable {
    private static final double MAX_GRADIENT_NORM = 1;

    private final MiniOptions options;
    private final TrainableWeights weights;
    private final TransformerModel model;
    private final TrainingCorpus corpus;
    private final Random random;
    private final LearningRateSchedule schedule;
    private final List<Tensor> parameters;
    private final int matrices;
    private final AdamW decayed;
    private final AdamW plain;

    MiniTrainer(MiniOptions options, PromptTokenizer tokenizer, Device device) {
        this.options = options;
        this.weights = new TrainableWeights(new RandomWeights(options.seed()), device);
        this.model =
                TransformerModel.of(Gpt2.decoder(options.config(tokenizer.vocabSize())), weights, Execution.on(device));
        this.corpus = new TrainingCorpus(tokenizer, options.seed());
        this.random = new Random(options.seed());
        this.schedule = new LearningRateSchedule(options.warmupSteps(), options.steps());
        List<Tensor> decays =
                weights.byName().values().stream().filter(t -> t.rank() > 1).toList();
        List<Tensor> others =
                weights.byName().values().stream().filter(t -> t.rank() == 1).toList();
        this.matrices = decays.size();
        this.parameters = Stream.concat(decays.stream(), others.stream()).toList();
        this.decayed = optimizer(decays, options.weightDecay());
        this.plain = optimizer(others, 0);
    }

    private AdamW optimizer(List<Tensor> trained, double weightDecay) {
        return new AdamW(
                trained.stream()
                        .map(t -> new AdamW.Group(t, options.learningRate(), false))
                        .toList(),
                new AdamW.Settings(0.9, 0.98, 1e-8, weightDecay));
    }

    TransformerModel model() {
        return model;
    }

    /** The parameters by their names in a HuggingFace checkpoint. */
    Map<String, Tensor> weights() {
        return weights.byName();
    }

    long parameterCount() {
        return parameters.stream().mapToLong(Tensor::elementCount).sum();
    }

    /**
     * Makes one step on the corpus' next texts.
     *
     * @param step its number from 0, which determines the learning rate
     * @return the loss before the step, in nats
     */
    double step(int step) {
        try (TensorScope _ = TensorScope.open()) {
            List<TrainingCorpus.Text> texts =
                    Stream.generate(corpus::next).limit(options.batchSize()).toList();
            Tensor loss =
                    TextBatch.of(texts, options.contextWeight(), model, random).loss(model);
            List<Tensor> gradients =
                    new ArrayList<>(Autograd.grad(List.of(loss), null, parameters, false, false, false));
            GradientClipping.clip(gradients, MAX_GRADIENT_NORM);
            decayed.step(gradients.subList(0, matrices), schedule.at(step));
            plain.step(gradients.subList(matrices, gradients.size()), schedule.at(step));
            return loss.item();
        }
    }

    @Override
    public void close() {
        decayed.close();
        plain.close();
        model.close();
    }
}
