package org.edgeprune.report;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.mini.MiniOptions;
import org.edgeprune.mini.MiniTraining;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;

/** A real model directory, small and hardly trained, with prompts for it: runs take a second. */
public final class TinyRun {
    private TinyRun() {}

    /** Two layers of two heads, with the mini model's tokenizer. */
    public static Path model(Path directory) {
        MiniOptions tiny = new MiniOptions(2, 2, 16, 1, 8, 5, 1e-2, 0, 0.1, 0.1);
        new MiniTraining(tiny, Device.CPU, new MiniTraining.Listener() {
                    @Override
                    public void step(int step, double loss) {}

                    @Override
                    public void evaluated(int step, Map<String, Map<String, Double>> metrics) {}
                })
                .run(directory, "");
        return directory;
    }

    /** Few prompts of a task, for that model. */
    public static Path data(String task, Path model, Path directory) {
        try (PromptTokenizer tokenizer = PromptTokenizer.open(model)) {
            Tasks.named(task)
                    .generate(new DataRequest(7, 24, 8, 12, Optional.of(tokenizer), Optional.empty(), Optional.empty()))
                    .records()
                    .write(directory);
        }
        return directory;
    }

    public static PruneOptions options() {
        return PruneOptions.gpt2().withSteps(20).withBatchSize(4).withEdgeSparsity(0.5);
    }
}
