package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.edgeprune.attribute.MibSubmission;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.io.InputException;
import org.edgeprune.model.ModelSizes;

/**
 * {@code --format mib} and {@code mib-circuits}: a directory of a submission, written or checked.
 *
 * @param submission the directory
 * @param results where to say what it holds
 */
record MibOutput(MibSubmission submission, Results results) {
    /** What a check found. */
    private record Result(String directory, int files, boolean wholeSubmission) {}

    /** Writes the scores of all edges, or nine circuits, then checks them. */
    void write(ScoredCircuit scored, boolean circuits, Path input, ModelSizes sizes, Ranking ranking) {
        if (scored.scores().isEmpty()) {
            throw new InputException(input + ": has no scores, which a submission is made of: name a"
                    + " scores.safetensors, a graph file of EAP-IG, or the directory of a run");
        }
        EapIgFile file = new ScoredCircuit(Optional.empty(), scored.scores()).toEapIg(sizes.graph(), sizes.hidden());
        if (circuits) {
            submission.writeCircuits(file, ranking);
        } else {
            submission.writeScores(file);
        }
        results.note(text(submission.check()));
        submission.lacking().ifPresent(results::note);
    }

    /** Checks a directory that is there. */
    void check() {
        int files = submission.check();
        Optional<String> lacking = submission.lacking();
        lacking.ifPresent(results::note);
        results.print(new Result(submission.folder().toString(), files, lacking.isEmpty()), () -> text(files));
    }

    private String text(int files) {
        return submission.folder() + ": " + (files == 1 ? "a file of scores that keeps" : files + " circuits that keep")
                + " to the track's rules";
    }
}
