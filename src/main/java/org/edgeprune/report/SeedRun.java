package org.edgeprune.report;

import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.RunDirectory;

/**
 * One of several runs that differ in their seeds.
 *
 * @param seed of masks, noise and batches
 * @param directory the run's directory
 * @param circuit what it found
 * @param metrics the circuit's metrics by name, without the full model's and without numbers that describe the graph or
 *     the run
 */
public record SeedRun(long seed, RunDirectory directory, Circuit circuit, Map<String, Double> metrics) {
    /**
     * Reads a run that has ended.
     *
     * @param seed its seed
     * @param run its directory
     * @return its circuit and metrics
     * @throws InputException if it has not ended
     */
    public static SeedRun read(long seed, RunDirectory run) {
        Circuit circuit = Circuit.readWithItsGraph(run.edgesFile())
                .orElseThrow(() -> new InputException(
                        run.edgesFile() + ": edges.graph.json is not beside it: was it removed? Repeat the run"));
        Map<String, Double> metrics = new LinkedHashMap<>(FoundCircuit.metrics(run.metricsFile()));
        metrics.keySet().removeIf(name -> FoundCircuit.NOT_METRICS.contains(name) || name.startsWith("full_model_"));
        return new SeedRun(seed, run, circuit, metrics);
    }

    /**
     * The name of the run's directory.
     *
     * @return such as {@code seed-42}
     */
    public String name() {
        return directory.path().getFileName().toString();
    }
}
