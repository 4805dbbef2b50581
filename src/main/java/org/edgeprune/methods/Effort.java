package org.edgeprune.methods;

import org.edgeprune.io.InputException;

/**
 * How much work each method may do in a comparison.
 *
 * @param prompts training prompts of every method but those that search
 * @param searchedPrompts training prompts of exact patching and ACDC, which run the model once for each edge
 * @param heldOutPrompts prompts on which all methods are evaluated
 * @param integrationSteps points of EAP-IG (inputs); EAP-IG (activations) has a quarter of them
 * @param mattrSteps steps of the published Matryoshka attribution, of one prompt each; the default one makes three for
 *     each five of these, of eight prompts each
 * @param pruneSteps steps of each run of edge pruning, after those of its ranking
 * @param pruneBatchSize prompts of such a step
 */
public record Effort(
        int prompts,
        int searchedPrompts,
        int heldOutPrompts,
        int integrationSteps,
        int mattrSteps,
        int pruneSteps,
        int pruneBatchSize) {
    /** All methods on three tasks with the bundled model in less than half an hour on two cores. */
    public static final Effort STANDARD = new Effort(50, 10, 100, 20, 500, 100, 16);

    /**
     * Checks the numbers.
     *
     * @throws InputException naming the first that is below 1
     */
    public Effort {
        require("prompts", prompts);
        require("searched prompts", searchedPrompts);
        require("held-out prompts", heldOutPrompts);
        require("steps of integration", integrationSteps);
        require("steps of mattr", mattrSteps);
        require("steps of edge pruning", pruneSteps);
        require("prompts of a step of edge pruning", pruneBatchSize);
    }

    private static void require(String what, int value) {
        if (value < 1) {
            throw new InputException("number of " + what + ": must be at least 1, not " + value);
        }
    }
}
