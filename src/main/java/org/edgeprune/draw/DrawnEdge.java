package org.edgeprune.draw;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.graph.EdgesFile;
import org.edgeprune.io.InputException;

/**
 * An edge to draw, by the names of its ends.
 *
 * @param writer {@code tok_embeds}, {@code pos_embeds}, {@code token_embeds}, {@code embeds}, {@code a3.h7} or
 *     {@code m3}
 * @param reader {@code a3.h7.q}, {@code a3.h7.k}, {@code a3.h7.v}, {@code m3} or {@code resid_post}
 * @param strength the edge's score: its log_alpha, the score of an attribution, or its mask; {@link Double#NaN} if
 *     unknown
 */
public record DrawnEdge(String writer, String reader, double strength) {
    /**
     * An edge without a mask value.
     *
     * @param writer the writer's name
     * @param reader the reader's name
     */
    public DrawnEdge(String writer, String reader) {
        this(writer, reader, Double.NaN);
    }

    /**
     * Reads an {@code edges.json} without its model: a list of {@code [writer, reader]} pairs, or of {@code [writer,
     * reader, mask]} triples.
     *
     * @param file the file
     * @return the edges, in the order of the file
     * @throws InputException naming the file and the entry if it has another form, a name is unknown, or a writer is
     *     computed after its reader
     */
    public static List<DrawnEdge> read(Path file) {
        List<DrawnEdge> edges = new ArrayList<>();
        EdgesFile.read(file, entry -> {
            DrawnEdge edge =
                    new DrawnEdge(entry.writer(), entry.reader(), entry.mask().orElse(Double.NaN));
            edge.ends();
            edges.add(edge);
        });
        return edges;
    }

    /** Both ends as nodes, writer first. */
    List<DrawnNode> ends() {
        DrawnNode from = DrawnNode.parse(writer, NodeType::isWriter, "writer");
        DrawnNode to = DrawnNode.parse(reader, NodeType::isReader, "reader");
        if (from.rank() >= to.rank()) {
            throw new InputException(
                    writer + " is computed after the input of " + reader + ", so this edge cannot exist");
        }
        return List.of(from, to);
    }
}
