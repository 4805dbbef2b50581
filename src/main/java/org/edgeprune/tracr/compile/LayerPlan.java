package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which blocks share a layer: those of equal depth, where the depth of a block is the longest path to its s-op. If one
 * depth has only heads and the next only MLPs, both share a layer, since a layer computes its heads first.
 */
record LayerPlan(List<List<Block>> layers) {

    static LayerPlan of(Map<ProgramGraph.Node, Block> blocks) {
        Map<Integer, List<Block>> byDepth = new LinkedHashMap<>();
        blocks.forEach((node, block) ->
                byDepth.computeIfAbsent(node.depth(), d -> new ArrayList<>()).add(block));
        List<List<Block>> layers = new ArrayList<>();
        for (int depth : byDepth.keySet().stream().sorted().toList()) {
            List<Block> here = byDepth.get(depth);
            if (!layers.isEmpty()
                    && layers.getLast().stream().allMatch(Block::isHeadOnly)
                    && here.stream().allMatch(Block::isMlpOnly)) {
                layers.getLast().addAll(here);
            } else {
                layers.add(new ArrayList<>(here));
            }
        }
        return new LayerPlan(layers);
    }
}
