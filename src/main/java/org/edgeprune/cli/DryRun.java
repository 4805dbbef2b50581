package org.edgeprune.cli;

import org.edgeprune.prune.PrunePlan;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;

/** What {@code prune --dry-run} prints. */
record DryRun(String model, String task, String data, PrunePlan plan) {
    static DryRun of(PruneSession session, Results results) {
        Pruner.Listener notes = new Pruner.Listener() {
            @Override
            public void noted(String note) {
                results.note(note);
            }
        };
        return new DryRun(
                session.model().name(),
                session.task().fullName(),
                session.data()
                        .map(Object::toString)
                        .orElse("generated, seed " + session.options().seed()),
                PrunePlan.of(session, notes));
    }

    String text() {
        Table table = new Table()
                .row("model", model)
                .row("task", task)
                .row("data", data)
                .row(
                        "graph",
                        "%,d edges between %,d writers and %,d readers%s"
                                .formatted(
                                        plan.edges(),
                                        plan.writers(),
                                        plan.readers(),
                                        plan.positions() == 1
                                                ? ""
                                                : ", masks at %d positions".formatted(plan.positions())))
                .row(
                        "examples",
                        "%,d training, %,d validation, %,d test; at most %d tokens"
                                .formatted(
                                        plan.trainExamples(),
                                        plan.validationExamples(),
                                        plan.testExamples(),
                                        plan.longestPrompt()))
                .row(
                        "training",
                        "%,d steps of %d examples, to edge sparsity %s"
                                .formatted(plan.steps(), plan.batchSize(), plan.edgeSparsity()))
                .row("memory", "%.2f GB at the peak, predicted".formatted(plan.memoryBytes() / 1e9));
        plan.gpus().forEach(gpu -> table.row("  " + gpu.device(), "%.2f GB".formatted(gpu.bytes() / 1e9)));
        return table.row("a step", "%.3f s with no edge removed".formatted(plan.stepSeconds()))
                        .row(
                                "",
                                "%.3f s where the full model is run too (first epoch, fresh data)"
                                        .formatted(plan.firstStepSeconds()))
                        .row(
                                "",
                                plan.forecast()
                                        ? "forecast from steps of some of its layers and of narrow models"
                                        : "measured")
                        .row(
                                "ranking",
                                plan.rankingSeconds() == 0
                                        ? "nothing to be computed"
                                        : "about " + Durations.text(plan.rankingSeconds()) + ", before the first step")
                        .row("the run", "about " + Durations.text(plan.runSeconds()) + ", or less as edges are removed")
                + "\nNothing was written.";
    }
}
