package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.StepMetrics;
import org.edgeprune.report.EventFile;
import picocli.CommandLine.Option;

/** {@code --tensorboard}: event files of a run while it runs. */
final class TensorBoardOption {
    @Option(
            names = "--tensorboard",
            paramLabel = "DIR",
            description = "Also write the run's measurements to event files of TensorBoard in this directory.")
    private Optional<Path> directory = Optional.empty();

    /** The same for one of several runs, in a directory of its own. */
    TensorBoardOption of(String run) {
        TensorBoardOption one = new TensorBoardOption();
        one.directory = directory.map(path -> path.resolve(run));
        return one;
    }

    /** A run's listener that also writes events, if they are asked for. */
    interface Closing extends Pruner.Listener, AutoCloseable {
        @Override
        void close();
    }

    /** A listener that tells {@code other} all it hears; closing it does not close {@code other}. */
    Closing with(Pruner.Listener other) {
        return new Events(other, directory.map(path -> new EventFile(path, now())));
    }

    private static double now() {
        return System.currentTimeMillis() / 1e3;
    }

    private record Events(Pruner.Listener other, Optional<EventFile> file) implements Closing {
        @Override
        public void noted(String note) {
            other.noted(note);
        }

        @Override
        public void ranking() {
            other.ranking();
        }

        @Override
        public void started(int firstStep, int steps) {
            other.started(firstStep, steps);
        }

        @Override
        public void stepped(StepMetrics m) {
            other.stepped(m);
            Map<String, Double> values = new LinkedHashMap<>();
            values.put("train/loss", m.loss());
            values.put("train/kl", m.kl());
            values.put("train/edge_sparsity", m.edgeSparsity());
            values.put("train/edge_target", m.edgeTarget());
            values.put("train/node_sparsity", m.nodeSparsity());
            values.put("train/node_target", m.nodeTarget());
            values.put("train/grad_norm", m.gradNorm());
            values.put("train/learning_rate_factor", m.learningRateFactor());
            file.ifPresent(events -> events.scalars(now(), m.step(), values));
        }

        @Override
        public void evaluated(int step, MaskValues binary, Map<String, Double> metrics) {
            other.evaluated(step, binary, metrics);
            Map<String, Double> values = new LinkedHashMap<>();
            values.put(binary.byPosition() ? "validation/num_edge_positions" : "validation/num_edges", (double)
                    binary.kept().cardinality());
            metrics.forEach((name, value) -> values.put("validation/" + name, value));
            file.ifPresent(events -> events.scalars(now(), step, values));
        }

        @Override
        public void close() {
            file.ifPresent(EventFile::close);
        }
    }
}
