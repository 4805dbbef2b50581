package org.edgeprune.attribute;

import java.util.List;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptLength;

/**
 * What is scored beside edges.
 *
 * @param nodes whether writers are scored: embeddings, heads and MLPs
 * @param neurons whether the neurons of MLPs are scored
 * @param positions whether each edge is scored at each position, of prompts that have equally many
 */
public record ScoreLevels(boolean nodes, boolean neurons, boolean positions) {
    /** Edges alone. */
    public static final ScoreLevels EDGES = new ScoreLevels(false, false, false);

    /**
     * Whether anything is scored beside edges.
     *
     * @return false for edges alone
     */
    public boolean more() {
        return nodes || neurons || positions;
    }

    /**
     * At how many positions edges are scored. Positions mean the same in prompts of one template, which have as many
     * tokens.
     *
     * @param examples the prompts
     * @return tokens of each prompt; 0 where positions are not scored
     * @throws org.edgeprune.io.InputException if positions are to be scored and the prompts differ in length
     */
    public int positionCount(List<Example> examples) {
        return positions ? PromptLength.of("example", examples) : 0;
    }
}
