package org.edgeprune.validate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.Jaccard;

/** How much circuits of one graph have in common. */
final class Agreement {
    /** The name of the mean Jaccard index of all pairs. */
    static final String OVERLAP = "overlap";

    private Agreement() {}

    /**
     * The values of a {@link Check} of a circuit and others, of which there is at least one: how many there are, and
     * the mean Jaccard index of all pairs, of them and of random circuits of their sizes.
     */
    static Map<String, Double> of(Circuit circuit, List<Circuit> others) {
        List<Circuit> all = new ArrayList<>(List.of(circuit));
        all.addAll(others);
        double overlap = 0;
        double chance = 0;
        int pairs = 0;
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < all.size(); j++) {
                int one = all.get(i).size();
                int other = all.get(j).size();
                overlap += Jaccard.of(
                        one, other, all.get(i).intersection(all.get(j)).size());
                chance += Jaccard.of(
                        one, other, (double) one * other / circuit.graph().edgeCount());
                pairs++;
            }
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("circuits", (double) all.size());
        values.put(OVERLAP, overlap / pairs);
        values.put("overlap_by_chance", chance / pairs);
        return values;
    }
}
