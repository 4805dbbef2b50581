package org.edgeprune.graph;

import java.util.BitSet;
import java.util.List;

/**
 * Circuits and scores between a model's graph and EAP-IG's graph of the same model.
 *
 * <ul>
 *   <li>{@code input} stands for every embedding node: an edge from it is one edge from each. Position embeddings do
 *       not differ between a prompt and its corrupted partner, so only the first embedding's edges carry its score.
 *   <li>A graph without embedding nodes leaves every {@code input} edge on: in EAP-IG's graph these edges are in the
 *       circuit, and their score is the next float above the largest, so that they come first.
 *   <li>A key or value that g query heads share is g inputs there: a mask of ours moves all of them, so it has the sum
 *       of their scores and is in the circuit if any is; the other way round each has a g-th of the score.
 * </ul>
 *
 * @param model the model's graph
 * @param eapIg EAP-IG's graph of the same model
 */
public record EapIgMapping(ComputationGraph model, EapIgGraph eapIg) {
    /**
     * Checks that both graphs are of one model.
     *
     * @throws IllegalArgumentException if they are not
     */
    public EapIgMapping {
        if (!EapIgGraph.shape(model.shape()).equals(eapIg.graph().shape())) {
            throw new IllegalArgumentException(
                    model.shape() + " and " + eapIg.graph().shape());
        }
    }

    /**
     * The mapping of a model's graph.
     *
     * @param model with or without embedding nodes
     * @return to EAP-IG's graph of it
     */
    public static EapIgMapping of(ComputationGraph model) {
        return new EapIgMapping(model, new EapIgGraph(model.shape()));
    }

    /**
     * A circuit in the model's graph.
     *
     * @param circuit of EAP-IG's graph
     * @return which has a shared key or value if the circuit has it for any query head
     */
    public Circuit toModel(Circuit circuit) {
        BitSet kept = new BitSet(model.edgeCount());
        for (int i = 0; i < model.edgeCount(); i++) {
            Edge edge = model.edge(i);
            Writer writer = theirs(edge.writer());
            kept.set(i, theirs(edge.reader()).stream().anyMatch(reader -> circuit.contains(writer, reader)));
        }
        return Circuit.of(model, kept);
    }

    /**
     * A circuit in EAP-IG's graph.
     *
     * @param circuit of the model's graph
     * @return whose {@code input} edges are those of the first embedding node, or all where embeddings are not nodes
     */
    public Circuit toEapIg(Circuit circuit) {
        ComputationGraph graph = eapIg.graph();
        BitSet kept = new BitSet(graph.edgeCount());
        for (int i = 0; i < graph.edgeCount(); i++) {
            Edge edge = graph.edge(i);
            kept.set(i, isAlwaysOn(edge) || circuit.contains(ours(edge.writer()), ours(edge.reader())));
        }
        return Circuit.of(graph, kept);
    }

    /**
     * Scores in the model's graph.
     *
     * @param scores of EAP-IG's edges, {@code [edges]}
     * @return of the model's edges, {@code [edges]}; 0 for embedding nodes after the first
     */
    public float[] toModel(float[] scores) {
        float[] mapped = new float[model.edgeCount()];
        for (int i = 0; i < mapped.length; i++) {
            Edge edge = model.edge(i);
            if (edge.writer().kind() == Writer.Kind.EMBEDDING && edge.writer().index() > 0) {
                continue;
            }
            Writer writer = theirs(edge.writer());
            double sum = 0;
            for (Reader reader : theirs(edge.reader())) {
                sum += scores[eapIg.graph().edgeIndex(writer, reader)];
            }
            mapped[i] = (float) sum;
        }
        return mapped;
    }

    /**
     * Scores in EAP-IG's graph.
     *
     * @param scores of the model's edges, {@code [edges]}
     * @return of EAP-IG's edges, {@code [edges]}
     */
    public float[] toEapIg(float[] scores) {
        float largest = 0;
        for (float score : scores) {
            largest = Math.max(largest, Math.abs(score));
        }
        ComputationGraph graph = eapIg.graph();
        float[] mapped = new float[graph.edgeCount()];
        for (int i = 0; i < mapped.length; i++) {
            Edge edge = graph.edge(i);
            boolean shared =
                    edge.reader().kind() == Reader.Kind.KEY || edge.reader().kind() == Reader.Kind.VALUE;
            mapped[i] = isAlwaysOn(edge)
                    ? Math.nextUp(largest)
                    : scores[model.edgeIndex(ours(edge.writer()), ours(edge.reader()))] / (shared ? group() : 1);
        }
        return mapped;
    }

    private boolean isAlwaysOn(Edge edge) {
        return edge.writer().kind() == Writer.Kind.EMBEDDING && !model.shape().hasEmbeddings();
    }

    private int group() {
        return model.shape().heads() / model.shape().kvHeads();
    }

    private Writer theirs(Writer ours) {
        return eapIg.graph().writer(ours.kind() == Writer.Kind.EMBEDDING ? "embeds" : ours.name());
    }

    private Writer ours(Writer theirs) {
        return theirs.kind() == Writer.Kind.EMBEDDING ? model.writers().get(0) : model.writer(theirs.name());
    }

    private List<Reader> theirs(Reader ours) {
        int first = eapIg.graph().group(ours.kind(), ours.layer()).firstReader();
        return switch (ours.kind()) {
            case QUERY -> eapIg.graph().readers().subList(first + ours.head(), first + ours.head() + 1);
            case KEY, VALUE ->
                eapIg.graph().readers().subList(first + ours.head() * group(), first + (ours.head() + 1) * group());
            case MLP, RESID_POST -> eapIg.graph().readers().subList(first, first + 1);
        };
    }

    private Reader ours(Reader theirs) {
        int first = model.group(theirs.kind(), theirs.layer()).firstReader();
        return model.readers()
                .get(
                        switch (theirs.kind()) {
                            case QUERY -> first + theirs.head();
                            case KEY, VALUE -> first + theirs.head() / group();
                            case MLP, RESID_POST -> first;
                        });
    }
}
