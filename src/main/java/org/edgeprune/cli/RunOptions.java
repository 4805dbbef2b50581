package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The options of all commands that prune: model, task, hyper-parameters, intervals and execution. */
final class RunOptions {
    @Mixin
    private ModelOption model;

    @Mixin
    private TaskOptions task;

    @Mixin
    private PruneSettings settings;

    @Mixin
    private PaceOptions pace;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private RecomputeOption recompute;

    @Mixin
    private WarmStartOption warmStart;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** The model's name: the one that was given, otherwise that of an earlier run, otherwise the bundled model's. */
    String modelName(Optional<RunRecord> earlier) {
        return model.name(earlier.map(RunRecord::model).orElse(BundledModel.NAME));
    }

    /** The task's name: the one that was given, otherwise that of an earlier run, otherwise the default. */
    String taskName(Optional<RunRecord> earlier) {
        return task.name(earlier.map(RunRecord::task));
    }

    /** Starts libtorch and opens the model. */
    LoadedModel open(Optional<RunRecord> earlier) {
        String name = modelName(earlier);
        Path directory = ModelOption.directory(name);
        Execution how = recompute.over(
                earlier.isPresent()
                        ? execution.start(earlier.get().threads(), earlier.get().execution())
                        : execution.start(directory));
        LoadedModel opened = LoadedModel.open(name, directory, how);
        opened.model().notes().forEach(command.commandLine().getErr()::println);
        return opened;
    }

    /** The hyper-parameters of {@code preset}, changed by the options that were given. */
    PruneOptions over(PruneOptions preset) {
        try {
            return settings.over(preset);
        } catch (IllegalArgumentException e) {
            throw new InputException("these options cannot be used: " + e.getMessage(), e);
        }
    }

    private PruneOptions fresh(LoadedModel loaded, UnaryOperator<PruneOptions> last) {
        try {
            return settings.fresh(loaded, last);
        } catch (IllegalArgumentException e) {
            throw new InputException("these options cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Refuses masks at each position where edges are compared that have one mask.
     *
     * @param why who refuses, with the reason
     */
    void refusePositions(String why) {
        if (over(PruneOptions.gpt2()).controls().positions()) {
            throw new InputException(why + ", and --positions keeps edges at each position: leave out one of them");
        }
    }

    /** Notes about what is valid but unusual in a session. */
    List<String> notes(PruneSession session) {
        List<String> notes = new ArrayList<>();
        if (!session.model().model().compiled()) {
            settings.coldNote(session.options()).ifPresent(notes::add);
        }
        notes.addAll(settings.notes(session.options()));
        return notes;
    }

    /**
     * A session of pruning.
     *
     * @param earlier a run whose values are used for options that were not given
     * @param last changes the resulting hyper-parameters
     */
    PruneSession session(LoadedModel loaded, Optional<RunRecord> earlier, UnaryOperator<PruneOptions> last) {
        return session(loaded, earlier, last, StartProgress::of);
    }

    /**
     * A session of pruning.
     *
     * @param earlier a run whose values are used for options that were not given
     * @param last changes the resulting hyper-parameters
     * @param starts follows the scores of a name that a warm start computes
     */
    PruneSession session(
            LoadedModel loaded,
            Optional<RunRecord> earlier,
            UnaryOperator<PruneOptions> last,
            Function<String, AttributionSetting.Progress> starts) {
        earlier.filter(run -> settings.published() && !warmStart.given())
                .filter(run -> run.options().controls().warm())
                .ifPresent(run -> {
                    throw new InputException("--published: the run starts from "
                            + run.options().controls().warmStart() + ", which it goes on with: leave --published out");
                });
        PruneOptions hyperParameters = earlier.map(RunRecord::options)
                .map(before -> last.apply(over(before)))
                .orElseGet(() -> fresh(loaded, last));
        PruneSession session = new PruneSession(
                loaded,
                Tasks.named(taskName(earlier)),
                Optional.ofNullable(task.data(earlier.map(RunRecord::data))),
                pace.maxTrainSamples(earlier.map(RunRecord::examples)),
                hyperParameters,
                earlier.map(RunRecord::minimal).map(OptionalDouble::of).orElse(OptionalDouble.empty()),
                pace.pace(earlier.map(RunRecord::cacheBytes).orElse(null)),
                Optional.empty());
        return warmStart.over(session, starts);
    }
}
